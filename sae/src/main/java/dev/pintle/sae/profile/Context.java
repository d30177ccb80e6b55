package dev.pintle.sae.profile;

/**
 * A token on which a latent fired, with the tokens around it.
 *
 * @param ids the tokens
 * @param activations of the latent, one per token; 0 where it was inactive or the token does not count
 * @param peak index of the token that the context is about
 * @param document 0-based number of the text in the collection
 */
public record Context(int[] ids, float[] activations, int peak, long document) {
    /** The activation at the peak. */
    public float max() {
        return activations[peak];
    }
}
