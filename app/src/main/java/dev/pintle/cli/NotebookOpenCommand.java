package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.notebook.build.Jupyter;
import dev.pintle.notebook.build.Places;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle notebook open}. */
@Command(
        name = "open",
        mixinStandardHelpOptions = true,
        description = "Installs Pintle's kernel and opens notebooks in Jupyter, or says what is missing.")
final class NotebookOpenCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "One of Pintle's own, such as quick-start, or an .ipynb file (default: the folder of all).")
    private @Nullable String name;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Path what = name == null ? Places.notebooks() : file(name);
        Jupyter jupyter = Jupyter.ofThisUser();
        List<String> command = jupyter.opening(what);
        NotebookInstallCommand.install(jupyter.dataFolder());
        Objects.requireNonNull(spec).commandLine().getOut().println("Starting " + String.join(" ", command));
        Objects.requireNonNull(spec).commandLine().getOut().flush();
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw Problem.of("Jupyter does not start.")
                    .fact("command", String.join(" ", command))
                    .fact("cause", e)
                    .toException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private static Path file(String name) {
        Path given = Path.of(name);
        if (Files.isRegularFile(given) && name.endsWith(".ipynb")) {
            return given;
        }
        Path source = Places.source(name);
        return source.resolveSibling(String.valueOf(source.getFileName()).replaceFirst("\\.java$", ".ipynb"));
    }
}
