package dev.pintle.model;

import dev.pintle.chat.StreamingDecoder;
import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes token after token for a batch of rows that share a key-value cache but nothing else. */
final class Generator {
    private final ForwardPass forward;
    private final ModelText words;
    private final Set<Integer> stopIds;
    private final List<Hook> hooks;

    Generator(ForwardPass forward, ModelText words, Set<Integer> stopIds, List<Hook> hooks) {
        this.forward = forward;
        this.words = words;
        this.stopIds = stopIds;
        this.hooks = hooks;
    }

    List<Generated> generate(List<GenerationRequest> requests, GenerationListener listener) {
        List<Row> rows = new ArrayList<>();
        for (GenerationRequest request : requests) {
            rows.add(new Row(rows.size(), request, listener));
        }
        int[] promptLengths =
                rows.stream().mapToInt(row -> row.request.prompt().length).toArray();
        TokenBatch next =
                TokenBatch.of(requests.stream().map(GenerationRequest::prompt).toList());
        try (KvCache cache = forward.newCache();
                RowHooks own = new RowHooks(
                        requests.stream().map(GenerationRequest::hooks).toList())) {
            List<Hook> all = new ArrayList<>(hooks);
            all.add(own);
            while (rows.stream().anyMatch(row -> row.reason == null)) {
                float[][] logits = step(next, cache, promptLengths, all);
                int[][] chosen = new int[rows.size()][];
                for (Row row : rows) {
                    chosen[row.index] = new int[] {row.accept(logits[row.index])};
                }
                next = TokenBatch.of(chosen);
            }
        }
        return rows.stream().map(Row::finished).toList();
    }

    private float[][] step(TokenBatch batch, KvCache cache, int[] promptLengths, List<Hook> all) {
        try (TensorScope scope = TensorScope.open("generate a token")) {
            RunOptions options = RunOptions.lastLogits().continuing(cache);
            Tensor logits = forward.run(batch, options, all, promptLengths).logits(); // [batch, dVocab]
            float[][] rows = new float[batch.batch()][];
            Arrays.setAll(rows, row -> logits.select(0, row).toFloats());
            return rows;
        }
    }

    /** One row on its way. */
    private final class Row {
        private final int index;
        private final GenerationRequest request;
        private final GenerationListener listener;
        private final Sampler sampler;
        private final @Nullable StreamingDecoder decoder;
        private final StringBuilder text = new StringBuilder();
        private final List<Sampler.Choice> choices = new ArrayList<>();
        private @Nullable StopReason reason;

        Row(int index, GenerationRequest request, GenerationListener listener) {
            this.index = index;
            this.request = request;
            this.listener = listener;
            this.sampler = new Sampler(request.decoding(), request.prompt());
            this.decoder =
                    words.hasTokenizer() || !request.stopStrings().isEmpty() ? words.tokenizer().stream(true) : null;
            this.reason = request.decoding().maxNewTokens() == 0 ? StopReason.LENGTH : null;
        }

        /** Takes the next token from the logits; a row that has ended repeats its last token, which nobody reads. */
        int accept(float[] logits) {
            if (reason != null) {
                return request.prompt()[0];
            }
            Sampler.Choice choice = sampler.next(logits);
            if (stopIds.contains(choice.id())) {
                end(StopReason.STOP_TOKEN);
                return choice.id();
            }
            choices.add(choice);
            say(decoder == null ? "" : decoder.add(choice.id()));
            if (reason == null && choices.size() == request.decoding().maxNewTokens()) {
                end(StopReason.LENGTH);
            }
            return choice.id();
        }

        private void say(String piece) {
            text.append(piece);
            for (String stop : request.stopStrings()) {
                int at = text.indexOf(stop);
                if (at >= 0) {
                    text.setLength(at);
                    reason = StopReason.STOP_STRING;
                    return;
                }
            }
            if (!listener.onText(index, piece)) {
                reason = StopReason.CANCELLED;
            }
        }

        private void end(StopReason why) {
            String rest = decoder == null ? "" : decoder.finish();
            if (!rest.isEmpty()) {
                say(rest);
            }
            reason = reason == null ? why : reason;
        }

        Generated finished() {
            return new Generated(
                    request.prompt(),
                    choices.stream().mapToInt(Sampler.Choice::id).toArray(),
                    text.toString(),
                    choices.stream().mapToDouble(Sampler.Choice::logProbability).toArray(),
                    reason == null ? StopReason.LENGTH : reason);
        }
    }
}
