package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.studies.Studies;
import dev.pintle.study.RecordedRun;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudySettings;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle demo}: every study on the embedded model. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Runs every study on the embedded model: steers it into a style, decomposes the vectors, checks the claims of"
                    + " the original research, and writes a report.",
            "Ctrl-C is safe at any time; the same command resumes at the interrupted study."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--style",
            defaultValue = "pirate",
            paramLabel = "STYLE",
            description = "Style to steer toward (default: ${DEFAULT-VALUE}).")
    private String style = "pirate";

    @Mixin
    private StudyOutput output = new StudyOutput();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Path folder = ModelFolders.embedded();
        StudySettings settings = StudyPresets.settings(StudyPresets.common(), StudyPresets.embedded(folder, style));
        LatentLabels labels = LatentLabels.read(folder.resolve("labels.jsonl"));
        output.check(Objects.requireNonNull(spec));
        try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, Device.CPU, DType.FP32);
                SparseAutoencoder sae = SparseAutoencoder.load(folder.resolve("parley-7m-sae-l3.pth"), Device.CPU)) {
            output.run(
                    Objects.requireNonNull(spec),
                    "demo",
                    new RecordedRun.On(model, sae, latents -> {
                        Map<Integer, String> found = new LinkedHashMap<>();
                        latents.forEach(latent -> labels.label(latent).ifPresent(label -> found.put(latent, label)));
                        return found;
                    }),
                    settings,
                    Studies.ALL);
            return 0;
        }
    }
}
