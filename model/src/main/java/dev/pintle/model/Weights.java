package dev.pintle.model;

import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The weights of a model, handed out by name and shape; what nobody asked for is an error. */
public final class Weights {
    private final WeightSource source;
    private final Device device;
    private final DType dtype;
    private final TensorScope owner;
    private final Packing packing;
    private final Set<String> unused;

    /**
     * @param owner keeps the weights
     * @param packing packs those of linear maps when that pays
     */
    Weights(WeightSource source, Device device, DType dtype, TensorScope owner, Packing packing) {
        this.source = source;
        this.device = device;
        this.dtype = dtype;
        this.owner = owner;
        this.packing = packing;
        this.unused = new LinkedHashSet<>(source.names());
    }

    /** The dtype that norms and other sensitive arithmetic are computed in. */
    public DType preciseDType() {
        return precise(dtype);
    }

    static DType precise(DType dtype) {
        return dtype == DType.FP64 ? DType.FP64 : DType.FP32;
    }

    /** Whether there is a weight of this name. */
    public boolean has(String name) {
        return source.has(name);
    }

    /**
     * A weight in the model's dtype.
     *
     * @throws dev.pintle.problem.PintleException if missing or of another shape
     */
    public Tensor get(String name, long... shape) {
        return get(name, dtype, shape);
    }

    /** A norm's weight, in FP32 (FP64 in an FP64 model). */
    public Tensor norm(String name, long... shape) {
        return get(name, preciseDType(), shape);
    }

    /**
     * A linear map `[out, in]`, with a bias `[out]` where {@code biased}.
     *
     * @param name without {@code .weight}
     */
    public Linear linear(String name, int out, int in, boolean biased) {
        return new Linear(get(name + ".weight", out, in), biased ? get(name + ".bias", out) : null, packing, false);
    }

    /**
     * Linear maps that are stored as one, below each other, without biases.
     *
     * @param name without {@code .weight}
     * @param outs rows of each
     */
    public List<Linear> linears(String name, int in, int... outs) {
        String weight = name + ".weight";
        unused.remove(weight);
        List<Linear> maps = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("load " + weight)) {
            Tensor all = source.take(weight, Arrays.stream(outs).sum(), in)
                    .to(device)
                    .to(dtype); // [outs, in]
            long start = 0;
            for (int out : outs) {
                maps.add(new Linear(owner.adopt(all.narrow(0, start, out)), null, packing, false));
                start += out;
            }
        }
        return List.copyOf(maps);
    }

    /** The unembedding that is also the embedding `[dVocab, dModel]`. */
    public Linear tied(Tensor embedding) {
        return new Linear(embedding, null, packing, true);
    }

    /**
     * A block that has all its weights. On a GPU, maps of one input become one; done block by block, so that the memory in
     * which they were serves the next block.
     */
    public Block complete(Block block) {
        if (device.kind() == Device.Kind.CUDA) {
            block.attention().joinMaps(owner);
            block.mlp().joinMaps(owner);
        }
        return block;
    }

    private Tensor get(String name, DType as, long... shape) {
        unused.remove(name);
        try (TensorScope scope = TensorScope.open("load " + name)) {
            return owner.adopt(source.take(name, shape).to(device).to(as));
        }
    }

    /** Keeps a tensor that was derived from weights as long as the model. */
    public Tensor own(Tensor derived) {
        return owner.adopt(derived);
    }

    /** Declares weights that are stored but never used, such as copies of tied embeddings. */
    public void ignore(String... names) {
        Arrays.asList(names).forEach(unused::remove);
    }

    /** @throws dev.pintle.problem.PintleException naming weights that nobody asked for */
    public void requireAllUsed() {
        unused.removeIf(name -> name.endsWith("rotary_emb.inv_freq"));
        if (!unused.isEmpty()) {
            throw Problem.of("The checkpoint holds weights that its architecture does not use.")
                    .fact("checkpoint", source.place())
                    .fact("left over", unused.stream().limit(5).collect(Collectors.joining(", ")))
                    .fact("count", unused.size())
                    .toException();
        }
    }
}
