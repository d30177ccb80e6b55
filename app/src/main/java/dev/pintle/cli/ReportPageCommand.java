package dev.pintle.cli;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Problem;
import dev.pintle.figure.Figure;
import dev.pintle.figure.Theme;
import dev.pintle.report.Chapter;
import dev.pintle.run.StoredRun;
import dev.pintle.studies.Studies;
import dev.pintle.study.RunPage;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle report page}. */
@Command(
        name = "page",
        mixinStandardHelpOptions = true,
        description = {
            "Regenerates the page of a run from its saved numbers, finished or not, and writes its figures to files.",
            "The run itself is not changed."
        })
final class ReportPageCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "RUN",
            description = "Id of a run, or part of one (default: the newest finished run).")
    private String id = "";

    @Option(names = "--out", paramLabel = "FILE", description = "File to write the page to.")
    private @Nullable Path out;

    @Option(
            names = "--figures",
            paramLabel = "DIR",
            description = "Folder to write every figure to, as SVG and PNG, light and dark.")
    private @Nullable Path figures;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (out == null && figures == null) {
            throw Problem.of("There is nothing to write.")
                    .fact("expected", "--out FILE for the page, --figures DIR for the figures, or both")
                    .toIllegalArgument();
        }
        StoredRun run = ReportCommand.runs(spec).find(id);
        if (run.stages().isEmpty()) {
            throw Problem.of("No study of the run has finished, so there is nothing to show.")
                    .fact("run", run.id())
                    .toException();
        }
        RunPage page = RunPage.of(run, Studies.all());
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        if (out != null) {
            AtomicFile.writeText(out, page.html());
            print.println(out.toAbsolutePath());
        }
        if (figures != null) {
            int count = write(page.chapters(), figures);
            print.printf("%d figures, each as SVG and PNG, light and dark: %s%n", count, figures.toAbsolutePath());
        }
        return 0;
    }

    private static int write(List<Chapter> chapters, Path folder) {
        int count = 0;
        for (Chapter chapter : chapters) {
            int number = 1;
            for (Figure figure : chapter.figures()) {
                String name = String.format(Locale.ROOT, "%s-%02d-%s", chapter.name(), number++, slug(figure.title()));
                for (Theme theme : Theme.values()) {
                    String themed = name + "-" + theme.name().toLowerCase(Locale.ROOT);
                    figure.write(folder.resolve(themed + ".svg"), theme);
                    figure.write(folder.resolve(themed + ".png"), theme);
                }
                count++;
            }
        }
        return count;
    }

    private static String slug(String title) {
        String words =
                title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        return words.length() <= 40 ? words : words.substring(0, 40).replaceAll("-[^-]*$", "");
    }
}
