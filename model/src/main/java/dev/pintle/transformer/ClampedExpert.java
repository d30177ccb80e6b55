package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import java.util.List;

/**
 * An expert of gpt-oss (arXiv:2508.10925): down((up + 1) · gate · sigmoid(1.702 · gate)), where the gate is at most
 * {@code limit}, and up between −{@code limit} and {@code limit}.
 *
 * @param gateUp gate and up, `[dExpert, dModel]` each
 * @param down `[dModel, dExpert]`
 */
public record ClampedExpert(Joined gateUp, Linear down, double limit) implements Expert {
    private static final double STEEPNESS = 1.702; // with it, x times the logistic function is close to GELU

    @Override
    public Tensor forward(Tensor x) {
        List<Tensor> both = gateUp.each(x); // [..., dExpert] each
        Tensor gate = atMost(limit, both.get(0));
        Tensor up = atMost(limit, atMost(limit, both.get(1)).times(-1)).times(-1);
        Tensor active = gate.times(gate.times(STEEPNESS).sigmoid());
        return down.forward(up.plus(1).times(active));
    }

    private static Tensor atMost(double most, Tensor x) {
        return x.maskedFill(x.greaterThan(most), most);
    }
}
