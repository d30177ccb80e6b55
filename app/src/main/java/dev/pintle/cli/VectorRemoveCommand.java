package dev.pintle.cli;

import dev.pintle.steering.files.VectorLibrary;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle vector remove}. */
@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = "Removes the names of saved vectors. Their files are kept, and their paths printed.")
final class VectorRemoveCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "NAME", description = "Names to remove.")
    private List<String> names = new ArrayList<>();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        VectorLibrary library = Session.library(Objects.requireNonNull(spec)).vectors();
        names.forEach(library::requireNamed);
        for (String name : names) {
            Path file = library.remove(name);
            out.println(name + " is removed; its file is kept: " + file);
        }
        return 0;
    }
}
