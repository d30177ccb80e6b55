package dev.pintle.study;

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
 * What produced the numbers of a run.
 *
 * @param pintle version of Pintle, and a fingerprint of its own code
 * @param model its name
 * @param modelRevision revision, or a fingerprint of its files
 * @param tokenizer SHA-256 of the model's tokenizer
 * @param template SHA-256 of the model's chat template
 * @param autoencoder its name
 * @param autoencoderFormat format of its files
 * @param autoencoderRevision fingerprint of its files
 * @param hookPoint where
 * @param dtype of the model's weights and residual stream
 * @param autoencoderDtype of the autoencoder's matrices
 * @param device where it ran
 * @param engine libtorch's version and vector instructions
 * @param threads threads an operation may use
 * @param java version of the Java runtime
 * @param decoding how text was generated
 * @param seed of every draw
 */
public record RunManifest(
        String pintle,
        String model,
        String modelRevision,
        String tokenizer,
        String template,
        String autoencoder,
        String autoencoderFormat,
        String autoencoderRevision,
        String hookPoint,
        String dtype,
        String autoencoderDtype,
        String device,
        String engine,
        int threads,
        String java,
        String decoding,
        long seed) {
    private static final long SEED = 42;

    /** The manifest of a run on a model and an autoencoder that knows where it reads. */
    public static RunManifest of(LanguageModel model, SparseAutoencoder sae) {
        ModelHashes hashes = ModelHashes.of(model);
        return new RunManifest(
                code(),
                model.id().name(),
                model.id().revision(),
                hashes.tokenizer(),
                hashes.template(),
                sae.name(),
                sae.origin().format(),
                Fingerprint.ofContent(sae.origin().path()),
                sae.place().toString(),
                model.dtype().toString(),
                sae.dtype().toString(),
                model.device().toString(),
                "libtorch " + Engine.version() + ", " + Engine.cpuCapability(),
                Engine.threads(),
                System.getProperty("java.version"),
                "greedy",
                SEED);
    }

    /** Version of Pintle; "development" outside its jar. */
    public static String version() {
        String version = RunManifest.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** The version with a fingerprint of Pintle's jars, by which two states of one version are told apart. */
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
