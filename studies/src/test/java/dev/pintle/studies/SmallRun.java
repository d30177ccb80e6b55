package dev.pintle.studies;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.study.RunManifest;
import dev.pintle.study.RunPage;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudyRunner;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import dev.pintle.study.StudySubject;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Every study on the embedded model, with few prompts and short answers; run once for all tests. */
final class SmallRun {
    private static @Nullable RunPage page;

    private SmallRun() {}

    static synchronized RunPage page() {
        RunPage known = page;
        if (known == null) {
            known = run();
            page = known;
        }
        return known;
    }

    private static RunPage run() {
        ObjectNode few = StudyPresets.embedded(Golden.parley(), "pirate");
        ArrayNode prefixes = few.putArray("prefixes");
        List.of("The whale", "I", "Well,", "The capital of").forEach(prefixes::add);
        few.putArray("questions").add("Tell me about the whale.").add("What is the capital of Japan?");
        few.putArray("strengths").add(0.45).add(1.4);
        few.put("max_new_tokens", 16);
        StudySettings settings = StudyPresets.settings(StudyPresets.common(), few);
        LatentLabels labels = LatentLabels.read(Golden.parley().resolve("labels.jsonl"));
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
                SparseAutoencoder sae =
                        SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU)) {
            Path folder = Files.createTempDirectory("small-run");
            StudySubject subject = new StudySubject(
                    model,
                    sae,
                    wanted -> {
                        Map<Integer, String> found = new LinkedHashMap<>();
                        wanted.forEach(latent -> labels.label(latent).ifPresent(label -> found.put(latent, label)));
                        return found;
                    },
                    settings,
                    folder);
            StudyRunner.Stages nothing = new StudyRunner.Stages() {
                @Override
                public Optional<byte[]> find(String name) {
                    return Optional.empty();
                }

                @Override
                public void keep(String name, byte[] json) {}
            };
            Map<String, StudyStage<?>> stages = new StudyRunner(subject).run(Studies.all(), nothing, Progress.SILENT);
            return new RunPage(RunManifest.of(model, sae), settings, List.copyOf(stages.values()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
