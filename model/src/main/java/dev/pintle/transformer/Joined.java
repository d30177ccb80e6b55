package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Linear maps of the same input: queries, keys and values, or gate and up. On a GPU, their weights are contiguous, so
 * that one product keeps the GPU busy where several small ones would not.
 */
public final class Joined implements Linear {
    private final List<Linear> parts;
    private final @Nullable Dense whole; // the maps stacked by rows, if contiguous
    private final long[] outs; // widths of the parts, if contiguous

    private Joined(List<? extends Linear> parts, @Nullable Dense whole, long[] outs) {
        this.parts = List.copyOf(parts);
        this.whole = whole;
        this.outs = outs;
    }

    /** Maps that stay separate. */
    public static Joined apart(List<? extends Linear> parts) {
        return new Joined(parts, null, new long[0]);
    }

    /**
     * Makes the weights of maps contiguous. Maps of which only some have a bias stay separate.
     *
     * @param owner owns the joined weights
     */
    public static Joined together(List<Dense> maps, TensorScope owner) {
        List<Tensor> biases =
                maps.stream().map(Dense::bias).filter(Objects::nonNull).toList();
        if (!biases.isEmpty() && biases.size() < maps.size()) {
            return apart(maps);
        }
        long[] outs = maps.stream().mapToLong(map -> map.weight().size(0)).toArray();
        Tensor weight =
                owner.adopt(Tensor.together(maps.stream().map(Dense::weight).toList()));
        Tensor bias = biases.isEmpty() ? null : owner.adopt(Tensor.cat(biases, 0));
        return new Joined(maps, new Dense(weight, bias), outs);
    }

    /** The maps, in order. */
    public List<Linear> parts() {
        return parts;
    }

    /** All maps as one, `[sum of outs, in]`; empty if they are separate. */
    public Optional<Dense> whole() {
        return Optional.ofNullable(whole);
    }

    /**
     * Applies each map.
     *
     * @param x `[…, in]`
     * @return one `[…, out]` per map, in order
     */
    public List<Tensor> each(Tensor x) {
        if (whole == null) {
            return parts.stream().map(part -> part.forward(x)).toList();
        }
        Tensor all = whole.forward(x);
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
        return whole == null ? Tensor.cat(each(x), -1) : whole.forward(x);
    }
}
