package dev.pintle.transformer.gpu;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Memory;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RopeTables;
import dev.pintle.transformer.Transformer;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lends slots for decoding on a GPU with recorded steps, for Llama-like families whose hooks change nothing but single
 * activations between blocks.
 */
public final class SlotLender implements AutoCloseable {
    /** Maximum number of rows of a recorded step. */
    public static final int MOST_ROWS = 256;

    private static final int FEW_SLOTS = 16;
    private static final int FEW_ROWS = 8; // measured: beyond that, libtorch's products are faster
    private static final int FEWEST_PAGES = 64;
    private static final int KEPT = 3;
    private static final int KEPT_SHARE = 4; // 1/4 of the GPU's memory, for the pages of all slots together

    private final Transformer transformer;
    private final ModelConfig config;
    private final Device device;
    private final DType dtype;
    private final RopeTables tables;
    private final LendingPool<Key, Slots> lent;

    /** What slots are made for. */
    private record Key(int slots, int pages, boolean exact) {}

    /** @param tables must outlive this decoder */
    public SlotLender(Transformer transformer, ModelConfig config, Device device, DType dtype, RopeTables tables) {
        this.transformer = transformer;
        this.config = config;
        this.device = device;
        this.dtype = dtype;
        this.tables = tables;
        this.lent = new LendingPool<>(KEPT, this::mostBytes, key -> bytes(key.pages), this::make);
    }

    /**
     * Whether the environment variable allows recording steps.
     *
     * @throws dev.pintle.base.PintleException for an invalid value
     */
    static boolean recordsSteps(@Nullable String value) {
        return switch (value == null ? "" : value.strip().toLowerCase(Locale.ROOT)) {
            case "", "on", "1", "true" -> true;
            case "off", "0", "false" -> false;
            default ->
                throw Problem.of("PINTLE_CUDA_GRAPHS must be on or off.")
                        .fact("expected", "on or off")
                        .fact("but was", Excerpt.of(value))
                        .toException();
        };
    }

    /** Bytes that the pages of all slots together may take. */
    public long mostBytes() {
        return Engine.gpuMemory(device).total() / KEPT_SHARE;
    }

    /**
     * Takes slots; empty if all are in use and there is no room for more. They belong to the caller until {@link #giveBack}.
     *
     * @param rows that will be decoded together, at most {@link #MOST_ROWS}
     * @param tokens that they may come to have together, each rounded up to whole pages
     * @param exact whether a row's bits must not depend on the number of rows
     */
    public Optional<Slots> take(int rows, long tokens, boolean exact) {
        int slots = rows <= FEW_SLOTS ? FEW_SLOTS : MOST_ROWS;
        long room = mostBytes() / bytes(1);
        long pages = Math.min(room, rounded(Math.max(FEWEST_PAGES, tokens / Slots.PAGE)));
        return lent.take(new Key(slots, Math.toIntExact(Math.max(1, pages)), exact));
    }

    /** Returns slots, all of them free, to the pool. */
    public void giveBack(Slots slots) {
        lent.giveBack(slots);
    }

    /** A number of pages rounded up by at most a quarter, so that slots can be used again. */
    private static long rounded(long pages) {
        long grain = Math.max(1, Long.highestOneBit(pages) / 4);
        return (pages + grain - 1) / grain * grain;
    }

    private long bytes(long pages) {
        return KvCache.bytes(config, dtype, 1, pages * Slots.PAGE);
    }

    /** Whether a row's bits can be made independent of the number of rows, at any number of rows. */
    public boolean canBeExact() {
        return OwnProductsStep.suits(transformer) || LibraryStep.isExact(transformer);
    }

    private Slots make(Key key) {
        Memory.requireRoomForDecoding(
                config,
                dtype,
                device,
                key.slots,
                Math.max(1, key.pages * Slots.PAGE / key.slots),
                () -> Engine.availableMemory(device));
        SlotMemory memory = new SlotMemory(tables, config, device, dtype, key.slots, key.pages);
        return new RecordedSlots(
                memory,
                config,
                key.pages,
                kind -> kind.products() == StepKind.Products.OWN && OwnProductsStep.suits(transformer)
                        ? new OwnProductsStep(transformer, config, memory, kind)
                        : new LibraryStep(transformer, config, memory, kind),
                rows -> products(rows, key.exact));
    }

    private StepKind.Products products(int rows, boolean exact) {
        boolean own = canBeExact() && (exact || rows <= FEW_ROWS);
        return own ? StepKind.Products.OWN : StepKind.Products.LIBRARY;
    }

    @Override
    public void close() {
        lent.close();
    }
}
