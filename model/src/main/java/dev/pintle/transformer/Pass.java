package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint.Site;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What accompanies the residual stream through one forward pass: hooks, positions, masks and the KV cache. */
public final class Pass {
    private final BoundHooks hooks;
    private final Layout layout;
    private final @Nullable KvCache cache;
    private final @Nullable KvRows rows;
    private final RopeTables tables;
    private final Device device;
    private final TensorScope scope;
    private final int past;
    private final int narrowing;
    private final boolean regular; // whether all rows have the same positions, from 0 on, without padding
    private final IdentityHashMap<Rope, Rope.Turn> turns = new IdentityHashMap<>();
    private final Map<Integer, Tensor> masks = new HashMap<>();

    /**
     * @param cache receives the keys and values of this pass; null for none
     * @param narrowing the layer after whose attention only the last token is needed; -1 for none
     * @param scope owns the tensors that the pass shares between blocks
     */
    public Pass(
            BoundHooks hooks,
            Layout layout,
            @Nullable KvCache cache,
            RopeTables tables,
            Device device,
            int narrowing,
            TensorScope scope) {
        this(hooks, layout, cache, null, tables, device, narrowing, scope);
    }

    private Pass(
            BoundHooks hooks,
            Layout layout,
            @Nullable KvCache cache,
            @Nullable KvRows rows,
            RopeTables tables,
            Device device,
            int narrowing,
            TensorScope scope) {
        this.hooks = hooks;
        this.layout = layout;
        this.cache = cache;
        this.rows = rows;
        this.tables = tables;
        this.device = device;
        this.narrowing = narrowing;
        this.scope = scope;
        this.past = cache == null ? 0 : cache.slots();
        if (cache != null) {
            cache.begin(layout);
        }
        this.regular = layout.isRegular() && pastIsRegular();
    }

    /**
     * A pass of the next tokens of each of the rows, which receive their keys and values. Of more than one token a row, it
     * can only go through blocks on the Java heap.
     *
     * @param narrowing the layer after whose attention only the last token is needed; -1 for none
     */
    public static Pass ofRows(
            BoundHooks hooks,
            Layout layout,
            KvRows rows,
            RopeTables tables,
            Device device,
            int narrowing,
            TensorScope scope) {
        return new Pass(hooks, layout, null, rows, tables, device, narrowing, scope);
    }

    /** The positions of the pass's tokens. */
    public Layout layout() {
        return layout;
    }

    /** Absolute positions `[batch, tokens]`; 0 for padding. */
    Tensor positions() {
        int[] positions = layout.flatPositions();
        for (int i = 0; i < positions.length; i++) {
            positions[i] = Math.max(0, positions[i]);
        }
        return Tensor.of(positions, layout.batch(), layout.tokens()).to(device);
    }

    /** Whether everything after a layer's attention is only needed for the last token of each row. */
    public boolean needsOnlyLast(int layer) {
        return layer == narrowing;
    }

    /**
     * The part of the residual stream that is still needed after a layer's attention has read it.
     *
     * @param resid `[batch, tokens, dModel]`
     * @return the same, or its last token `[batch, 1, dModel]`
     */
    public Tensor needed(int layer, Tensor resid) {
        return needsOnlyLast(layer) ? resid.narrow(1, resid.size(1) - 1, 1) : resid;
    }

    /** Applies all hooks at a site of a block; returns the resulting activation. */
    public Tensor hook(Site site, int layer, Tensor activation) {
        return hooks.apply(site, layer, activation, layout);
    }

    /** The same for a site before the first or after the last block. */
    public Tensor hook(Site site, Tensor activation) {
        return hook(site, -1, activation);
    }

    /** Whether any hook looks inside a block: at any site but the residual stream before and after it. */
    public boolean seesInside(int layer) {
        return hooks.seesInside(layer);
    }

    /** Whether there are hooks at this site. */
    public boolean isSeen(Site site, int layer) {
        return hooks.sees(site, layer);
    }

    /** The rotation of this pass's tokens, computed once per pass. */
    public Rope.Turn turn(Rope rope) {
        return turns.computeIfAbsent(rope, r -> {
            Rope.Turn turn = tables.turn(r, layout);
            scope.adopt(turn.cos()); // allocated inside the first block, used by all
            scope.adopt(turn.sin());
            return turn;
        });
    }

    /** Number of slots before this pass. */
    public int past() {
        return past;
    }

    /** The KV cache; null if there is none. */
    @Nullable
    public KvCache cache() {
        return cache;
    }

    /** Cosines and sines of all positions of this pass, on the Java heap. */
    public RopeTables.HeapTable heapTable(Rope rope) {
        return tables.heapTable(rope, layout.maxPosition() + 1);
    }

    /** Absolute position of the token in a slot, or {@link Layout#PADDING}; slots of this pass come last. */
    public int slotPosition(int row, int slot) {
        return keyPosition(row, slot);
    }

    /** The rows that decode together; null if this pass has a KV cache or none. */
    @Nullable
    public KvRows rows() {
        return rows;
    }

    /** Stores keys and values; returns those of this pass and all previous ones. */
    public KvCache.Entry remember(int layer, Tensor keys, Tensor values) {
        return cache == null ? new KvCache.Entry(keys, values) : cache.append(layer, keys, values);
    }

    /**
     * What a recurrent layer remembers of each row before this pass, which the pass changes.
     *
     * @param first makes what a row begins with
     */
    RecurrentState[] states(int layer, Supplier<RecurrentState> first) {
        if (rows != null) {
            return rows.states(layer, first);
        }
        return cache != null
                ? cache.states(layer, layout.tokens(), first)
                : Stream.generate(first).limit(layout.batch()).toArray(RecurrentState[]::new);
    }

    /** Whether a plain causal mask from the first slot on is sufficient. */
    public boolean isCausal(@Nullable Integer window) {
        return past == 0 && layout.tokens() > 1 && layout.isRegular() && !bites(window);
    }

    /**
     * The attention mask `[batch or 1, 1, tokens, slots]`, true where a query may attend; null if no explicit mask is
     * needed.
     */
    @Nullable
    public Tensor mask(@Nullable Integer window) {
        if (isCausal(window) || (layout.tokens() == 1 && !bites(window) && regular)) {
            return null;
        }
        return masks.computeIfAbsent(window == null ? Integer.MAX_VALUE : window, this::buildMask);
    }

    /** The inverse of {@link #mask}, true where a query may not attend; null if it may attend everywhere. */
    @Nullable
    public Tensor hidden(@Nullable Integer window) {
        if (layout.tokens() == 1 && !bites(window) && regular) {
            return null;
        }
        return masks.computeIfAbsent(window == null ? Integer.MAX_VALUE : window, this::buildMask)
                .not();
    }

    private boolean bites(@Nullable Integer window) {
        return window != null && past + layout.tokens() > window;
    }

    private boolean pastIsRegular() {
        for (int slot = 0; slot < past; slot++) {
            for (int row = 0; row < layout.batch(); row++) {
                if (keyPosition(row, slot) != slot) {
                    return false;
                }
            }
        }
        return true;
    }

    private int keyPosition(int row, int slot) {
        return cache == null ? layout.position(row, slot) : cache.position(row, slot);
    }

    private Tensor buildMask(int window) {
        int rows = regular ? 1 : layout.batch();
        int tokens = layout.tokens();
        int slots = past + tokens;
        boolean[] visible = new boolean[Math.toIntExact((long) rows * tokens * slots)];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < tokens; t++) {
                int query = layout.position(row, t);
                for (int slot = 0; slot < slots; slot++, at++) {
                    int key = keyPosition(row, slot);
                    boolean reaches = key != Layout.PADDING && key <= query && query - key < window;
                    // padding attends to itself, so that its softmax is defined; nothing else attends to padding
                    visible[at] = query == Layout.PADDING ? slot == past + t : reaches;
                }
            }
        }
        return scope.adopt(Tensor.of(visible, rows, 1, tokens, slots).to(device));
    }
}
