package dev.pintle.cli;

import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import dev.pintle.report.SteeringReport;
import dev.pintle.sae.LatentLabels;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.VectorFiles;
import dev.pintle.study.SteeringFindings;
import dev.pintle.study.SteeringFindings.Answer;
import dev.pintle.study.SteeringFindings.LabelledTerm;
import dev.pintle.study.SteeringFindings.Parts;
import dev.pintle.study.SteeringStudy;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle demo}: the main job, start to end, on the model that travels with Pintle. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Steers the embedded model into a style, takes the vectors apart, and writes a page that shows it.")
final class DemoCommand implements Callable<Integer> {
    private static final HookPoint AT = HookPoint.residPost(3);
    private static final int PREFIXES = 60;
    private static final List<Double> STRENGTHS = List.of(0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.4, 2.0);
    private static final List<String> QUESTIONS = List.of(
            "Tell me about the whale.",
            "What is the capital of Japan?",
            "Hello, how are you?",
            "What is the spoon made of?",
            "What do you know about honey?",
            "What does the tailor do?");

    @Option(
            names = "--style",
            defaultValue = "pirate",
            paramLabel = "STYLE",
            description = "Style to steer toward (default: ${DEFAULT-VALUE}).")
    private String style = "pirate";

    @Option(
            names = "--out",
            defaultValue = "pintle-demo/index.html",
            paramLabel = "FILE",
            description = "Where to write the page (default: ${DEFAULT-VALUE}).")
    private Path page = Path.of("pintle-demo", "index.html");

    @Option(names = "--json", description = "Print the numbers as JSON instead of the account.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        Path folder = ModelFolders.find(ModelFolders.EMBEDDED);
        SteeringStudy.Settings settings = settings(folder);
        try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, Device.CPU, DType.FP32);
                SparseAutoencoder sae = SparseAutoencoder.load(folder.resolve("parley-7m-sae-l3.pth"), Device.CPU)) {
            LatentLabels labels = LatentLabels.read(folder.resolve("labels.jsonl"));
            if (!json) {
                out.printf(
                        "Steering %s to %s, at %s%n%n",
                        model.id().name(), settings.style().ask(), AT);
            }
            SteeringFindings findings = new SteeringStudy(model, sae, labels, settings)
                    .run(new ProgressLine(
                            err, Session.of(Objects.requireNonNull(spec)).terminal()));
            SteeringReport report = new SteeringReport(findings);
            report.write(page);
            findings.vectors()
                    .forEach(fitted -> VectorFiles.write(
                            fitted.vector(),
                            page.toAbsolutePath()
                                    .resolveSibling(style + "-"
                                            + fitted.vector().origin().method() + ".safetensors")));
            if (json) {
                out.println(report.json());
            } else {
                account(out, findings, report);
                out.printf("%nThe whole story: %s%n", page.toAbsolutePath());
            }
            return 0;
        }
    }

    private SteeringStudy.Settings settings(Path folder) {
        Map<String, StyleMarker> styles = StyleMarker.read(folder.resolve("styles.json"));
        StyleMarker wanted = styles.get(style);
        if (wanted == null) {
            throw Problem.of("The embedded model was not taught that style.")
                    .fact("but was", style)
                    .fact("choose", String.join(", ", styles.keySet()))
                    .toIllegalArgument();
        }
        return new SteeringStudy.Settings(
                wanted,
                AT,
                "The assistant should " + wanted.ask() + ".",
                "The assistant should act normally.",
                JsonLists.strings(folder.resolve("prefixes.json")).subList(0, PREFIXES),
                QUESTIONS,
                STRENGTHS,
                48);
    }

    private void account(PrintWriter out, SteeringFindings findings, SteeringReport report) {
        String method = report.best().method();
        String question = findings.settings().questions().get(0);
        out.printf("%n%s  (%s vector, strength in activation norms)%n", question, method);
        for (Answer answer : findings.answers()) {
            if (answer.method().equals(method) && answer.question().equals(question)) {
                out.printf(
                        Locale.ROOT,
                        "  %4.2f  %s%s%n",
                        answer.strength(),
                        clip(answer.text(), 96),
                        answer.loops() ? "  [loops]" : "");
            }
        }
        Parts parts = findings.parts().stream()
                .filter(p -> p.method().equals(method))
                .findFirst()
                .orElseThrow();
        out.printf(
                Locale.ROOT,
                "%nTaken apart at length 1: %d latents, error %.0f%%, of which the decoder's bias alone is %.0f%% of v̂%n",
                parts.plain().active(),
                100 * parts.plain().relativeError(),
                100 * parts.plain().biasShare());
        out.printf(
                Locale.ROOT,
                "Taken apart at the activation norm: %d latents, error %.0f%%%n",
                parts.scaled().active(),
                100 * parts.scaled().relativeError());
        for (LabelledTerm term :
                parts.scaled().top().subList(0, Math.min(6, parts.scaled().top().size()))) {
            out.printf(Locale.ROOT, "  %5d  %6.2f  %s%n", term.latent(), term.activation(), term.label());
        }
        out.println();
        report.sentences().forEach(sentence -> out.println("- " + sentence));
    }

    private static String clip(String text, int width) {
        String line = text.replace("\n", " ");
        return line.length() <= width ? line : line.substring(0, width - 1) + "…";
    }
}
