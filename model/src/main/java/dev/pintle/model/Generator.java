package dev.pintle.model;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.text.ModelText;
import dev.pintle.text.StreamingDecoder;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.KvPart;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.SlotLender;
import dev.pintle.transformer.gpu.Slots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Generates token by token for rows that are independent of each other. */
final class Generator {
    private static final double SHARE_OF_AN_ENGINE =
            0.75; // of what recorded steps may take; the rest is for other callers
    private static final int NODE = 16; // tokens whose keys and values are kept together, on a CPU

    private final LoadedTransformer transformer;
    private final ForwardPass forward;
    private final ModelText words;
    private final Set<Integer> stopIds;
    private final List<Hook> hooks;
    private final EngineOptions options;

    /**
     * @param hooks of all rows, before their own
     * @param options of which one generation, too, keeps to rows, room and exactness
     */
    Generator(
            LoadedTransformer transformer,
            ModelText words,
            Set<Integer> stopIds,
            List<Hook> hooks,
            EngineOptions options) {
        this.options = options;
        this.transformer = transformer;
        this.forward = transformer.forward();
        this.words = words;
        this.stopIds = stopIds;
        this.hooks = hooks;
        transformer.expectGeneration();
    }

    List<Generated> generate(List<GenerationRequest> requests, GenerationListener listener) {
        List<GenerationRow> rows = new ArrayList<>();
        for (GenerationRequest request : requests) {
            int index = rows.size();
            rows.add(row(index, request, piece -> listener.onText(index, piece.text())));
        }
        forward.check(
                TokenBatch.of(requests.stream().map(GenerationRequest::prompt).toList()), RunOptions.lastLogits());
        List<GenerationRow> going = rows.stream().filter(row -> !row.hasEnded()).toList();
        if (!going.isEmpty()) {
            write(going, (failed, cause) -> {
                throw cause;
            });
        }
        return rows.stream().map(GenerationRow::finished).toList();
    }

    /**
     * A row to be generated.
     *
     * @param index of the request
     * @throws IllegalArgumentException if one of its hooks does not fit the model
     */
    GenerationRow row(int index, GenerationRequest request, GenerationRow.Reader reader) {
        forward.requireFits(request.hooks());
        forward.requireFits(twinHooks(request));
        boolean hasText = words.hasTokenizer() || !request.stopStrings().isEmpty();
        StreamingDecoder decoder = hasText ? words.tokenizer().stream(true) : null;
        int context = transformer.config().maxPositions();
        return new GenerationRow(index, request, reader, stopIds, context, decoder);
    }

    /** @throws IllegalArgumentException for ids outside the vocabulary, or a prompt longer than the model's context */
    void check(GenerationRequest request) {
        forward.check(TokenBatch.of(request.prompt()), RunOptions.lastLogits());
    }

    private static List<? extends Hook> twinHooks(GenerationRequest request) {
        List<? extends Hook> twin = request.reporting().twin();
        return twin == null ? List.of() : twin;
    }

    /**
     * Generates until every row has ended.
     *
     * @param failures told of rows that can't go on
     */
    void write(List<GenerationRow> rows, Lane.Failures failures) {
        List<GenerationRow> joining = rows.stream().filter(this::joins).toList();
        List<GenerationRow> others = rows.stream().filter(row -> !joins(row)).toList();
        if (!joining.isEmpty()) {
            write(joining, Arrivals.of(joining, failures));
        }
        if (isOnCpu()) {
            others.forEach(row -> writeAlone(row, failures));
        } else if (!others.isEmpty()) {
            new StaticBatch(forward, hooks, overflow(), failures).write(others);
        }
    }

    /** Generates rows that {@link #joins join}. */
    private void write(List<GenerationRow> rows, Arrivals arrivals) {
        SlotLender lender = transformer.lender().orElse(null);
        if (lender == null) {
            continuous(null).write(arrivals);
            return;
        }
        int lanes = rows.stream().mapToInt(Lane::count).sum();
        long tokens = rows.stream().mapToLong(SlotBatch::pages).sum() * Slots.PAGE;
        Optional<Slots> free = lender.take(
                Math.min(lanes, Math.min(SlotLender.MOST_ROWS, options.mostRows())), tokens, !options.fast());
        if (free.isEmpty()) {
            new StaticBatch(forward, hooks, overflow(), arrivals).write(rows);
            return;
        }
        write(lender, free.get(), arrivals, 0);
    }

    private void write(SlotLender lender, Slots slots, Arrivals arrivals, long keptPages) {
        try {
            new SlotBatch(
                            forward,
                            transformer.config(),
                            hooks,
                            overflow(),
                            slots,
                            options.mostRows(),
                            keptPages,
                            options.fast())
                    .write(arrivals);
        } finally {
            lender.giveBack(slots);
        }
    }

    /**
     * Generates for rows as they arrive, until no more come.
     */
    void join(Arrivals arrivals) {
        SlotLender lender = transformer.lender().orElse(null);
        if (lender == null) {
            continuous(prefixes()).write(arrivals);
            return;
        }
        long pageBytes = KvCache.bytes(transformer.config(), transformer.dtype(), 1, Slots.PAGE);
        Slots slots = taken(lender, Math.max(1, room(0) / pageBytes));
        write(lender, slots, arrivals, options.cacheBytes() / pageBytes);
    }

    /** Slots with so many pages, or fewer if other engines or the GPU's memory leave no room for as many. */
    private Slots taken(SlotLender lender, long pages) {
        PintleException full = null;
        for (long fewer = pages; fewer > 0; fewer /= 2) {
            try {
                Optional<Slots> slots = lender.take(
                        Math.min(SlotLender.MOST_ROWS, options.mostRows()), fewer * Slots.PAGE, !options.fast());
                if (slots.isPresent()) {
                    return slots.get();
                }
            } catch (PintleException e) {
                full = e;
            }
        }
        throw full != null
                ? full
                : Problem.of("The GPU has no room for another engine of this model.")
                        .fact("try", "closing the other engine")
                        .toException();
    }

    /** Which numbers of rows leave a row the bits that it has alone. */
    RowCheck check(Duration time) {
        return RowCheck.of(this, transformer.config().dVocab(), time);
    }

    /** Generates one row by itself, without a recorded step. */
    void writeAlone(GenerationRow row, Lane.Failures failures) {
        new LoneRow(forward, hooks, overflow(), failures).write(row);
    }

    /** Bytes that the keys and values of a row and its twin may come to take. */
    long bytes(GenerationRow row) {
        return isOnCpu() && joins(row)
                ? Lane.count(row) * KvRows.bytes(transformer.config(), row.longest())
                : KvCache.bytes(transformer.config(), transformer.dtype(), Lane.count(row), row.longest());
    }

    /**
     * Bytes that keys and values may take together.
     *
     * @param reserved what they take already
     */
    long room(long reserved) {
        if (isOnCpu()) {
            return Math.min(KvRows.room(), options.roomBytes());
        }
        long own = transformer
                .lender()
                .map(lender -> (long) (SHARE_OF_AN_ENGINE * lender.mostBytes()))
                .orElseGet(() ->
                        reserved + Engine.availableMemory(transformer.device()).orElse(0));
        return Math.min(own, options.roomBytes());
    }

    private ContinuousBatch continuous(@Nullable PrefixCache<KvPart> prefixes) {
        return new ContinuousBatch(
                forward,
                transformer.config(),
                hooks,
                overflow(),
                transformer.promptsRunTogether(),
                new ContinuousBatch.Limits(options.mostRows(), room(0)),
                prefixes);
    }

    /**
     * An empty cache of what prompts may begin with; null where prompts can't be run in parts without changing bits, or for
     * 0 bytes.
     */
    private @Nullable PrefixCache<KvPart> prefixes() {
        if (!transformer.promptsRunTogether() || options.cacheBytes() == 0) {
            return null;
        }
        long node = KvPart.bytes(transformer.config(), NODE);
        return new PrefixCache<>(
                new PrefixCache.Grain(NODE, false), Math.min(options.cacheBytes(), room(0) / 2) / node, part -> {});
    }

    private Overflow overflow() {
        return new Overflow(forward, transformer.config(), transformer.dtype(), hooks);
    }

    private boolean isOnCpu() {
        return transformer.device().equals(Device.CPU);
    }

    /** Whether rows join and leave while others decode; otherwise, they start together. */
    boolean joinRows() {
        return isOnCpu() || transformer.lender().isPresent();
    }

    /** Whether the bits of a row's numbers do not depend on what runs beside it. */
    boolean isExact() {
        return isOnCpu()
                || transformer
                        .lender()
                        .map(lender -> !options.fast() && lender.canBeExact())
                        .orElse(false);
    }

    /**
     * Whether a row decodes with others. On a CPU: keys and values are in FP32 at most and fit on the Java heap, and no hook
     * reads the attention pattern. On a GPU: its hooks can be part of a recorded step, and it fits into its memory.
     */
    boolean joins(GenerationRow row) {
        return transformer.lender().isPresent() ? fitsSlots(row) : fitsHeap(row);
    }

    private boolean fitsHeap(GenerationRow row) {
        return KvRows.suits(transformer.device(), transformer.dtype())
                && Lane.count(row) * KvRows.bytes(transformer.config(), row.longest()) <= room(0)
                && Stream.of(hooks, row.request().hooks(), twinHooks(row.request()))
                        .flatMap(List::stream)
                        .flatMap(hook -> hook.points().stream())
                        .noneMatch(point -> point.site() == HookPoint.Site.ATTN_PATTERN);
    }

    private boolean fitsSlots(GenerationRow row) {
        long bytes =
                KvCache.bytes(transformer.config(), transformer.dtype(), 1, (long) SlotBatch.pages(row) * Slots.PAGE);
        return bytes <= room(0)
                && transformer.routes().ofSteps(List.of(row.request()), hooks).kind() == Route.Kind.RECORDED;
    }
}
