package dev.pintle.study;

/**
 * One generated text with its scores.
 *
 * @param how what was done to the model, in words; "unsteered" for nothing
 * @param coefficient factor on what was added
 * @param strength how long that is beside a typical activation, in activation norms; NaN where it is not known
 * @param question user turn
 * @param text the answer
 * @param ids its tokens
 * @param ended whether the model ended it
 * @param shows whether the concept's marker is in it and it does not loop; false where there is no marker
 * @param loops whether it loops
 * @param repetition share of three-word runs that stood in it before
 * @param perplexity under the unsteered model; NaN for an empty text
 * @param divergence KL from the unsteered model over the unsteered model's own answer, nats per token; NaN where numbers overflowed
 * @param broken why the answer was cut short, where numbers overflowed; otherwise empty
 */
public record SteeredText(
        String how,
        double coefficient,
        double strength,
        String question,
        String text,
        int[] ids,
        boolean ended,
        boolean shows,
        boolean loops,
        double repetition,
        double perplexity,
        double divergence,
        String broken) {}
