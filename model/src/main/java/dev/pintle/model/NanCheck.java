package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import java.util.Set;
import java.util.TreeSet;

/** A hook that changes nothing and stops the run at the first hook point with a NaN or infinite activation. */
public final class NanCheck implements Hook {
    private final Set<HookPoint> points = new TreeSet<>();

    /** Checks the embedding, each block's attention and MLP output, and the residual stream after each block. */
    public NanCheck(ModelConfig model) {
        points.add(HookPoint.embed());
        for (int layer = 0; layer < model.nLayers(); layer++) {
            points.add(new HookPoint(HookPoint.Site.ATTN_OUT, layer));
            points.add(new HookPoint(HookPoint.Site.MLP_OUT, layer));
            points.add(HookPoint.residPost(layer));
        }
    }

    @Override
    public Set<HookPoint> points() {
        return Set.copyOf(points);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        return (point, activation, layout) -> {
            require(point, activation, layout);
            return activation;
        };
    }

    /** @throws dev.pintle.base.PintleException naming the hook point and the first entry that is not finite */
    private static void require(HookPoint point, Tensor activation, Layout layout) {
        // multiplied by zero, finite values sum to 0, while NaN and infinity give NaN
        float[] spread = activation.to(DType.FP32).times(0).sum(-1, false).toFloats(); // [batch * tokens]
        for (int i = 0; i < spread.length; i++) {
            int row = i / layout.tokens();
            int position = layout.position(row, i % layout.tokens());
            if (Float.isNaN(spread[i]) && position != Layout.PADDING) {
                throw Problem.of("An activation is not finite.")
                        .fact("first at", point)
                        .fact("row", row)
                        .fact("position", position)
                        .fact("suspect", cause(point))
                        .fact("try", "another copy of the checkpoint, or fp32 if a 16-bit sum may have overflowed")
                        .toException();
            }
        }
    }

    static String cause(HookPoint point) {
        return switch (point.site()) {
            case EMBED -> "the embedding weights";
            case ATTN_OUT -> "the attention weights of block " + point.layer();
            case MLP_OUT -> "the MLP weights of block " + point.layer();
            default -> "the residual stream, which may have overflowed here";
        };
    }
}
