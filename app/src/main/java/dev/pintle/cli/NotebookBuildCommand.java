package dev.pintle.cli;

import dev.pintle.base.AtomicFile;
import dev.pintle.notebook.build.NotebookFile;
import dev.pintle.notebook.build.NotebookRun;
import dev.pintle.notebook.build.NotebookRunner;
import dev.pintle.notebook.build.NotebookSource;
import dev.pintle.notebook.build.Places;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle notebook build}. */
@Command(
        name = "build",
        mixinStandardHelpOptions = true,
        description = {
            "Builds .ipynb files from Java sources: runs every cell and stores its output.",
            "Sources are in jupytext's percent format: // %% starts a code cell, // %% [markdown] a text cell."
        })
final class NotebookBuildCommand implements Callable<Integer> {
    @Mixin
    private NotebookChoice notebooks = new NotebookChoice();

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Folder for the .ipynb files (default: that of Pintle's own notebooks).")
    private @Nullable Path folder;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path target = folder == null ? Places.notebooks() : folder;
        OutputFile.requireFolder(target); // before minutes of running
        for (NotebookSource source : notebooks.sources()) {
            NotebookRun run = NotebookRunner.run(source, cell -> {});
            NotebookRunCommand.require(run);
            Path file = target.resolve(source.name() + ".ipynb");
            AtomicFile.writeText(file, NotebookFile.json(run));
            out.println(NotebookRunCommand.checks(run) + "; written to " + file);
            out.flush();
        }
        return 0;
    }
}
