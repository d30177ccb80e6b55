package dev.pintle.study;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.Engine;

/**
 * What produced the numbers of a study.
 *
 * @param pintle version of Pintle
 * @param model name and revision
 * @param autoencoder file name and content hash
 * @param hookPoint where
 * @param dtype of weights and residual stream
 * @param device where it ran
 * @param engine libtorch's version and vector instructions
 * @param threads threads an operation may use
 * @param java version of the Java runtime
 * @param decoding how text was generated
 */
public record RunManifest(
        String pintle,
        String model,
        String autoencoder,
        String hookPoint,
        String dtype,
        String device,
        String engine,
        int threads,
        String java,
        String decoding) {
    static RunManifest of(LanguageModel model, SparseAutoencoder sae, HookPoint at) {
        return new RunManifest(
                version(),
                model.id().toString(),
                sae.name(),
                at.toString(),
                model.dtype().toString(),
                model.device().toString(),
                "libtorch " + Engine.version() + ", " + Engine.cpuCapability(),
                Engine.threads(),
                System.getProperty("java.version"),
                "greedy");
    }

    /** Version of Pintle; "development" outside its jar. */
    public static String version() {
        String version = RunManifest.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
