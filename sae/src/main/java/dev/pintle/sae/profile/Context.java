package dev.pintle.sae.profile;

/**
 * A place where a latent fired, with the tokens around it.
 *
 * @param ids the tokens
 * @param activations of the latent, one a token; 0 where it was silent or the token does not count
 * @param peak index of the token with the largest
 * @param document number of the text in the collection, from 0
 */
public record Context(int[] ids, float[] activations, int peak, long document) {
    /** The largest activation. */
    public float max() {
        return activations[peak];
    }
}
