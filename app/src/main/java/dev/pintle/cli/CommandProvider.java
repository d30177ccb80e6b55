package dev.pintle.cli;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * A command that another jar adds to {@code pintle}, found on the class path with {@link ServiceLoader}: name the class in
 * {@code META-INF/services/dev.pintle.cli.CommandProvider}.
 */
public interface CommandProvider {
    /** The command's name under {@code pintle}. */
    String name();

    /** A new instance of the command, annotated for picocli. */
    Object command();

    /** Declares what the command's options require and exclude, with {@link OptionRules#of}. */
    void rules();

    /** All providers on the class path, plus a stand-in for each command of ours whose jar is missing. */
    static List<CommandProvider> all() {
        List<CommandProvider> found =
                ServiceLoader.load(CommandProvider.class, CommandProvider.class.getClassLoader()).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList();
        Stream<MissingCommand> missing = MissingCommand.ALL.stream()
                .filter(one ->
                        found.stream().noneMatch(provider -> provider.name().equals(one.name())));
        return Stream.concat(found.stream(), missing).toList();
    }
}
