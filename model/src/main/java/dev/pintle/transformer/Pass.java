package dev.pintle.transformer;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint.Site;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What travels with the residual stream through one forward pass: hooks, positions, masks and the key-value cache. */
public final class Pass {
    private final BoundHooks hooks;
    private final Layout layout;
    private final @Nullable KvCache cache;
    private final RopeTables tables;
    private final Device device;
    private final TensorScope scope;
    private final int past;
    private final IdentityHashMap<Rope, Rope.Turn> turns = new IdentityHashMap<>();
    private final Map<Integer, Tensor> masks = new HashMap<>();

    public Pass(
            BoundHooks hooks,
            Layout layout,
            @Nullable KvCache cache,
            RopeTables tables,
            Device device,
            TensorScope scope) {
        this.hooks = hooks;
        this.layout = layout;
        this.cache = cache;
        this.tables = tables;
        this.device = device;
        this.scope = scope;
        this.past = cache == null ? 0 : cache.slots();
        if (cache != null) {
            cache.begin(layout);
        }
    }

    Layout layout() {
        return layout;
    }

    /** The activation after every hook at this place has seen it. */
    public Tensor hook(Site site, int layer, Tensor activation) {
        return hooks.apply(site, layer, activation, layout);
    }

    /** Whether any hook wants to see this place. */
    public boolean isSeen(Site site, int layer) {
        return hooks.sees(site, layer);
    }

    public Rope.Turn turn(Rope rope) {
        return turns.computeIfAbsent(rope, r -> {
            Rope.Turn turn = tables.turn(r, layout);
            scope.adopt(turn.cos()); // made inside the first block, used by all
            scope.adopt(turn.sin());
            return turn;
        });
    }

    /** Slots that were there before this pass. */
    public int past() {
        return past;
    }

    /** Where keys and values of a layer are remembered; null where they are not. */
    @Nullable
    public KvCache cache() {
        return cache;
    }

    /** Keys and values of this pass and of all before it. */
    KvCache.Entry remember(int layer, Tensor keys, Tensor values) {
        return cache == null ? new KvCache.Entry(keys, values) : cache.append(layer, keys, values);
    }

    /** Whether plain causal masking from the first slot on is all that is needed. */
    boolean isCausal(@Nullable Integer window) {
        return past == 0 && layout.tokens() > 1 && layout.isRegular() && !bites(window);
    }

    /** True where a query may look, `[batch or 1, 1, tokens, slots]`; null where no explicit mask is needed. */
    @Nullable
    Tensor mask(@Nullable Integer window) {
        if (isCausal(window) || (layout.tokens() == 1 && !bites(window) && pastIsRegular())) {
            return null;
        }
        return masks.computeIfAbsent(window == null ? Integer.MAX_VALUE : window, this::buildMask);
    }

    /** True where a query may not look, like {@link #mask}; null where it may look everywhere. */
    @Nullable
    Tensor hidden(@Nullable Integer window) {
        if (layout.tokens() == 1 && !bites(window) && pastIsRegular()) {
            return null;
        }
        return masks.computeIfAbsent(window == null ? Integer.MAX_VALUE : window, this::buildMask)
                .not();
    }

    private boolean bites(@Nullable Integer window) {
        return window != null && past + layout.tokens() > window;
    }

    private boolean pastIsRegular() {
        if (!layout.isRegular()) {
            return false;
        }
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
        boolean same = layout.isRegular() && pastIsRegular();
        int rows = same ? 1 : layout.batch();
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
                    // padding sees itself, so that its softmax has a value; nothing else ever sees padding
                    visible[at] = query == Layout.PADDING ? slot == past + t : reaches;
                }
            }
        }
        return scope.adopt(Tensor.of(visible, rows, 1, tokens, slots).to(device));
    }
}
