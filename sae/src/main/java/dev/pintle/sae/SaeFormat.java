package dev.pintle.sae;

/**
 * A file format that autoencoders are published in. There is one class per format, which recognises its files by
 * content.
 *
 * <p>Formats in other jars are found through {@link java.util.ServiceLoader}: a public class with a no-argument
 * constructor, named in {@code META-INF/services/dev.pintle.sae.SaeFormat}. They work everywhere an autoencoder is
 * loaded.
 */
public interface SaeFormat {
    /** Display name. */
    String name();

    /** The files and tensors it expects, for the error message when files are not recognised. */
    String layout();

    /** Whether files have this format, judged by tensor names and configuration keys. */
    boolean recognises(SaeFiles files);

    /**
     * Reads recognised files; tensors are in the current scope.
     *
     * @throws dev.pintle.base.PintleException if something in them is missing, unused or not understood
     */
    Draft read(SaeFiles files);

    /**
     * What was read.
     *
     * @param origin what the files say about the autoencoder
     * @param weights its parameters
     */
    record Draft(SaeOrigin origin, Weights weights) {}
}
