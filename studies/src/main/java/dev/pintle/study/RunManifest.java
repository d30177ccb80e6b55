package dev.pintle.study;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.pintle.model.Fingerprint;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.ModelHashes;
import dev.pintle.tensor.Engine;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What produced the numbers of a run. Written and read by {@link StudyJson} as one flat JSON object, keys in snake case.
 *
 * @param pintle version of Pintle, and a fingerprint of its own code
 * @param hookPoint where the autoencoder reads, and where vectors are fitted and added
 */
public record RunManifest(
        String pintle,
        // names that are never written, since Jackson would take the keys "model" and "autoencoder" for these records
        @JsonProperty("_model") @JsonUnwrapped Model model,
        @JsonProperty("_autoencoder") @JsonUnwrapped Autoencoder autoencoder,
        String hookPoint,
        @JsonUnwrapped Machine machine,
        @JsonUnwrapped Generation generation) {
    /**
     * The model.
     *
     * @param revision of its repository, or a fingerprint of its files
     * @param tokenizer SHA-256 of its tokenizer
     * @param template SHA-256 of its chat template
     * @param dtype of weights and residual stream
     */
    public record Model(
            @JsonProperty("model") String name,
            @JsonProperty("model_revision") String revision,
            String tokenizer,
            String template,
            String dtype) {}

    /**
     * The autoencoder.
     *
     * @param format of its files
     * @param revision fingerprint of its files
     * @param dtype of its matrices
     */
    public record Autoencoder(
            @JsonProperty("autoencoder") String name,
            @JsonProperty("autoencoder_format") String format,
            @JsonProperty("autoencoder_revision") String revision,
            @JsonProperty("autoencoder_dtype") String dtype) {}

    /**
     * Where it ran.
     *
     * @param engine libtorch's version and vector instructions
     * @param threads that an operation may use
     * @param java version of the Java runtime
     */
    public record Machine(String device, String engine, int threads, String java) {}

    /**
     * How text was generated.
     *
     * @param seed of every draw
     */
    public record Generation(String decoding, long seed) {}

    private static final Generation GREEDY = new Generation("greedy", 42);

    /** The manifest of a run on a model and an autoencoder that knows where it reads. */
    public static RunManifest of(LanguageModel model, SparseAutoencoder sae) {
        ModelHashes hashes = ModelHashes.of(model);
        return new RunManifest(
                code(),
                new Model(
                        model.id().name(),
                        model.id().revision(),
                        hashes.tokenizer(),
                        hashes.template(),
                        model.dtype().toString()),
                new Autoencoder(
                        sae.name(),
                        sae.origin().format(),
                        Fingerprint.ofContent(sae.origin().path()),
                        sae.dtype().toString()),
                sae.place().toString(),
                new Machine(
                        model.device().toString(),
                        "libtorch " + Engine.version() + ", " + Engine.cpuCapability(),
                        Engine.threads(),
                        System.getProperty("java.version")),
                GREEDY);
    }

    /** Version of Pintle; "development" outside its jar. */
    public static String version() {
        String version = RunManifest.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** The version with a fingerprint of Pintle's jars, which tells two builds of one version apart. */
    private static String code() {
        List<Path> jars = Arrays.stream(
                        System.getProperty("java.class.path", "").split(File.pathSeparator, -1))
                .map(Path::of)
                .filter(entry -> String.valueOf(entry.getFileName()).matches("pintle-.*\\.jar"))
                .filter(Files::isRegularFile)
                .sorted()
                .toList();
        return jars.isEmpty() ? version() : version() + ", " + Fingerprint.ofFiles(jars);
    }
}
