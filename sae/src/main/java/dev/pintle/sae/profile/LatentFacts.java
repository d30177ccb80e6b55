package dev.pintle.sae.profile;

import java.util.List;

/**
 * What is known of one latent from a collection of texts.
 *
 * @param latent index
 * @param label made from the rest; empty where it never fired
 * @param explained whether the label was written by a language model
 * @param fires on how many tokens
 * @param density the same as a share of all tokens
 * @param mean activation where it fires; 0 where it never does
 * @param max largest activation
 * @param histogram of activations above 0, bins without any at both ends left out
 * @param tokens it fires on, most telling first
 * @param contexts strongest first
 * @param quantiles contexts at quantiles of the activations above 0, the highest first
 * @param promoted tokens whose logits its decoder row raises most
 * @param suppressed tokens whose logits it lowers most
 * @param nearest latents whose decoder rows point the same way
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

    /** How many activations lie from {@code from} up to {@code to}. */
    public record Bin(double from, double to, int count) {}

    /**
     * A token that the latent fires on.
     *
     * @param share of the sum of all its activations
     * @param mean activation over every occurrence of the token, silent ones among them
     */
    public record TopToken(String text, double share, double mean) {}

    /**
     * A context.
     *
     * @param pieces the tokens' text
     * @param activations one a piece
     * @param peak index of the largest
     * @param document number of the text in the collection, from 0
     */
    public record Shown(List<String> pieces, List<Double> activations, int peak, long document) {}

    /**
     * A context that was drawn from those in which the latent fires about as strongly as at a quantile of its activations.
     *
     * @param quantile from 0 to 1
     * @param context the activation at its peak is the one; others in it may be larger
     */
    public record AtQuantile(double quantile, Shown context) {}

    /** A token and what one unit along the decoder row adds to its logit. */
    public record Effect(String token, double logit) {}

    /** Another latent and the cosine of both decoder rows. */
    public record Neighbour(int latent, double cosine) {}
}
