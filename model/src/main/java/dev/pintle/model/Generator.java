package dev.pintle.model;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.text.ModelText;
import dev.pintle.text.StreamingDecoder;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Generates token by token for rows that are independent of each other. */
final class Generator {
    private final LoadedTransformer transformer;
    private final ForwardPass forward;
    private final ModelText words;
    private final Set<Integer> stopIds;
    private final List<Hook> hooks;

    /** @param hooks of all rows, before their own */
    Generator(LoadedTransformer transformer, ModelText words, Set<Integer> stopIds, List<Hook> hooks) {
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
        if (!joinRows()) {
            new StaticBatch(transformer, hooks, overflow(), failures).write(rows);
            return;
        }
        List<GenerationRow> joining = rows.stream().filter(this::joins).toList();
        continuous(null).write(joining, failures);
        rows.stream().filter(row -> !joins(row)).forEach(row -> writeAlone(row, failures));
    }

    /** Generates one row by itself on a CPU. */
    void writeAlone(GenerationRow row, Lane.Failures failures) {
        new LoneRow(forward, hooks, overflow(), failures).write(row);
    }

    /** Bytes that the keys and values of a row and its twin may come to take. */
    long bytes(GenerationRow row) {
        return joins(row)
                ? Lane.count(row) * KvRows.bytes(transformer.config(), row.longest())
                : KvCache.bytes(transformer.config(), transformer.dtype(), Lane.count(row), row.longest());
    }

    /**
     * Bytes that keys and values may take together.
     *
     * @param reserved what they take already
     */
    long room(long reserved) {
        return joinRows()
                ? KvRows.room()
                : reserved + Engine.availableMemory(transformer.device()).orElse(0);
    }

    /**
     * An empty batch for rows that {@link #joins join}.
     *
     * @param prefixes what prompts may begin with, or null
     */
    ContinuousBatch continuous(@Nullable PrefixCache prefixes) {
        return new ContinuousBatch(
                forward, transformer.config(), hooks, overflow(), transformer.promptsRunTogether(), prefixes);
    }

    /**
     * An empty cache of what prompts may begin with; null where prompts can't be run in parts without changing bits, or for
     * 0 bytes.
     *
     * @param bytes that it may take, at most half of the room for rows
     */
    @Nullable
    PrefixCache prefixes(long bytes) {
        return transformer.promptsRunTogether() && bytes > 0
                ? new PrefixCache(transformer.config(), Math.min(bytes, KvRows.room() / 2))
                : null;
    }

    private Overflow overflow() {
        return new Overflow(forward, transformer.config(), transformer.dtype(), hooks);
    }

    /** Whether rows join and leave while others decode; otherwise, they start together. */
    boolean joinRows() {
        return transformer.device().equals(Device.CPU);
    }

    /**
     * Whether a row decodes with others: keys and values are in FP32 at most and fit on the Java heap, and no hook reads
     * the attention pattern.
     */
    boolean joins(GenerationRow row) {
        return KvRows.suits(transformer.device(), transformer.dtype())
                && Lane.count(row) * KvRows.bytes(transformer.config(), row.longest()) <= KvRows.room()
                && Stream.of(hooks, row.request().hooks(), twinHooks(row.request()))
                        .flatMap(List::stream)
                        .flatMap(hook -> hook.points().stream())
                        .noneMatch(point -> point.site() == HookPoint.Site.ATTN_PATTERN);
    }
}
