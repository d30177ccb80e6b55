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

/** A hook that changes nothing and stops the run at the first place where an activation is NaN or infinite. */
public final class NanCheck implements Hook {
    private final Set<HookPoint> points = new TreeSet<>();

    /** Watches the embedding, each block's attention and MLP output, and the residual stream after each block. */
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

    /** @throws dev.pintle.base.PintleException naming the place and the first entry that is not finite */
    private static void require(HookPoint point, Tensor activation, Layout layout) {
        // NaN and infinity spread into a sum of products with zero, which is zero otherwise
        float[] spread = activation.to(DType.FP32).times(0).sum(-1, false).toFloats(); // [batch * tokens]
        for (int i = 0; i < spread.length; i++) {
            int row = i / layout.tokens();
            int position = layout.position(row, i % layout.tokens());
            if (Float.isNaN(spread[i]) && position != Layout.PADDING) {
                throw Problem.of("An activation is not a finite number.")
                        .fact("first at", point)
                        .fact("row", row)
                        .fact("position", position)
                        .fact("reads", cause(point))
                        .fact("try", "another copy of the checkpoint, or fp32 where a 16-bit sum may have overflowed")
                        .toException();
            }
        }
    }

    static String cause(HookPoint point) {
        return switch (point.site()) {
            case EMBED -> "the weights of the embedding";
            case ATTN_OUT -> "the weights of the attention of block " + point.layer();
            case MLP_OUT -> "the weights of the MLP of block " + point.layer();
            default -> "the residual stream, which may have overflowed here";
        };
    }
}
