package dev.pintle.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle help}. */
@Command(name = "help", mixinStandardHelpOptions = true, description = "Shows the help of a command.")
final class HelpCommand implements Callable<Integer> {
    @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "Command, such as generate or vector fit.")
    private List<String> names = new ArrayList<>();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine own = Objects.requireNonNull(spec).commandLine();
        CommandLine shown = Objects.requireNonNull(spec).root().commandLine();
        for (String name : names) {
            CommandLine child = shown.getSubcommands().get(name);
            if (child == null) {
                throw new ParameterException(
                        own,
                        UsageProblem.noCommand(name, shown),
                        new CommandLine.UnmatchedArgumentException(shown, List.of(name)));
            }
            shown = child;
        }
        shown.usage(own.getOut());
        return 0;
    }
}
