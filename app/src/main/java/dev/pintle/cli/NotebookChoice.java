package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.notebook.build.NotebookSource;
import dev.pintle.notebook.build.Places;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Parameters;

/** The notebooks that a command works on. */
final class NotebookChoice {
    @Parameters(
            arity = "0..*",
            paramLabel = "NAME",
            description = "A notebook that comes with Pintle, such as quick-start, or a source file (default: all that"
                    + " come with Pintle).")
    private List<String> names = new ArrayList<>();

    /** Reads the named sources, or all that come with Pintle. */
    List<NotebookSource> sources() {
        List<Path> files = names.isEmpty()
                ? NotebookSource.in(Places.notebooks())
                : names.stream().map(Places::source).toList();
        if (files.isEmpty()) {
            throw Problem.of("There are no notebooks.")
                    .fact("looked in", Places.notebooks())
                    .toException();
        }
        return files.stream().map(NotebookSource::read).toList();
    }
}
