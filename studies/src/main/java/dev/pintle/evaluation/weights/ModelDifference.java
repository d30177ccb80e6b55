package dev.pintle.evaluation.weights;

import dev.pintle.figure.LineFigure;
import dev.pintle.sae.LatentAgreement.Report;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What differs between two sets of weights of one model, A and B, on some texts. The first token of each passage is left out
 * of every number: many models put a residual stream there that is hundreds of times longer than all others and hardly depends
 * on anything (an attention sink).
 *
 * @param a name of the weights that B is measured against
 * @param b name of the other weights
 * @param passages number of runs
 * @param tokens number of tokens compared
 * @param layers by layer, from the first
 * @param next predictions of the next token
 * @param latents an autoencoder's latents; null if none was given
 */
public record ModelDifference(
        String a,
        String b,
        int passages,
        long tokens,
        List<Layer> layers,
        NextToken next,
        @Nullable Report latents) {
    /** @param layers copied */
    public ModelDifference {
        layers = List.copyOf(layers);
    }

    /**
     * The residual stream after a block, over tokens; a and b are activations of A and B.
     *
     * @param layer 0-based
     * @param meanCosine mean cosine of a and b
     * @param leastCosine the smallest
     * @param meanError mean relative error ‖a − b‖ / ‖a‖
     * @param largestError the largest
     */
    public record Layer(int layer, double meanCosine, double leastCosine, double meanError, double largestError) {}

    /**
     * Predictions of the next token, over tokens.
     *
     * @param meanDivergence mean of KL(A ‖ B), in nats
     * @param medianDivergence its median
     * @param highDivergence its 99th percentile
     * @param agreement share of tokens after which both find the same token most probable
     * @param perplexityOfA of the texts, exp of the mean negative log-probability; NaN without targets
     * @param perplexityOfB the same
     * @param targets number of tokens that the perplexities are over
     */
    public record NextToken(
            double meanDivergence,
            double medianDivergence,
            double highDivergence,
            double agreement,
            double perplexityOfA,
            double perplexityOfB,
            long targets) {}

    /** All of it as fields for JSON. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("a", a);
        fields.put("b", b);
        fields.put("passages", passages);
        fields.put("tokens", tokens);
        fields.put("first_tokens_left_out", true);
        fields.put("resid_post", layers.stream().map(ModelDifference::fields).toList());
        Map<String, Object> predicted = new LinkedHashMap<>();
        predicted.put("mean_kl_nats", next.meanDivergence());
        predicted.put("median_kl_nats", next.medianDivergence());
        predicted.put("p99_kl_nats", next.highDivergence());
        predicted.put("same_argmax", next.agreement());
        predicted.put("perplexity_a", next.perplexityOfA());
        predicted.put("perplexity_b", next.perplexityOfB());
        predicted.put("perplexity_tokens", next.targets());
        fields.put("next_token", predicted);
        if (latents != null) {
            fields.put("latents", fields(latents));
        }
        return fields;
    }

    private static Map<String, Object> fields(Layer layer) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("layer", layer.layer());
        fields.put("mean_cosine", layer.meanCosine());
        fields.put("min_cosine", layer.leastCosine());
        fields.put("mean_relative_error", layer.meanError());
        fields.put("max_relative_error", layer.largestError());
        return fields;
    }

    private static Map<String, Object> fields(Report latents) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("active_a", latents.active());
        fields.put("active_b", latents.activeInOther());
        fields.put("appear", latents.appear());
        fields.put("vanish", latents.vanish());
        fields.put("changed_by_more_than_10_percent", latents.changed());
        fields.put("mean_relative_change", latents.relativeChange());
        fields.put(
                "by_peak",
                latents.bands().stream()
                        .map(band -> {
                            Map<String, Object> one = new LinkedHashMap<>();
                            one.put("peak_from", band.from());
                            one.put("peak_to", band.to());
                            one.put("latents", band.latents());
                            one.put("activations", band.activations());
                            one.put("survive", band.survive());
                            one.put("within_10_percent", band.close());
                            return one;
                        })
                        .toList());
        return fields;
    }

    /** The relative error of the residual stream, by layer. */
    public LineFigure figure() {
        return new LineFigure(
                "What is lost in the residual stream: " + b + " beside " + a,
                String.format(
                        Locale.ROOT,
                        "Over %,d tokens, the mean relative error of resid_post is %.3g after layer 0 and %.3g after layer %d.",
                        tokens,
                        layers.get(0).meanError(),
                        layers.get(layers.size() - 1).meanError(),
                        layers.size() - 1),
                "layer",
                new LineFigure.Scale("relative error ‖a − b‖ / ‖a‖ of resid_post", false, Double.NaN, Double.NaN),
                List.of(line("mean over tokens", Layer::meanError), line("largest of a token", Layer::largestError)));
    }

    private LineFigure.Series line(String name, ToDoubleFunction<Layer> value) {
        return new LineFigure.Series(
                name,
                layers.stream().mapToDouble(Layer::layer).toArray(),
                layers.stream().mapToDouble(value).toArray());
    }
}
