package dev.pintle.sae.profile;

import java.util.List;

/**
 * What a profile knows about one latent.
 *
 * @param latent index
 * @param label a language model's, or derived from the other facts; empty if it never fired
 * @param explained whether the label was written by a language model
 * @param fires number of tokens it fires on
 * @param density the same as a fraction of all tokens
 * @param mean mean activation where it fires; 0 if it never does
 * @param max largest activation
 * @param histogram of activations above 0, without empty bins at either end
 * @param tokens that it fires on, most telling first
 * @param contexts strongest first
 * @param quantiles contexts at quantiles of the activations above 0, highest first
 * @param promoted tokens whose logits its decoder row raises most
 * @param suppressed tokens whose logits it lowers most
 * @param nearest latents with the most similar decoder rows
 */
public record LatentFacts(
        int latent,
        String label,
        boolean explained,
        long fires,
        double density,
        double mean,
        double max,
        List<Bin> histogram,
        List<TopToken> tokens,
        List<Shown> contexts,
        List<AtQuantile> quantiles,
        List<Effect> promoted,
        List<Effect> suppressed,
        List<Neighbour> nearest) {

    /** Number of activations between {@code from} and {@code to}. */
    public record Bin(double from, double to, long count) {}

    /**
     * A token that the latent fires on.
     *
     * @param share of the sum of all the latent's activations
     * @param mean mean activation over all occurrences of the token, inactive ones included
     */
    public record TopToken(String text, double share, double mean) {}

    /**
     * A context.
     *
     * @param pieces the tokens' text
     * @param activations one per piece
     * @param peak index of the token that the context is about
     * @param document 0-based number of the text in the collection
     */
    public record Shown(List<String> pieces, List<Double> activations, int peak, long document) {}

    /**
     * A context drawn at random from those in which the latent fires about as strongly as at a quantile of its
     * activations.
     *
     * @param quantile from 0 to 1
     * @param context the quantile refers to the activation at its peak; others in it may be larger
     */
    public record AtQuantile(double quantile, Shown context) {}

    /** A token, and what one unit of the latent adds to its logit. */
    public record Effect(String token, double logit) {}

    /** Another latent, and the cosine of the two decoder rows. */
    public record Neighbour(int latent, double cosine) {}
}
