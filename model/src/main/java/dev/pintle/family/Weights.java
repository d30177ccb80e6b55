package dev.pintle.family;

import static java.util.Objects.requireNonNull;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.TiledWeight;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Packing;
import dev.pintle.transformer.Quantised;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Tiled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The weights of a model, handed out by name and shape; weights left over are an error. */
public final class Weights {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String FREQUENCIES = "rotary_emb.inv_freq";
    private static final Pattern LAYER = Pattern.compile("layers\\.(\\d{1,6})\\.");
    private static final long ROWS_AT_ONCE = 1024;

    private final WeightSource source;
    private final Device device;
    private final DType dtype;
    private final TensorScope owner;
    private final Packing packing;
    private final Consumer<Problem> notes;
    private final Set<String> unused;
    private boolean tied;

    /**
     * @param owner owns the weights
     * @param packing packs the weights of linear maps when that pays off
     * @param notes receives contradictions between checkpoint and configuration
     */
    public Weights(
            WeightSource source,
            Device device,
            DType dtype,
            TensorScope owner,
            Packing packing,
            Consumer<Problem> notes) {
        this.source = source;
        this.device = device;
        this.dtype = dtype;
        this.owner = owner;
        this.packing = packing;
        this.notes = notes;
        this.unused = new LinkedHashSet<>(source.names());
    }

    /**
     * A weight in the model's dtype.
     *
     * @throws PintleException if it is missing or has a different shape
     */
    public Tensor get(String name, long... shape) {
        return get(name, dtype, shape);
    }

    /** A norm's weight, in FP32 (FP64 in an FP64 model). */
    public Tensor norm(String name, long... shape) {
        return get(name, dtype.precise(), shape);
    }

    /**
     * A linear map `[out, in]`, with a bias `[out]` if {@code biased}.
     *
     * @param name without {@code .weight}
     */
    public Linear linear(String name, int out, int in, boolean biased) {
        TiledWeight tiled = tiled(name + ".weight", out, in);
        QuantisedWeight kept = quantised(name + ".weight", out, in);
        Tensor bias = biased ? get(name + ".bias", out) : null;
        if (tiled != null) {
            return new Tiled(tiled, bias);
        }
        return kept == null ? packing.linear(get(name + ".weight", out, in), bias) : new Quantised(kept, bias);
    }

    /** A weight that stays quantised on a GPU; null for one that does not. */
    private @Nullable TiledWeight tiled(String name, int out, int in) {
        if (device.kind() != Device.Kind.CUDA
                || TiledWeight.obstacle(dtype, device).isPresent()) {
            return null;
        }
        try (TensorScope scope = TensorScope.open("copy " + name)) {
            QuantisedWeight kept = source.quantised(name, scope, out, in).orElse(null);
            if (kept == null || !TiledWeight.suits(kept)) {
                return null;
            }
            unused.remove(name);
            return TiledWeight.of(kept, device, owner);
        }
    }

    /** A weight that stays quantised on a CPU; null for one that does not. */
    private @Nullable QuantisedWeight quantised(String name, int out, int in) {
        QuantisedWeight kept = device.equals(Device.CPU)
                ? source.quantised(name, owner, out, in).orElse(null)
                : null;
        if (kept != null) {
            unused.remove(name);
        }
        return kept;
    }

    /**
     * One of several linear maps that read the same input.
     *
     * @param name without {@code .weight}
     * @param out width of its output
     */
    public record Part(String name, int out) {}

    /** Linear maps `[out, in]` of the same input, with biases if {@code biased}. */
    public Joined joined(int in, boolean biased, Part... parts) {
        return joined(Arrays.stream(parts)
                .map(part -> linear(part.name, part.out, in, biased))
                .toList());
    }

    /**
     * Linear maps of the same input that are stored as one matrix, stacked by rows, without biases.
     *
     * @param name without {@code .weight}
     * @param outs number of rows of each
     */
    public Joined stored(String name, int in, int... outs) {
        String weight = name + ".weight";
        unused.remove(weight);
        List<Linear> maps = new ArrayList<>();
        TiledWeight tiled = Arrays.stream(outs).allMatch(TiledWeight::isWhole)
                ? tiled(weight, Arrays.stream(outs).sum(), in)
                : null;
        if (tiled != null) {
            int first = 0;
            for (int out : outs) {
                maps.add(new Tiled(tiled.rows(first, out, owner), null));
                first += out;
            }
            return joined(maps);
        }
        QuantisedWeight kept = quantised(weight, Arrays.stream(outs).sum(), in);
        if (kept != null) {
            int first = 0;
            for (int out : outs) {
                maps.add(new Quantised(
                        kept.select(IntStream.range(first, first + out).toArray()), null));
                first += out;
            }
            return joined(maps);
        }
        try (TensorScope scope = TensorScope.open("load " + weight)) {
            Tensor all = source.take(weight, Arrays.stream(outs).sum(), in)
                    .to(device)
                    .to(dtype); // [outs, in]
            long start = 0;
            for (int out : outs) {
                maps.add(packing.linear(owner.adopt(all.narrow(0, start, out)), null));
                start += out;
            }
        }
        return joined(maps);
    }

    /**
     * Linear maps of the same input that are stored as one matrix, interleaved by head: all maps of the first head,
     * then all of the second.
     *
     * @param name without {@code .weight}
     * @param maps number of maps
     */
    public Joined byHead(String name, int in, int heads, int dHead, int maps, boolean biased) {
        return joined(mapsByHead(name, in, heads, dHead, maps, biased));
    }

    /** The same, not yet joined. */
    List<Linear> mapsByHead(String name, int in, int heads, int dHead, int maps, boolean biased) {
        List<Linear> each = new ArrayList<>();
        int out = heads * dHead;
        try (TensorScope scope = TensorScope.open("load " + name)) {
            QuantisedWeight kept = quantised(name + ".weight", maps * out, in);
            Tensor all = kept == null ? taken(name + ".weight", (long) maps * out, in) : null;
            Tensor bias = biased ? taken(name + ".bias", (long) maps * out) : null;
            for (int map = 0; map < maps; map++) {
                int first = map * dHead;
                int[] rows = IntStream.range(0, out)
                        .map(row -> row / dHead * maps * dHead + first + row % dHead)
                        .toArray();
                Tensor which = Tensor.of(rows, out);
                Tensor added = bias == null ? null : kept(bias.indexSelect(0, which));
                each.add(
                        all == null
                                ? new Quantised(requireNonNull(kept).select(rows), added)
                                : packing.linear(kept(all.indexSelect(0, which)), added));
            }
        }
        return each;
    }

    /**
     * Linear maps of the same input that are stored side by side with their biases `[outs]`, as one matrix `[in, outs]`
     * that lies the other way round, as in GPT-2.
     *
     * @param name without {@code .weight}
     * @param outs width of each map's output
     */
    public Joined sideBySide(String name, int in, int... outs) {
        return joined(upright(name, in, outs));
    }

    /** The same for one map. */
    public Linear sideways(String name, int in, int out) {
        return upright(name, in, out).get(0);
    }

    private List<Linear> upright(String name, int in, int... outs) {
        List<Linear> maps = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("load " + name)) {
            Tensor all = taken(name + ".weight", in, Arrays.stream(outs).sum()).transpose(0, 1);
            Tensor bias = taken(name + ".bias", Arrays.stream(outs).sum());
            long start = 0;
            for (int out : outs) {
                maps.add(
                        packing.linear(kept(all.narrow(0, start, out).contiguous()), kept(bias.narrow(0, start, out))));
                start += out;
            }
        }
        return maps;
    }

    /** Whether there is a weight of this name. */
    public boolean has(String name) {
        return source.has(name);
    }

    /**
     * A weight as stored, in the current scope, for what is taken apart before it is used.
     *
     * @throws PintleException if it is missing or has a different shape
     */
    Tensor taken(String name, long... shape) {
        unused.remove(name);
        return source.take(name, shape);
    }

    /** A weight as stored, in any shape and dtype, in the current scope; null if there is none. */
    @Nullable
    Tensor findStored(String name) {
        unused.remove(name);
        return source.find(name);
    }

    /** A linear map with these weights `[out, in]`, which are copied, and a bias `[out]` or null. */
    Linear map(Tensor weight, @Nullable Tensor bias) {
        return packing.linear(kept(weight), bias == null ? null : kept(bias));
    }

    private Tensor kept(Tensor weight) {
        return owner.adopt(weight.to(device).to(dtype));
    }

    /** Ignores a constant that old checkpoints store along with the weights, such as the causal mask. */
    public void passOver(String name) {
        unused.remove(name);
    }

    /** Ignores the weights of a part that reads something other than text, such as a vision encoder. */
    public void passOverAll(String prefix) {
        unused.removeIf(name -> name.startsWith(prefix));
    }

    /**
     * Joins maps that read the same input. On a GPU, their weights are moved next to each other, one group at a time,
     * so that the freed memory serves the next group.
     */
    Joined joined(List<Linear> maps) {
        return device.kind() == Device.Kind.CUDA ? Joined.together(maps, owner) : Joined.apart(maps);
    }

    /** A number rounded to the model's dtype. */
    public double rounded(double number) {
        return dtype.rounded(number);
    }

    /** A matrix `[rows, width]` whose rows are looked up. */
    public Table table(String name, int rows, int width) {
        QuantisedWeight kept = quantised(name, rows, width);
        return kept == null ? new Table.Plain(get(name, rows, width)) : new Table.Blocks(kept, dtype);
    }

    /** The embedding `[dVocab, dModel]`; if tied, it may be stored only as the unembedding. */
    public Table embedding(ModelConfig c) {
        boolean asHead = c.tiedEmbeddings() && !unused.contains(EMBEDDING) && unused.contains(HEAD);
        return table(asHead ? HEAD : EMBEDDING, c.dVocab(), c.dModel());
    }

    /**
     * The unembedding `[dVocab, dModel]`: the embedding if the configuration says that they are tied, unless the
     * checkpoint contains a different one.
     */
    public Linear unembedding(Table embedding, ModelConfig c) {
        return unembedding(embedding, EMBEDDING, c);
    }

    /** The same for a family whose embedding has another name. */
    public Linear unembedding(Table embedding, String embeddingName, ModelConfig c) {
        if (!c.tiedEmbeddings()) {
            if (!source.has(HEAD)) {
                throw noHead(c);
            }
            return linear("lm_head", c.dVocab(), c.dModel(), false);
        }
        if (unused.contains(HEAD)) {
            OptionalLong differs = firstRowOfAnotherHead(embeddingName, c);
            if (differs.isPresent()) {
                notes.accept(Problem.of("The output head differs from the embedding, but the configuration ties them.")
                        .fact("checkpoint", source.place())
                        .fact("configuration", "tie_word_embeddings is true, or absent and true by default")
                        .fact(
                                "but was",
                                HEAD + " differs from " + embeddingName + ", first at token " + differs.getAsLong())
                        .fact("used", "the stored head")
                        .fact("try", "\"tie_word_embeddings\": false in config.json, so that both agree"));
                return linear("lm_head", c.dVocab(), c.dModel(), false);
            }
            unused.remove(HEAD);
        }
        tied = true;
        return embedding instanceof Table.Blocks blocks
                ? new Quantised(blocks.matrix(), null)
                : packing.sharing(((Table.Plain) embedding).matrix());
    }

    /** Whether the unembedding handed out is the embedding. */
    public boolean tied() {
        return tied;
    }

    private OptionalLong firstRowOfAnotherHead(String embeddingName, ModelConfig c) {
        try (TensorScope scope = TensorScope.open("compare head and embedding")) {
            Tensor head = source.take(HEAD, c.dVocab(), c.dModel());
            Tensor embedding = source.take(embeddingName, c.dVocab(), c.dModel());
            DType wide = head.dtype() == DType.FP64 || embedding.dtype() == DType.FP64 ? DType.FP64 : DType.FP32;
            for (long start = 0; start < c.dVocab(); start += ROWS_AT_ONCE) {
                try (TensorScope part = TensorScope.open("compare rows")) {
                    long count = Math.min(ROWS_AT_ONCE, c.dVocab() - start);
                    Tensor one = head.narrow(0, start, count).to(wide);
                    Tensor other = embedding.narrow(0, start, count).to(wide);
                    double[] differences = one.minus(other).abs().max(-1, false).toDoubles();
                    for (int row = 0; row < differences.length; row++) {
                        if (!(differences[row] == 0)) {
                            return OptionalLong.of(start + row);
                        }
                    }
                }
            }
            return OptionalLong.empty();
        }
    }

    private PintleException noHead(ModelConfig c) {
        return Problem.of("The checkpoint contains no output head, although the configuration says it is not tied.")
                .fact("checkpoint", source.place())
                .fact("configuration", "tie_word_embeddings is false, or absent, which means false for " + c.family())
                .fact("missing", HEAD + " [" + c.dVocab() + ", " + c.dModel() + "]")
                .fact("has", source.names().size() + " tensors")
                .fact(
                        "try",
                        "a complete copy; or \"tie_word_embeddings\": true in config.json, if it was trained that way")
                .toException();
    }

    private Tensor get(String name, DType as, long... shape) {
        unused.remove(name);
        try (TensorScope scope = TensorScope.open("load " + name)) {
            return owner.adopt(source.take(name, shape).to(device).to(as));
        }
    }

    /** Whether norms that multiply by 1 + weight are stored with the 1 added. */
    boolean normsIncludeOne() {
        return source.normsIncludeOne();
    }

    /** Keeps a tensor derived from weights for as long as the model lives. */
    public Tensor own(Tensor derived) {
        return owner.adopt(derived);
    }

    /**
     * Compares rotary frequencies stored in old checkpoints with those computed from the configuration. The latter are
     * used, as in transformers.
     *
     * @param layers the rotary positions of each layer
     */
    public void compareFrequencies(List<List<Rope>> layers) {
        boolean said = false;
        for (String name : List.copyOf(unused)) {
            if (!name.endsWith(FREQUENCIES)) {
                continue;
            }
            unused.remove(name);
            Matcher layer = LAYER.matcher(name);
            int index = layer.find() ? Integer.parseInt(layer.group(1)) : 0;
            try (TensorScope scope = TensorScope.open("compare frequencies")) {
                Tensor stored = source.find(name);
                if (said || stored == null || index >= layers.size() || agree(layers.get(index), stored.toDoubles())) {
                    continue;
                }
            }
            said = true;
            notes.accept(Problem.of("The checkpoint's rotary frequencies do not match the configuration.")
                    .fact("checkpoint", source.place())
                    .fact("weight", name)
                    .fact("used", "the frequencies given by the configuration's rope_theta and rope_scaling")
                    .fact("try", "the rope_theta that the model was trained with, in config.json"));
        }
    }

    private static boolean agree(List<Rope> rotations, double[] stored) {
        return rotations.stream().anyMatch(rope -> rope.agreesWith(stored));
    }

    /** @throws PintleException naming weights that were not used */
    public void requireAllUsed() {
        if (!unused.isEmpty()) {
            throw Problem.of("The checkpoint contains weights that its architecture does not use.")
                    .fact("checkpoint", source.place())
                    .fact("left over", unused.stream().limit(5).map(Excerpt::of).collect(Collectors.joining(", ")))
                    .fact("count", unused.size())
                    .toException();
        }
    }
}
