package dev.pintle.bench;

import dev.pintle.base.JsonLists;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench styles}. */
@Command(
        name = "styles",
        mixinStandardHelpOptions = true,
        description = "How well each method steers the embedded model toward its thirteen styles; a few minutes.")
final class BenchStylesCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--layer", defaultValue = "3", paramLabel = "L", description = "Block to read and steer.")
    private int layer = 3;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path folder = ModelFolders.embedded();
        try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, Device.CPU, DType.FP32)) {
            out.println("| method | strength | answers in style | that loop | each style at its best |");
            out.println("| --- | ---: | ---: | ---: | ---: |");
            new StyleBench(
                            model,
                            HookPoint.residPost(layer),
                            StyleMarker.read(folder.resolve("styles.json")).values(),
                            JsonLists.strings(folder.resolve("prefixes.json")))
                    .run(score -> {
                        out.printf(
                                Locale.ROOT,
                                "| %s | %.1f | %.0f%% | %.0f%% | %.0f%% |%n",
                                score.method(),
                                score.strength(),
                                100 * score.shows(),
                                100 * score.loops(),
                                100 * score.bestEach());
                        out.flush();
                    });
        }
        return 0;
    }
}
