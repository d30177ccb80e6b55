package dev.pintle.sae.profile;

import java.util.Comparator;

/**
 * A token on which a latent fired, with the tokens around it.
 *
 * @param ids the tokens
 * @param activations of the latent, one per token; 0 where it was inactive or the token does not count
 * @param peak index of the token that the context is about
 * @param document 0-based number of the text in the collection
 * @param position of the peak in its text, in tokens from 0; -1 in profiles by earlier versions
 */
public record Context(int[] ids, float[] activations, int peak, long document, int position) {
    /** Strongest first; among equals, the one that comes first in the collection. */
    static final Comparator<Context> STRONGEST = Comparator.comparingDouble((Context context) -> -context.max())
            .thenComparingLong(Context::document)
            .thenComparingInt(Context::position);

    /** The activation at the peak. */
    public float max() {
        return activations[peak];
    }
}
