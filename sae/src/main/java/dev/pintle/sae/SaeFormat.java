package dev.pintle.sae;

/**
 * A layout that autoencoders are published in. One class a format; each knows its own files by what is in them.
 *
 * <p>Formats of other jars are found through {@link java.util.ServiceLoader}: a public class with a constructor without
 * arguments, named in {@code META-INF/services/dev.pintle.sae.SaeFormat}. Everything that loads an autoencoder reads them.
 */
public interface SaeFormat {
    /** Name for people. */
    String name();

    /** What its files hold, for those whose files are not recognised. */
    String layout();

    /** Whether files have this layout, by names of tensors and keys of the configuration. */
    boolean recognises(SaeFiles files);

    /**
     * Reads recognised files; tensors are in the current scope.
     *
     * @throws dev.pintle.base.PintleException if something in them is missing, left over or not understood
     */
    Draft read(SaeFiles files);

    /**
     * What was read.
     *
     * @param origin what the files say about the autoencoder
     * @param weights what it computes with
     */
    record Draft(SaeOrigin origin, Weights weights) {}
}
