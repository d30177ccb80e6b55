package dev.pintle.evaluation.weights;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;

/** Sums, over tokens, of how far two activations of a layer are apart. */
final class LayerTally {
    private final int layer;
    private long tokens;
    private double cosines;
    private double leastCosine = Double.POSITIVE_INFINITY;
    private double errors;
    private double largestError;

    LayerTally(int layer) {
        this.layer = layer;
    }

    /**
     * Adds tokens.
     *
     * @param a, b `[tokens, dModel]` FP32
     */
    void add(Tensor a, Tensor b) {
        Tensor x = a.to(DType.FP64);
        Tensor y = b.to(DType.FP64);
        Tensor lengthOfX = x.norm(1, true); // [tokens, 1]
        // as 1 − ½‖x/‖x‖ − y/‖y‖‖², which is exactly 1 for equal activations and keeps the digits of small angles
        double[] chords = x.dividedBy(lengthOfX)
                .minus(y.dividedBy(y.norm(1, true)))
                .norm(1, false)
                .toDoubles();
        double[] relative =
                x.minus(y).norm(1, true).dividedBy(lengthOfX).squeeze(1).toDoubles();
        for (int t = 0; t < chords.length; t++) {
            double cosine = 1 - chords[t] * chords[t] / 2;
            cosines += cosine;
            leastCosine = Math.min(leastCosine, cosine);
            errors += relative[t];
            largestError = Math.max(largestError, relative[t]);
        }
        tokens += chords.length;
    }

    ModelDifference.Layer result() {
        return new ModelDifference.Layer(layer, cosines / tokens, leastCosine, errors / tokens, largestError);
    }
}
