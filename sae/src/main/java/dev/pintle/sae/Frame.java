package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Normalised activations, as an encoder reads them, and how to undo the normalisation:
 * y → y · constant · factor + shift.
 *
 * @param inside `[n, dModel]`, normalised
 * @param constant the same for all tokens
 * @param factor `[n, 1]`, per token; null for 1
 * @param shift `[n, 1]`, per token; null for 0
 */
record Frame(
        Tensor inside,
        double constant,
        @Nullable Tensor factor,
        @Nullable Tensor shift) {
    private static final double EPS = 1e-5; // SAELens' layer norm

    /** @param activation `[n, dModel]` FP32 */
    static Frame of(Normalisation how, Tensor activation) {
        if (how instanceof Normalisation.Scale scale) {
            return new Frame(activation.times(scale.scale()), 1 / scale.scale(), null, null);
        }
        if (how instanceof Normalisation.UnitNorm) {
            Tensor factor = activation.norm(-1, true).times(1 / Math.sqrt(activation.size(-1)));
            return new Frame(activation.dividedBy(factor), 1, factor, null);
        }
        if (how instanceof Normalisation.Centred) {
            Tensor mean = activation.mean(-1, true);
            return new Frame(activation.minus(mean), 1, null, mean);
        }
        if (how instanceof Normalisation.LayerNorm) {
            Tensor mean = activation.mean(-1, true);
            Tensor centred = activation.minus(mean);
            Tensor deviation = centred.norm(-1, true).times(1 / Math.sqrt(activation.size(-1) - 1.0));
            return new Frame(centred.dividedBy(deviation.plus(EPS)), 1, deviation, mean);
        }
        return new Frame(activation, 1, null, null);
    }

    /** A change `[n, dModel]` of the normalised activation, as a change of the activation itself. */
    Tensor outsideChange(Tensor change) {
        Tensor scaled = constant == 1 ? change : change.times(constant);
        return factor == null ? scaled : scaled.times(factor);
    }

    /** Decoder output `[n, dModel]` with the normalisation undone. */
    Tensor outside(Tensor decoded) {
        Tensor scaled = outsideChange(decoded);
        return shift == null ? scaled : scaled.plus(shift);
    }
}
