package dev.pintle.model;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** Changes single activations, of tokens counted from the first of the answer. */
record Change(RowChange change, int from, int to) implements Hook {
    @Override
    public Set<HookPoint> points() {
        return Set.of(change.at());
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return position - promptLength >= from && position - promptLength < to;
    }

    @Override
    public Optional<RowChange> rowChange() {
        return Optional.of(change);
    }

    @Override
    public Action bind(ModelConfig config, Device device, DType dtype) {
        return (point, activation, layout) -> {
            int width = config.dModel();
            float[] all = activation.toFloats();
            for (int t = 0; t < layout.batch() * layout.tokens(); t++) {
                int row = t / layout.tokens();
                if (actsOn(layout.position(row, t % layout.tokens()), layout.promptLength(row))) {
                    Vec h = Vec.of(Arrays.copyOfRange(all, t * width, (t + 1) * width));
                    System.arraycopy(change.formula().of(h).toArray(), 0, all, t * width, width);
                }
            }
            return Tensor.of(all, activation.shape().toArray())
                    .to(activation.device())
                    .to(activation.dtype());
        };
    }

    /** Some changes of all kinds, drawn at random. */
    static List<Hook> some(Random random, int width, int count) {
        List<Hook> hooks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            HookPoint at = random.nextBoolean() ? HookPoint.residPost(random.nextInt(2)) : HookPoint.residPre(1);
            Vec unit = vector(random, width, 1);
            RowChange.Formula formula = switch (random.nextInt(5)) {
                case 0 -> new RowChange.Plus(vector(random, width, 2));
                case 1 -> new RowChange.Without(unit, 1);
                case 2 -> new RowChange.Turned(vector(random, width, 3));
                case 3 -> new RowChange.Bounded(unit, -0.1, Double.POSITIVE_INFINITY);
                default ->
                    new RowChange.Edited(List.of(
                            new RowChange.Latent(
                                    vector(random, width, 2),
                                    0.1,
                                    new RowChange.Above(0.05),
                                    1,
                                    3,
                                    -9,
                                    9,
                                    vector(random, width, 1)),
                            new RowChange.Latent(
                                    vector(random, width, 2),
                                    0,
                                    new RowChange.Above(0),
                                    0,
                                    0,
                                    -9,
                                    9,
                                    vector(random, width, 1))));
            };
            hooks.add(new Change(
                    new RowChange(at, formula), random.nextInt(4) - 2, random.nextBoolean() ? 5 : Integer.MAX_VALUE));
        }
        return hooks;
    }

    private static Vec vector(Random random, int width, double length) {
        float[] numbers = new float[width];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return Vec.of(numbers).unit().times(length);
    }
}
