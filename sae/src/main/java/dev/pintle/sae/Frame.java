package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Activations as an encoder reads them, and the way back: y → y · factor + shift.
 *
 * @param inside `[n, dModel]`, normalised
 * @param factor `[1]` or `[n, 1]`; null for 1
 * @param shift `[n, 1]`; null for 0
 */
record Frame(
        Tensor inside, @Nullable Tensor factor, @Nullable Tensor shift) {
    private static final double EPS = 1e-5; // SAELens' layer norm

    /** @param activation `[n, dModel]` FP32 */
    static Frame of(Normalisation how, Tensor activation) {
        if (how instanceof Normalisation.Scale scale) {
            Tensor back =
                    Tensor.of(new float[] {(float) (1 / scale.scale())}, 1).to(activation.device());
            return new Frame(activation.times(scale.scale()), back, null);
        }
        if (how instanceof Normalisation.UnitNorm) {
            Tensor factor = activation.norm(-1, true).times(1 / Math.sqrt(activation.size(-1)));
            return new Frame(activation.dividedBy(factor), factor, null);
        }
        if (how instanceof Normalisation.LayerNorm) {
            Tensor mean = activation.mean(-1, true);
            Tensor centred = activation.minus(mean);
            Tensor deviation = centred.norm(-1, true).times(1 / Math.sqrt(activation.size(-1) - 1.0));
            return new Frame(centred.dividedBy(deviation.plus(EPS)), deviation, mean);
        }
        return new Frame(activation, null, null);
    }

    /** A change `[n, dModel]` inside, as a change of the activation. */
    Tensor outsideChange(Tensor change) {
        return factor == null ? change : change.times(factor);
    }

    /** What was decoded `[n, dModel]`, as an activation. */
    Tensor outside(Tensor decoded) {
        Tensor scaled = outsideChange(decoded);
        return shift == null ? scaled : scaled.plus(shift);
    }
}
