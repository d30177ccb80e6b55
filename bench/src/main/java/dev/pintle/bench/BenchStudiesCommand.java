package dev.pintle.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.cli.ProgressLine;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.studies.Studies;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudyRunner;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import dev.pintle.study.StudySubject;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench studies}. */
@Command(
        name = "studies",
        mixinStandardHelpOptions = true,
        description = "Every study, with an autoencoder of random weights: time of each, and peak memory.")
final class BenchStudiesCommand implements Callable<Integer> {
    private static final int PREFIXES = 30;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--latents",
            defaultValue = "65536",
            paramLabel = "N",
            description = "Latents of the autoencoder. Default: ${DEFAULT-VALUE}.")
    private int latents = 65_536;

    @Option(
            names = "--max-new-tokens",
            defaultValue = "8",
            paramLabel = "N",
            description = "Longest answer. Default: ${DEFAULT-VALUE}.")
    private int maxNewTokens = 8;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path folder = Files.createTempDirectory("pintle-bench-studies");
        try (LanguageModel loaded = model.load()) {
            int layer = Math.min(19, loaded.config().nLayers() - 2);
            Path file = folder.resolve("random-l" + layer + ".pth");
            SaeBench.writeRandom(file, loaded.config().dModel(), latents);
            try (SparseAutoencoder sae = SparseAutoencoder.load(file, loaded.device(), loaded.dtype())
                    .at(HookPoint.residPost(layer))) {
                StudySubject subject = new StudySubject(loaded, sae, wanted -> Map.of(), settings(), folder);
                Map<String, StudyStage<?>> found = new StudyRunner(subject)
                        .run(Studies.ALL, new Forgetful(), ProgressLine.of(Objects.requireNonNull(spec)));
                out.printf(
                        "%s, %s on %s, %d latents at layer %d%n",
                        loaded.id(), loaded.dtype(), loaded.device(), latents, layer);
                out.println("| study | s |\n| --- | ---: |");
                found.forEach((name, stage) -> out.printf(Locale.ROOT, "| %s | %.1f |%n", name, stage.seconds()));
                out.printf(
                        Locale.ROOT,
                        "| all | %.1f |%n",
                        found.values().stream().mapToDouble(StudyStage::seconds).sum());
                ResidentMemory.peak()
                        .ifPresent(peak -> out.printf(Locale.ROOT, "peak resident memory: %.2f GB%n", peak / 1e9));
            }
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
        return 0;
    }

    private StudySettings settings() {
        ObjectNode embedded = StudyPresets.embedded(ModelFolders.embedded(), "pirate");
        ObjectNode few = JsonNodeFactory.instance.objectNode();
        few.put("max_new_tokens", maxNewTokens);
        embedded.withArray("prefixes").forEach(prefix -> {
            if (few.withArray("prefixes").size() < PREFIXES) {
                few.withArray("prefixes").add(prefix);
            }
        });
        List.of("Tell me about the whale.", "Hello, how are you?").forEach(few.putArray("questions")::add);
        few.putArray("strengths").add(0.5).add(1.0);
        return StudyPresets.settings(StudyPresets.common(), embedded, few);
    }

    /** Keeps nothing: every study is run. */
    private static final class Forgetful implements StudyRunner.Stages {
        @Override
        public Optional<byte[]> find(String name) {
            return Optional.empty();
        }

        @Override
        public void keep(String name, byte[] json) {
            // what is measured is the work, not the disk
        }
    }
}
