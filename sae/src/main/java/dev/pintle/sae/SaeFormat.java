package dev.pintle.sae;

import java.util.List;

/** A layout that autoencoders are published in. One class a format; each knows its own files by what is in them. */
interface SaeFormat {
    /** All that are known. A file is of the first that recognises it. */
    List<SaeFormat> ALL = List.of(
            new DictionaryLearningFormat(),
            new LlamaScopeFormat(),
            new SparsifyFormat(),
            new GemmaScope2Format(),
            new GemmaScopeFormat(),
            new SaeLensFormat(),
            new GoodfireFormat());

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
