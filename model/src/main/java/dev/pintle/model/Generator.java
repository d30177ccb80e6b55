package dev.pintle.model;

import dev.pintle.tensor.Device;
import dev.pintle.text.ModelText;
import dev.pintle.text.StreamingDecoder;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Generates token by token for rows that are independent of each other. */
final class Generator {
    private final LoadedTransformer transformer;
    private final ModelText words;
    private final Set<Integer> stopIds;
    private final List<Hook> hooks;

    Generator(LoadedTransformer transformer, ModelText words, Set<Integer> stopIds, List<Hook> hooks) {
        this.transformer = transformer;
        this.words = words;
        this.stopIds = stopIds;
        this.hooks = hooks;
    }

    List<Generated> generate(List<GenerationRequest> requests, GenerationListener listener) {
        transformer.expectGeneration();
        ForwardPass forward = transformer.forward();
        ModelConfig config = transformer.config();
        List<GenerationRow> rows = new ArrayList<>();
        for (GenerationRequest request : requests) {
            forward.requireFits(request.hooks());
            boolean hasText = words.hasTokenizer() || !request.stopStrings().isEmpty();
            StreamingDecoder decoder = hasText ? words.tokenizer().stream(true) : null;
            rows.add(new GenerationRow(rows.size(), request, listener, stopIds, config.maxPositions(), decoder));
        }
        forward.check(
                TokenBatch.of(requests.stream().map(GenerationRequest::prompt).toList()), RunOptions.lastLogits());
        List<GenerationRow> waiting =
                rows.stream().filter(row -> !row.hasEnded()).toList();
        Overflow overflow = new Overflow(forward, config, transformer.dtype(), hooks);
        if (!transformer.device().equals(Device.CPU) && !waiting.isEmpty()) {
            new StaticBatch(transformer, hooks, overflow).write(waiting);
        } else {
            List<GenerationRow> joining = waiting.stream().filter(this::joins).toList();
            new ContinuousBatch(forward, config, hooks, overflow, transformer.promptsRunTogether()).write(joining);
            waiting.stream()
                    .filter(row -> !joining.contains(row))
                    .forEach(row -> new StaticBatch(transformer, hooks, overflow).write(List.of(row)));
        }
        return rows.stream().map(GenerationRow::finished).toList();
    }

    /** Whether a row decodes with others: keys and values are in FP32 at most, and no hook reads the attention pattern. */
    private boolean joins(GenerationRow row) {
        return KvRows.suits(transformer.device(), transformer.dtype())
                && Stream.concat(hooks.stream(), row.request().hooks().stream())
                        .flatMap(hook -> hook.points().stream())
                        .noneMatch(point -> point.site() == HookPoint.Site.ATTN_PATTERN);
    }
}
