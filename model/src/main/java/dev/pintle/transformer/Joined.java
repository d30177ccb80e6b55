package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.TiledWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Linear maps of the same input: queries, keys and values, or gate and up. On a GPU, the weights of neighbours are contiguous, so
 * that one product keeps the GPU busy where several small ones would not.
 */
public final class Joined implements Linear {
    private final List<Linear> parts;
    private final List<Linear>
            stacks; // Dense or Tiled, which together have all outputs in order; empty if maps are separate
    private final long[] outs; // widths of the parts

    private Joined(List<? extends Linear> parts, List<Linear> stacks, long[] outs) {
        this.parts = List.copyOf(parts);
        this.stacks = List.copyOf(stacks);
        this.outs = outs;
    }

    /** Maps that stay separate. */
    public static Joined apart(List<? extends Linear> parts) {
        return new Joined(parts, List.of(), new long[0]);
    }

    /**
     * Makes the weights of neighbours contiguous: those of all maps, if they are {@link Dense}, or of those in the same quantised
     * format. Maps of which only some have a bias stay separate.
     *
     * @param maps {@link Dense} or {@link Tiled}
     * @param owner owns the joined weights
     */
    public static Joined together(List<? extends Linear> maps, TensorScope owner) {
        long biased = maps.stream().filter(map -> bias(map) != null).count();
        if (biased > 0 && biased < maps.size()) {
            return apart(maps);
        }
        List<Linear> stacks = new ArrayList<>();
        for (int from = 0; from < maps.size(); ) {
            int to = from + 1;
            while (to < maps.size() && canStack(maps.get(from), maps.get(to))) {
                to++;
            }
            stacks.add(stacked(maps.subList(from, to), owner));
            from = to;
        }
        return new Joined(maps, stacks, maps.stream().mapToLong(Joined::width).toArray());
    }

    private static @Nullable Tensor bias(Linear map) {
        return map instanceof Tiled tiled ? tiled.bias() : ((Dense) map).bias();
    }

    /** Width of the output of a {@link Dense} or {@link Tiled} map. */
    public static long width(Linear map) {
        return map instanceof Tiled tiled
                ? tiled.weight().out()
                : ((Dense) map).weight().size(0);
    }

    private static boolean canStack(Linear one, Linear other) {
        return one instanceof Tiled a && other instanceof Tiled b
                ? a.weight().format() == b.weight().format()
                : one instanceof Dense && other instanceof Dense;
    }

    private static Linear stacked(List<? extends Linear> maps, TensorScope owner) {
        List<Tensor> biases =
                maps.stream().map(Joined::bias).filter(Objects::nonNull).toList();
        Tensor bias = biases.isEmpty() ? null : owner.adopt(Tensor.cat(biases, 0));
        if (maps.get(0) instanceof Tiled) {
            return new Tiled(
                    TiledWeight.together(
                            maps.stream().map(map -> ((Tiled) map).weight()).toList(), owner),
                    bias);
        }
        return new Dense(
                owner.adopt(Tensor.together(
                        maps.stream().map(map -> ((Dense) map).weight()).toList())),
                bias);
    }

    /** The maps, in order. */
    public List<Linear> parts() {
        return parts;
    }

    /** All maps as one, `[sum of outs, in]`; empty if they are separate or quantised. */
    public Optional<Dense> whole() {
        return stacks.size() == 1 && stacks.get(0) instanceof Dense dense ? Optional.of(dense) : Optional.empty();
    }

    /** Maps, {@link Dense} or {@link Tiled}, which together have the outputs of all, in order; empty if they are separate. */
    public List<Linear> stacks() {
        return stacks;
    }

    /**
     * Applies each map.
     *
     * @param x `[…, in]`
     * @return one `[…, out]` per map, in order
     */
    public List<Tensor> each(Tensor x) {
        if (stacks.isEmpty()) {
            return parts.stream().map(part -> part.forward(x)).toList();
        }
        Tensor all = forward(x);
        List<Tensor> each = new ArrayList<>();
        long start = 0;
        for (long out : outs) {
            each.add(all.narrow(-1, start, out));
            start += out;
        }
        return each;
    }

    /** The outputs of all maps, concatenated. */
    @Override
    public Tensor forward(Tensor x) {
        if (stacks.size() == 1) {
            return stacks.get(0).forward(x);
        }
        List<Linear> maps = stacks.isEmpty() ? parts : stacks;
        return Tensor.cat(maps.stream().map(map -> map.forward(x)).toList(), -1);
    }
}
