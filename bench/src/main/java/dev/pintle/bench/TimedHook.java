package dev.pintle.bench;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.Set;

/** A hook that measures another on passes of one token. */
final class TimedHook implements Hook {
    private final Hook inner;
    private long nanos;
    private long calls;

    TimedHook(Hook inner) {
        this.inner = inner;
    }

    @Override
    public Set<HookPoint> points() {
        return inner.points();
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Action action = inner.bind(model, device, dtype);
        return (point, activation, layout) -> {
            if (activation.size(1) > 1) {
                return action.apply(point, activation, layout);
            }
            Engine.synchronize(device);
            long start = System.nanoTime();
            Tensor result = action.apply(point, activation, layout);
            Engine.synchronize(device);
            nanos += System.nanoTime() - start;
            calls++;
            return result;
        };
    }

    /** Mean seconds of one call. */
    double mean() {
        return calls == 0 ? 0 : nanos / 1e9 / calls;
    }
}
