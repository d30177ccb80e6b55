package dev.pintle.model;

import dev.pintle.tensor.CudaGraph;
import dev.pintle.tensor.CudaKernel;
import dev.pintle.tensor.CudaKernel.Grid;
import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/*
 * Decoding on a GPU as one CUDA graph a token.
 *
 * A step of an 8B model is 160 kernels; started one by one they leave the GPU idle most of the time. Here the whole step, the
 * choice of the token included, is recorded once for a number of rows, a capacity of the key-value cache and a set of steered
 * layers, and then repeated with one call. What changes between steps lies in memory that the kernels read: token ids,
 * positions, and a vector for each row and steered layer.
 */
/** Decodes up to 32 sequences at once on a GPU, for Llama-like families whose hooks are additions to the residual stream. */
final class GraphDecoder implements AutoCloseable {
    static final int MOST_ROWS = 32;
    private static final int SPAN = 64; // slots of a piece of attention, as in the kernel
    private static final int SMALLEST_CAPACITY = 256;
    private static final int KEPT = 4;
    private static final int WARP = 32;
    private static final int OLDEST = 80; // compute capability with tensor cores for BF16

    private final Transformer transformer;
    private final ModelConfig config;
    private final Device device;
    private final DType dtype;
    private final Map<Integer, CudaProgram> programs = new HashMap<>(); // by groups of 8 rows
    private final Map<Key, Step> steps = new LinkedHashMap<>();

    /** What a recording is for. */
    private record Key(int rows, int capacity, List<Integer> steered) {}

    GraphDecoder(Transformer transformer, ModelConfig config, Device device, DType dtype) {
        this.transformer = transformer;
        this.config = config;
        this.device = device;
        this.dtype = dtype;
    }

    /** Whether the kernels know everything that this model does. */
    static boolean suits(Transformer transformer, ModelConfig c, Device device, DType dtype) {
        return device.kind() == Device.Kind.CUDA
                && CudaProgram.capability(device) >= OLDEST
                && !"off".equals(System.getenv("PINTLE_CUDA_GRAPHS"))
                && (dtype == DType.BF16 || dtype == DType.FP16)
                && c.attentionSoftCap() == null
                && c.logitSoftCap() == null
                && c.embeddingScale() == 1
                && List.of(16, 32, 64, 128, 256).contains(c.dHead())
                && c.dModel() % 32 == 0
                && c.dMlp() % 32 == 0
                && c.dVocab() % 16 == 0
                && transformer.finalNorm() instanceof RmsNorm
                && transformer.unembedding().bias() == null
                && transformer.blocks().stream().allMatch(block -> suits(block, c));
    }

    private static boolean suits(Block block, ModelConfig c) {
        Attention.Parts parts = block.attention().parts();
        return block.postAttn() == Norm.NONE
                && block.postMlp() == Norm.NONE
                && block.preAttn() instanceof RmsNorm
                && block.preMlp() instanceof RmsNorm
                && parts.normPerHead()
                && (parts.queryNorm() == Norm.NONE || parts.queryNorm() instanceof RmsNorm)
                && (parts.keyNorm() == Norm.NONE) == (parts.queryNorm() == Norm.NONE)
                && block.attention().rope().rotated() == c.dHead()
                && block.mlp().activation() == Mlp.Activation.SILU;
    }

    /**
     * Takes over sequences whose prompts have been run.
     *
     * @param cache keys and values of the prompts
     * @param added by layer, what is added to the residual stream after it, `[rows, dModel]` in FP32
     * @param newTokens most tokens that will be decoded
     */
    Step start(KvCache cache, Map<Integer, Tensor> added, int newTokens) {
        int needed = Math.max(SMALLEST_CAPACITY, cache.slots() + newTokens + 1);
        int capacity = Integer.highestOneBit(needed - 1) * 2;
        Key key = new Key(cache.batch(), capacity, List.copyOf(new TreeMap<>(added).keySet()));
        Step step = steps.remove(key);
        if (step == null) {
            if (steps.size() == KEPT) {
                steps.remove(steps.keySet().iterator().next()).close();
            }
            step = new Step(key);
        }
        steps.put(key, step); // last used last
        step.load(cache, added);
        return step;
    }

    private CudaProgram program(int rows) {
        return programs.computeIfAbsent(groups(rows), n -> {
            Map<String, Integer> macros = Map.of(
                    "BF16",
                    dtype == DType.BF16 ? 1 : 0,
                    "WARPS",
                    warps(n),
                    "NT",
                    n,
                    "HEAD",
                    config.dHead(),
                    "GROUP",
                    config.nHeads() / config.nKvHeads());
            return CudaProgram.compile("decode.cu", FusedOps.source("decode.cu"), macros, device);
        });
    }

    /** How many times 8 sequences a kernel is made for. */
    private static int groups(int rows) {
        return rows <= 8 ? 1 : rows <= 16 ? 2 : 4;
    }

    /** Warps of a block, as measured for that many sequences. */
    private static int warps(int groups) {
        return groups == 4 ? 8 : 16;
    }

    @Override
    public void close() {
        steps.values().forEach(Step::close);
        steps.clear();
    }

    /** A recorded step with the memory it works on. */
    final class Step implements AutoCloseable {
        private final int rows;
        private final int capacity;
        private final TensorScope owner = TensorScope.owner("decoding step");
        private final Tensor ids; // [rows]
        private final Tensor state; // [1 + 2 rows]: slot, first slots, positions
        private final Tensor logits; // [rows, dVocab] FP32
        private final Tensor seenIds; // [2, rows], the processor's
        private final Tensor seenLogProbs; // [2, rows], the processor's
        private final List<Tensor> keys = new ArrayList<>(); // [rows, nKvHeads, capacity, dHead] a layer
        private final List<Tensor> values = new ArrayList<>();
        private final Map<Integer, Tensor> added = new HashMap<>(); // [rows, dModel] FP32 by layer
        private final CudaGraph graph;
        private final CudaGraph.Mark[] marks = {new CudaGraph.Mark(device), new CudaGraph.Mark(device)};
        private int launched;
        private int read;
        private int[] positions = new int[0]; // of the first token that was fed, by row

        private Step(Key key) {
            rows = key.rows;
            capacity = key.capacity;
            try (TensorScope scope = TensorScope.open("prepare decoding")) {
                ids = owner.adopt(Tensor.zeros(DType.INT32, device, rows));
                state = owner.adopt(Tensor.zeros(DType.INT32, device, 1 + 2L * rows));
                logits = owner.adopt(Tensor.zeros(DType.FP32, device, rows, config.dVocab()));
                seenIds = owner.adopt(Tensor.pinned(DType.INT32, 2, rows));
                seenLogProbs = owner.adopt(Tensor.pinned(DType.FP32, 2, rows));
                for (int layer = 0; layer < config.nLayers(); layer++) {
                    keys.add(owner.adopt(cache()));
                    values.add(owner.adopt(cache()));
                }
                for (int layer : key.steered) {
                    added.put(layer, owner.adopt(Tensor.zeros(DType.FP32, device, rows, config.dModel())));
                }
                graph = new Recording().graph();
            }
        }

        private Tensor cache() {
            return Tensor.zeros(dtype, device, rows, config.nKvHeads(), capacity, config.dHead());
        }

        private void load(KvCache from, Map<Integer, Tensor> vectors) {
            try (TensorScope scope = TensorScope.open("take over the prompts")) {
                for (int layer = 0; layer < config.nLayers(); layer++) {
                    KvCache.Entry entry = from.entry(layer);
                    keys.get(layer).narrow(2, 0, from.slots()).copyFrom(entry.keys());
                    values.get(layer).narrow(2, 0, from.slots()).copyFrom(entry.values());
                }
                added.forEach((layer, buffer) -> buffer.copyFrom(Objects.requireNonNull(vectors.get(layer))));
                int[] start = new int[1 + 2 * rows];
                start[0] = from.slots();
                for (int row = 0; row < rows; row++) {
                    int position = from.nextPosition(row);
                    start[1 + row] = from.slots() - position; // prompts are padded on the left
                    start[1 + rows + row] = position;
                }
                state.copyFrom(Tensor.of(start, start.length));
                launched = 0;
                read = 0;
                positions = Arrays.copyOfRange(start, 1 + rows, start.length);
            }
        }

        /** Sets the tokens that the next step reads. */
        void feed(int[] tokens) {
            try (TensorScope scope = TensorScope.open("feed tokens")) {
                ids.copyFrom(Tensor.of(tokens, rows));
            }
        }

        /** Starts a step, without waiting for it; at most two may be on their way. */
        void launch() {
            graph.launch();
            marks[launched++ & 1].set();
        }

        /** Waits for the oldest step that was not read: the most probable token of each row. */
        Sampler.Choice[] await() {
            marks[read & 1].await();
            try (TensorScope scope = TensorScope.open("read tokens")) {
                int[] chosen = seenIds.toInts();
                float[] probabilities = seenLogProbs.toFloats();
                Sampler.Choice[] choices = new Sampler.Choice[rows];
                for (int row = 0; row < rows; row++) {
                    int at = ((positions[row] + read) & 1) * rows + row;
                    choices[row] = new Sampler.Choice(chosen[at], probabilities[at]);
                }
                read++;
                return choices;
            }
        }

        /** Logits of the last step, which must have been awaited, `[rows][dVocab]`. */
        float[][] logits() {
            float[][] result = new float[rows][];
            try (TensorScope scope = TensorScope.open("read logits")) {
                Arrays.setAll(result, row -> logits.select(0, row).toFloats());
            }
            return result;
        }

        @Override
        public void close() {
            graph.close();
            for (CudaGraph.Mark mark : marks) {
                mark.close();
            }
            owner.close();
        }

        /** Buffers and kernels of a recording. */
        private final class Recording {
            private final CudaProgram program = program(rows);
            private final CudaKernel qkv = program.kernel("qkv");
            private final CudaKernel attend = program.kernel("attend");
            private final CudaKernel writeBack = program.kernel("write_back");
            private final CudaKernel writeBackFetching = program.kernel("write_back_fetching");
            private final CudaKernel gateUp = program.kernel("gate_up");
            private final int queries = config.nHeads() * config.dHead();
            private final int shared = config.nKvHeads() * config.dHead();
            private final int pieces = capacity / SPAN;
            private final int threads = WARP * warps(groups(rows));
            private final Tensor resid = owner.adopt(Tensor.zeros(dtype, device, rows, config.dModel()));
            private final Tensor scaled = owner.adopt(Tensor.zeros(dtype, device, rows, config.dModel()));
            private final Tensor squares = owner.adopt(Tensor.zeros(DType.FP32, device, config.dModel() / 16, rows));
            private final Tensor mapped = owner.adopt(Tensor.zeros(dtype, device, rows, queries + 2L * shared));
            private final Tensor mixed = owner.adopt(Tensor.zeros(dtype, device, rows, queries));
            private final Tensor hidden = owner.adopt(Tensor.zeros(dtype, device, rows, config.dMlp()));
            private final Tensor partial = owner.adopt(
                    Tensor.zeros(DType.FP32, device, (long) rows * config.nHeads() * pieces * (config.dHead() + 2L)));
            private final Tensor arrived =
                    owner.adopt(Tensor.zeros(DType.INT32, device, (long) rows * config.nKvHeads()));
            private final Map<Rope, Rope.Turn> tables = new HashMap<>();

            CudaGraph graph() {
                for (Block block : transformer.blocks()) {
                    tables.computeIfAbsent(block.attention().rope(), rope -> {
                        Rope.Turn table = rope.table(capacity, device);
                        owner.adopt(table.cos());
                        owner.adopt(table.sin());
                        return table;
                    });
                }
                return CudaGraph.record(device, this::step);
            }

            private void step() {
                List<Block> blocks = transformer.blocks();
                program.kernel("embed")
                        .launch(
                                Grid.of(rows),
                                threads,
                                resid,
                                scaled,
                                squares,
                                transformer.embedding(),
                                normBefore(0).weight(),
                                ids,
                                rows,
                                config.dModel());
                blocks.forEach(this::block);
                program.kernel("unembed")
                        .launch(
                                Grid.of(config.dVocab() / 16),
                                threads,
                                logits,
                                transformer.unembedding().weight(),
                                scaled,
                                squares,
                                rows,
                                config.dModel(),
                                config.dVocab(),
                                (float) normBefore(blocks.size()).eps());
                program.kernel("choose")
                        .launch(Grid.of(rows), 1024, logits, ids, seenIds, seenLogProbs, state, config.dVocab(), rows);
            }

            /** The norm that reads the residual stream before a block, or after the last. */
            private RmsNorm normBefore(int layer) {
                return (RmsNorm)
                        (layer < config.nLayers()
                                ? transformer.blocks().get(layer).preAttn()
                                : transformer.finalNorm());
            }

            private void block(Block block) {
                Attention.Parts parts = block.attention().parts();
                qkv.launch(
                        Grid.of((queries + 2L * shared) / 16),
                        threads,
                        mapped,
                        parts.query().weight(),
                        parts.key().weight(),
                        parts.value().weight(),
                        parts.query().bias(),
                        parts.key().bias(),
                        parts.value().bias(),
                        queries,
                        shared,
                        shared,
                        scaled,
                        squares,
                        rows,
                        config.dModel(),
                        (float) normBefore(block.layer()).eps());
                attention(block, parts);
                RmsNorm preMlp = (RmsNorm) block.preMlp();
                writeBack(writeBackFetching, parts.out(), mixed, queries, null, preMlp);
                Mlp mlp = block.mlp();
                gateUp.launch(
                        Grid.of(config.dMlp() / 8),
                        threads,
                        hidden,
                        mlp.gate().weight(),
                        mlp.up().weight(),
                        mlp.gate().bias(),
                        mlp.up().bias(),
                        scaled,
                        squares,
                        rows,
                        config.dModel(),
                        config.dMlp(),
                        (float) preMlp.eps());
                writeBack(
                        writeBack,
                        mlp.down(),
                        hidden,
                        config.dMlp(),
                        added.get(block.layer()),
                        normBefore(block.layer() + 1));
            }

            private void attention(Block block, Attention.Parts parts) {
                Rope.Turn table =
                        Objects.requireNonNull(tables.get(block.attention().rope()));
                Integer window = block.attention().window();
                RmsNorm queryNorm = parts.queryNorm() instanceof RmsNorm norm ? norm : null;
                RmsNorm keyNorm = parts.keyNorm() instanceof RmsNorm norm ? norm : null;
                attend.launch(
                        new Grid(pieces, config.nKvHeads(), rows),
                        128,
                        mixed,
                        mapped,
                        keys.get(block.layer()),
                        values.get(block.layer()),
                        table.cos(),
                        table.sin(),
                        queryNorm == null ? null : queryNorm.weight(),
                        keyNorm == null ? null : keyNorm.weight(),
                        state,
                        partial,
                        arrived,
                        config.nHeads(),
                        config.nKvHeads(),
                        capacity,
                        window == null ? 0 : window,
                        (float) config.attentionScale(),
                        queryNorm == null ? 0f : (float) queryNorm.eps());
            }

            /** Adds a product to the residual stream, then what a row is steered by. */
            private void writeBack(
                    CudaKernel kernel, Linear map, Tensor x, int width, @Nullable Tensor steer, RmsNorm next) {
                kernel.launch(
                        Grid.of(config.dModel() / 16),
                        threads,
                        resid,
                        scaled,
                        squares,
                        map.weight(),
                        map.bias(),
                        x,
                        steer,
                        next.weight(),
                        rows,
                        width,
                        config.dModel());
            }
        }
    }
}
