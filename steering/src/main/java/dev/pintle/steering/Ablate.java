package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Projects a direction out of the residual stream: h − share · (h·u) u, u = unit(v) (directional ablation, Arditi et
 * al. 2024, arXiv:2406.11717). Unlike adding −v, it removes from each activation exactly its own component.
 *
 * @param direction `[dModel]`, of any non-zero length
 * @param at the hook point
 * @param share fraction of the component to remove; 1 for all of it
 * @param tokens the tokens it applies to
 */
public record Ablate(Vec direction, HookPoint at, double share, Tokens tokens) implements Intervention {
    /** @throws IllegalArgumentException for the zero vector or a share that is not finite */
    public Ablate {
        Intervention.requireFinite("share", share);
        requireDirection(direction);
    }

    static void requireDirection(Vec direction) {
        if (!direction.isFinite() || direction.norm() == 0) {
            throw Problem.of("The intervention needs a finite, non-zero direction.")
                    .fact("but was", direction)
                    .toIllegalArgument();
        }
    }

    /** For static import: ablates a vector's direction on every token at its hook point. */
    public static Ablate ablate(SteeringVector vector) {
        return new Ablate(vector.direction(), vector.at(), 1, Tokens.all());
    }

    /** Ablates a direction after every block, so that no block can write it back. */
    public static List<Ablate> everywhere(SteeringVector vector, int nLayers) {
        return IntStream.range(0, nLayers)
                .mapToObj(layer -> new Ablate(vector.direction(), HookPoint.residPost(layer), 1, Tokens.all()))
                .toList();
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return share != 0 && tokens.include(position, promptLength);
    }

    @Override
    public Optional<RowChange> rowChange() {
        return Optional.of(new RowChange(at, new RowChange.Without(direction.unit(), share)));
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Tensor unit = Intervention.placed(direction.unit(), at(), model, device, dtype);
        if (share == 0) {
            return (point, activation, layout) -> activation;
        }
        return (point, activation, layout) -> tokens.change(activation, layout, h -> {
            Tensor along = Intervention.projection(h, unit).times(-share); // [batch, tokens, 1]
            return h.to(unit.dtype()).plus(along.times(unit)).to(h.dtype());
        });
    }
}
