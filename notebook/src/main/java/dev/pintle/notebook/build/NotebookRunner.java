package dev.pintle.notebook.build;

import dev.pintle.base.Problem;
import dev.pintle.notebook.Checks;
import dev.pintle.notebook.Output;
import dev.pintle.notebook.Rendered;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.VarSnippet;

/**
 * Runs a notebook's cells in order by JShell, in this process and with its class path: no Jupyter, no second Java. One notebook
 * runs at a time, since what cells show and print goes through this process's own places for it.
 */
public final class NotebookRunner {
    private static final Object ONE_AT_A_TIME = new Object();

    /** Where the cells' output goes while one runs, in the order in which they made it. */
    private static final class Kept implements Output {
        private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        private final Map<Object, RunCell.Shown> shown = new LinkedHashMap<>();

        private synchronized void takePrinted() {
            if (printed.size() > 0) {
                shown.put(new Object(), new RunCell.Lines(printed.toString(StandardCharsets.UTF_8)));
                printed.reset();
            }
        }

        @Override
        public synchronized void show(Rendered value) {
            takePrinted();
            shown.put(new Object(), new RunCell.Value(value));
        }

        @Override
        public synchronized void update(String id, Rendered value) {
            takePrinted();
            shown.put(id, new RunCell.Value(value)); // a known place keeps its position
        }

        @Override
        public void settle(String id, Rendered value) {
            update(id, value);
        }

        private synchronized List<RunCell.Shown> take() {
            takePrinted();
            List<RunCell.Shown> all = List.copyOf(shown.values());
            shown.clear();
            return all;
        }
    }

    private NotebookRunner() {}

    /**
     * Runs a notebook until its end or its first failure.
     *
     * @param listener is told of each cell once it has run
     * @throws dev.pintle.base.PintleException if this Java has no JShell
     */
    public static NotebookRun run(NotebookSource source, Consumer<RunCell> listener) {
        if (ModuleLayer.boot().findModule("jdk.jshell").isEmpty()) {
            throw Problem.of("This Java cannot run notebooks: it comes without JShell.")
                    .fact("found", System.getProperty("java.home"))
                    .fact("try", "a JDK, version 17 or newer")
                    .toException();
        }
        synchronized (ONE_AT_A_TIME) {
            Kept kept = new Kept();
            PrintStream before = System.out;
            Output.to(kept);
            Checks.clear();
            System.setOut(new PrintStream(kept.printed, true, StandardCharsets.UTF_8));
            try (JShell shell = JShell.builder()
                    .executionEngine("local")
                    .compilerOptions("--class-path", System.getProperty("java.class.path"), "-proc:none")
                    .build()) {
                return run(source, shell, kept, listener);
            } finally {
                System.setOut(before);
                Output.to(Output.PLAIN);
            }
        }
    }

    private static NotebookRun run(NotebookSource source, JShell shell, Kept kept, Consumer<RunCell> listener) {
        List<RunCell> cells = new ArrayList<>();
        for (Cell cell : source.cells()) {
            Optional<String> problem = cell.runs() ? evaluate(shell, cell.text()) : Optional.empty();
            RunCell ran = new RunCell(cell, kept.take());
            cells.add(ran);
            listener.accept(ran);
            if (problem.isPresent()) {
                return new NotebookRun(
                        source, cells, Checks.all(), Optional.of(new NotebookRun.Failure(cell, problem.get())));
            }
        }
        return new NotebookRun(source, cells, Checks.all(), Optional.empty());
    }

    /** Runs a cell; what went wrong, if something did. */
    private static Optional<String> evaluate(JShell shell, String code) {
        SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
        String left = code;
        Optional<Snippet> last = Optional.empty();
        while (!left.isBlank()) {
            SourceCodeAnalysis.CompletionInfo next = analysis.analyzeCompletion(left);
            if (!next.completeness().isComplete()) {
                return Optional.of("The cell ends within a statement:\n" + left.strip());
            }
            for (SnippetEvent event : shell.eval(next.source())) {
                Optional<String> problem = problem(shell, event);
                if (problem.isPresent()) {
                    return problem;
                }
                if (event.causeSnippet() == null) {
                    last = Optional.of(event.snippet());
                }
            }
            left = next.remaining();
        }
        return last.flatMap(snippet -> showValue(shell, snippet));
    }

    private static Optional<String> problem(JShell shell, SnippetEvent event) {
        if (event.exception() != null) {
            return Optional.of(words(event.exception()));
        }
        boolean refused = event.status() == Snippet.Status.REJECTED
                || event.status() == Snippet.Status.RECOVERABLE_NOT_DEFINED
                || event.status() == Snippet.Status.RECOVERABLE_DEFINED;
        if (!refused) {
            return Optional.empty();
        }
        StringBuilder text = new StringBuilder();
        shell.diagnostics(event.snippet())
                .filter(Diag::isError)
                .forEach(diag -> text.append(diag.getMessage(Locale.ROOT)).append('\n'));
        return Optional.of(
                text.append("in: ").append(event.snippet().source().strip()).toString());
    }

    private static String words(JShellException exception) {
        Throwable cause = exception;
        while (cause.getCause() instanceof JShellException inner) {
            cause = inner;
        }
        String message = String.valueOf(cause.getMessage());
        return cause instanceof EvalException known
                        && !known.getExceptionClassName().startsWith("dev.pintle.")
                ? known.getExceptionClassName() + ": " + message
                : message;
    }

    /** What a cell's last line returns is shown, as a kernel does. */
    private static Optional<String> showValue(JShell shell, Snippet last) {
        if (last instanceof VarSnippet variable && variable.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND) {
            return evaluate(shell, "dev.pintle.notebook.Nb.show(" + variable.name() + ");");
        }
        return Optional.empty();
    }
}
