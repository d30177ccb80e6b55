package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.BoundHooks;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.Memory;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.RopeTables;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.Transformer;
import dev.pintle.transformer.cpu.HeapBlocks;
import dev.pintle.transformer.gpu.FusedPass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Runs token ids through a transformer: validates and chunks them, stops early, and collects what was requested. */
final class ForwardPass {
    private final Transformer transformer;
    private final ModelConfig config;
    private final Device device;
    private final DType dtype;
    private final RopeTables tables;
    private final Routes routes;
    private @Nullable HeapBlocks heapBlocks; // copied to the heap by the first pass

    ForwardPass(
            Transformer transformer, ModelConfig config, Device device, DType dtype, RopeTables tables, Routes routes) {
        this.transformer = transformer;
        this.config = config;
        this.device = device;
        this.dtype = dtype;
        this.tables = tables;
        this.routes = routes;
    }

    /** @param promptLengths length of each row's prompt within the whole sequence, in tokens */
    Run run(TokenBatch batch, RunOptions options, List<? extends Hook> hooks, int[] promptLengths) {
        return run(
                batch,
                options,
                hooks,
                promptLengths,
                IntStream.range(0, batch.batch()).toArray());
    }

    /**
     * @param promptLengths length of each row's prompt within the whole sequence, in tokens
     * @param sequences index, within the original batch, of the sequence that each row continues
     */
    Run run(TokenBatch batch, RunOptions options, List<? extends Hook> hooks, int[] promptLengths, int[] sequences) {
        return run(batch, options, hooks, promptLengths, sequences, Midway.START);
    }

    /**
     * Where a run begins.
     *
     * @param blocks number of blocks that have been passed
     * @param resid the residual stream after them, before any hook there, `[batch, tokens, dModel]`; null at the start
     */
    record Midway(int blocks, @Nullable Tensor resid) {
        static final Midway START = new Midway(0, null);
    }

    /** Whether a run may begin midway; fused blocks compute a norm for the next one. */
    boolean canBeginMidway() {
        return !routes.fuses();
    }

    /** The number of blocks that are passed before the first of these hooks is called. */
    int blocksBefore(List<? extends Hook> hooks) {
        return hooks.stream()
                .flatMap(hook -> hook.points().stream())
                .mapToInt(point -> switch (point.site()) {
                    case EMBED -> 0;
                    case RESID_POST -> point.layer() + 1;
                    case NORMALIZED -> config.nLayers();
                    default -> point.layer();
                })
                .min()
                .orElse(config.nLayers());
    }

    /** @param from where to begin; after the first block only without a cache and without capturing before it */
    Run run(
            TokenBatch batch,
            RunOptions options,
            List<? extends Hook> hooks,
            int[] promptLengths,
            int[] sequences,
            Midway from) {
        check(batch, options);
        Memory.requireRoomForRun(config, dtype, device, batch, options, () -> Engine.availableMemory(device));
        try (InferenceMode mode = InferenceMode.begin();
                TensorScope scope = TensorScope.open("run " + batch.batch() + " x " + batch.tokens() + " tokens")) {
            Recorder recorder = new Recorder(options.capture(), scope);
            List<Hook> all = new ArrayList<>(hooks);
            all.add(recorder);
            BoundHooks bound = BoundHooks.bind(all, config, device, dtype);
            boolean chunked = batch.tokens() > options.chunk();
            try (KvCache own = chunked && options.cache() == null ? newCache() : null) {
                KvCache cache = own == null ? options.cache() : own;
                List<Tensor> logits = new ArrayList<>();
                int[] next = new int[batch.batch()];
                int[] begun = new int[batch.batch()];
                for (int row = 0; row < next.length; row++) {
                    next[row] = cache == null ? 0 : cache.nextPosition(row);
                    begun[row] = cache == null ? batch.length(row) : cache.begunWith(row, batch.length(row));
                }
                for (int start = 0; start < batch.tokens(); start += options.chunk()) {
                    int count = Math.min(options.chunk(), batch.tokens() - start);
                    Layout layout = new Layout(positions(batch, start, count, next), promptLengths, sequences, begun);
                    pass(batch, start, layout, cache, bound, options, from)
                            .ifPresent(some -> logits.add(scope.adopt(some)));
                }
                return recorder.finish(batch, scope, logits.isEmpty() ? null : joined(logits, scope));
            }
        }
    }

    Tensor unembed(Tensor directions) {
        return transformer
                .unembedding()
                .forward(directions.to(device).to(dtype))
                .to(dtype.precise());
    }

    /** The hook sites of a block. */
    Set<Site> sites(int layer) {
        return transformer.blocks().get(layer).sites();
    }

    /** All hook points, in the order of the forward pass. */
    Set<HookPoint> places() {
        Set<HookPoint> places = new TreeSet<>(Set.of(HookPoint.embed(), HookPoint.normalized()));
        for (int layer = 0; layer < config.nLayers(); layer++) {
            for (Site site : sites(layer)) {
                places.add(new HookPoint(site, layer));
            }
        }
        return places;
    }

    KvCache newCache() {
        return new KvCache(config, device, dtype);
    }

    /** A cache with room for a number of tokens before it has to grow. */
    KvCache newCache(int tokens) {
        return new KvCache(config, device, dtype, tokens);
    }

    private static int[][] positions(TokenBatch batch, int start, int count, int[] next) {
        int[][] positions = new int[batch.batch()][count];
        for (int row = 0; row < batch.batch(); row++) {
            for (int t = 0; t < count; t++) {
                int index = start + t - batch.padding(row);
                positions[row][t] = index < 0 ? Layout.PADDING : next[row] + index;
            }
        }
        return positions;
    }

    private Tensor ids(TokenBatch batch, int start, int count) {
        int[] ids = new int[batch.batch() * count];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = batch.id(i / count, start + i % count);
        }
        return Tensor.of(ids, batch.batch(), count).to(device);
    }

    /**
     * One chunk of a run.
     *
     * @return logits of its last entry `[batch, dVocab]`, or of all `[batch, tokens, dVocab]`; empty if none are
     *     requested
     */
    private Optional<Tensor> pass(
            TokenBatch batch,
            int start,
            Layout layout,
            @Nullable KvCache cache,
            BoundHooks bound,
            RunOptions options,
            Midway from) {
        int count = layout.tokens();
        boolean lastChunk = start + count == batch.tokens();
        int lastLayer = Math.min(options.lastLayer(config.nLayers()), config.nLayers() - 1);
        try (TensorScope scope = TensorScope.open("pass over " + count + " tokens")) {
            boolean narrows = narrows(count, options, bound, lastLayer);
            Pass pass = new Pass(bound, layout, cache, tables, device, narrows ? lastLayer : -1, scope);
            Tensor begun = from.resid() == null
                    ? transformer.embed(ids(batch, start, count), pass)
                    : pass.hook(Site.RESID_POST, from.blocks() - 1, from.resid().narrow(1, start, count));
            Tensor resid = throughBlocks(begun, from.blocks(), lastLayer, pass);
            return logits(resid, lastChunk, bound, options, pass).map(scope::keep);
        }
    }

    private synchronized HeapBlocks onHeap() {
        if (heapBlocks == null) {
            heapBlocks = new HeapBlocks(transformer, config, dtype);
        }
        return heapBlocks;
    }

    private Tensor throughBlocks(Tensor begun, int firstLayer, int lastLayer, Pass pass) {
        Tensor resid = begun;
        FusedPass fused = routes.fuses() ? new FusedPass(transformer, config, pass, resid) : null;
        HeapBlocks heap = routes.onHeap() ? onHeap() : null;
        for (int layer = firstLayer; layer <= lastLayer; layer++) {
            try (TensorScope inner = TensorScope.open("block " + layer)) {
                Tensor before = resid;
                Tensor after;
                if (fused != null && fused.takes(layer)) {
                    after = fused.forward(layer, before);
                } else if (heap != null && heap.takes(layer, pass)) {
                    after = heap.forward(layer, before, pass);
                } else {
                    after = transformer.blocks().get(layer).forward(before, pass);
                }
                resid = inner.keep(after);
                before.close(); // its memory stays alive if a reader holds another handle to it
            }
        }
        return resid;
    }

    /**
     * Runs the next tokens of each of the rows, which receive their keys and values: one, or on the Java heap several.
     *
     * @param ids `[rows][tokens]`
     * @param promptLengths length of each row's prompt, in tokens
     * @param sequences index, within the original batch, of the sequence that each row continues
     * @return logits `[rows, dVocab]` of the last tokens, in the current scope
     */
    Tensor step(int[][] ids, KvRows rows, List<? extends Hook> hooks, int[] promptLengths, int[] sequences) {
        try (InferenceMode mode = InferenceMode.begin();
                TensorScope scope = TensorScope.open("step of " + ids.length + " rows")) {
            BoundHooks bound = BoundHooks.bind(hooks, config, device, dtype);
            int start = 0;
            for (; ids[0].length - start > RunOptions.DEFAULT_CHUNK; start += RunOptions.DEFAULT_CHUNK) {
                int[][] chunk = between(ids, start, start + RunOptions.DEFAULT_CHUNK);
                step(chunk, rows, bound, promptLengths, sequences, false);
            }
            return scope.keep(step(between(ids, start, ids[0].length), rows, bound, promptLengths, sequences, true)
                    .orElseThrow());
        }
    }

    private static int[][] between(int[][] ids, int from, int to) {
        return Arrays.stream(ids).map(row -> Arrays.copyOfRange(row, from, to)).toArray(int[][]::new);
    }

    private Optional<Tensor> step(
            int[][] ids, KvRows rows, BoundHooks bound, int[] promptLengths, int[] sequences, boolean last) {
        int count = ids[0].length;
        int[][] positions = new int[ids.length][];
        Arrays.setAll(
                positions,
                row -> IntStream.range(rows.length(row), rows.length(row) + count)
                        .toArray());
        Layout layout = new Layout(positions, promptLengths, sequences);
        try (TensorScope scope = TensorScope.open("pass over " + count + " tokens")) {
            int lastLayer = config.nLayers() - 1;
            RunOptions options = RunOptions.lastLogits();
            int narrowing = narrows(count, options, bound, lastLayer) ? lastLayer : -1;
            Pass pass = Pass.ofRows(bound, layout, rows, tables, device, narrowing, scope);
            int[] flat = Arrays.stream(ids).flatMapToInt(Arrays::stream).toArray();
            Tensor embedded =
                    transformer.embed(Tensor.of(flat, ids.length, count).to(device), pass);
            Tensor resid = throughBlocks(embedded, 0, lastLayer, pass); // [rows, count or 1, dModel]
            rows.advance(count);
            return logits(resid, last, bound, options, pass).map(scope::keep);
        }
    }

    /** Whether only the last token is needed after the last layer's attention. */
    private static boolean narrows(int tokens, RunOptions options, BoundHooks bound, int lastLayer) {
        return tokens > 1
                && options.logits() != RunOptions.Logits.ALL
                && !bound.seesInside(lastLayer)
                && !bound.sees(Site.RESID_POST, lastLayer)
                && !bound.sees(Site.NORMALIZED, -1);
    }

    /**
     * Logits of some tokens, for those who need not hold all at once.
     *
     * @param normalized `[tokens, dModel]`, as captured at {@link HookPoint#normalized}
     * @return `[tokens, dVocab]` in FP32, in the current scope
     */
    Tensor logits(Tensor normalized) {
        return transformer.logits(normalized, config);
    }

    private Optional<Tensor> logits(Tensor resid, boolean lastChunk, BoundHooks bound, RunOptions options, Pass pass) {
        boolean all = options.logits() == RunOptions.Logits.ALL;
        boolean last = options.logits() == RunOptions.Logits.LAST && lastChunk;
        if (all || bound.sees(Site.NORMALIZED, -1)) {
            Tensor normalized = transformer.normalized(resid, pass); // [batch, tokens, dModel]
            return all
                    ? Optional.of(transformer.logits(normalized, config))
                    : last ? Optional.of(transformer.logits(lastOf(normalized), config)) : Optional.empty();
        }
        return last
                ? Optional.of(transformer.logits(transformer.normalized(lastOf(resid), pass), config))
                : Optional.empty();
    }

    /** The last entry of each row, `[batch, dModel]`. */
    private static Tensor lastOf(Tensor byToken) {
        return byToken.select(1, byToken.size(1) - 1);
    }

    private static Tensor joined(List<Tensor> parts, TensorScope scope) {
        Tensor whole = parts.size() == 1 ? parts.get(0) : Tensor.cat(parts, 1);
        return scope.keep(whole);
    }

    /** @throws IllegalArgumentException naming the hook point or value that does not fit the model */
    void requireFits(List<? extends Hook> hooks) {
        for (Hook hook : hooks) {
            hook.points().forEach(this::requireHas);
            hook.requireFits(config, dtype);
        }
    }

    /** @throws IllegalArgumentException if the model has no such hook point */
    private void requireHas(HookPoint point) {
        BoundHooks.requireWithin(point, config);
        if (point.site().isOfBlocks()
                && !transformer.blocks().get(point.layer()).sites().contains(point.site())) {
            throw Problem.of("The blocks of this model have no such hook point.")
                    .fact("hook point", point)
                    .fact("model", config.family())
                    .fact(
                            "sites",
                            transformer.blocks().get(point.layer()).sites().stream()
                                    .map(Site::suffix)
                                    .collect(Collectors.joining(", ")))
                    .toIllegalArgument();
        }
    }

    /** @throws IllegalArgumentException for ids outside the vocabulary or sequences longer than the model's context */
    void check(TokenBatch batch, RunOptions options) {
        options.capture().forEach(this::requireHas);
        for (int row = 0; row < batch.batch(); row++) {
            int[] ids = batch.row(row);
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] < 0 || ids[i] >= config.dVocab()) {
                    throw Problem.of("A token id is not in the model's vocabulary.")
                            .fact("row", row)
                            .fact("position", i)
                            .fact("expected", "0 to " + (config.dVocab() - 1))
                            .fact("but was", ids[i])
                            .toIllegalArgument();
                }
            }
            KvCache cache = options.cache();
            int before = cache == null || cache.batch() == 0 ? 0 : cache.nextPosition(row);
            if (before + ids.length > config.maxPositions()) {
                throw Problem.of("The sequence is longer than the model's context.")
                        .fact("row", row)
                        .fact("expected", "at most " + config.maxPositions() + " tokens")
                        .fact("but was", before + ids.length)
                        .fact("try", "a shorter prompt or fewer new tokens")
                        .toIllegalArgument();
            }
        }
    }

    /** Captures activations, after every other hook at the same hook point. */
    private static final class Recorder implements Hook {
        private final Set<HookPoint> points;
        private final TensorScope scope;
        private final Map<HookPoint, List<Tensor>> chunks = new HashMap<>();

        Recorder(Set<HookPoint> points, TensorScope scope) {
            this.points = points;
            this.scope = scope;
        }

        @Override
        public Set<HookPoint> points() {
            return points;
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            return (point, activation, layout) -> {
                // a second handle to the same memory, since the first is released with its block
                Tensor held = scope.adopt(activation.reshape(activation.shape().toArray()));
                chunks.computeIfAbsent(point, p -> new ArrayList<>()).add(held);
                return activation;
            };
        }

        Run finish(TokenBatch batch, TensorScope inner, @Nullable Tensor logits) {
            Map<HookPoint, Tensor> captured = new LinkedHashMap<>();
            for (HookPoint point : points) {
                List<Tensor> parts = chunks.getOrDefault(point, List.of());
                captured.put(point, inner.keep(parts.size() == 1 ? parts.get(0) : joined(point, parts)));
            }
            return new Run(batch, captured, logits);
        }

        private static Tensor joined(HookPoint point, List<Tensor> parts) {
            int tokens = point.site().axes().indexOf("tokens");
            if (point.site() != Site.ATTN_PATTERN) {
                return Tensor.cat(parts, tokens);
            }
            long slots = parts.get(parts.size() - 1).size(-1); // earlier chunks have fewer slots
            return Tensor.cat(parts.stream().map(part -> withSlots(part, slots)).toList(), tokens);
        }

        private static Tensor withSlots(Tensor pattern, long slots) {
            if (pattern.size(-1) == slots) {
                return pattern;
            }
            long[] rest = pattern.shape().toArray();
            rest[rest.length - 1] = slots - pattern.size(-1);
            return Tensor.cat(List.of(pattern, Tensor.zeros(pattern.dtype(), pattern.device(), rest)), -1);
        }
    }
}
