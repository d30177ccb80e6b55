package dev.pintle.model;

import dev.pintle.chat.StreamingDecoder;
import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes token after token for a batch of rows that share a key-value cache but nothing else. */
final class Generator {
    private final ForwardPass forward;
    private final @Nullable GraphDecoder graphs;
    private final ModelConfig config;
    private final ModelText words;
    private final Set<Integer> stopIds;
    private final List<Hook> hooks;

    Generator(LoadedTransformer transformer, ModelText words, Set<Integer> stopIds, List<Hook> hooks) {
        this.forward = transformer.forward();
        this.graphs = transformer.graphs().orElse(null);
        this.config = transformer.config();
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
            while (isGoingOn(rows)) {
                int[] chosen = step(next, cache, promptLengths, all, rows);
                if (isGoingOn(rows) && decodedAsGraph(rows, cache, chosen)) {
                    break;
                }
                next = TokenBatch.of(
                        Arrays.stream(chosen).mapToObj(id -> new int[] {id}).toList());
            }
        }
        return rows.stream().map(Row::finished).toList();
    }

    private static boolean isGoingOn(List<Row> rows) {
        return rows.stream().anyMatch(row -> row.reason == null);
    }

    /** Finishes all rows on the GPU, if what they ask for can be recorded there. */
    private boolean decodedAsGraph(List<Row> rows, KvCache cache, int[] chosen) {
        if (graphs == null || rows.size() > GraphDecoder.MOST_ROWS) {
            return false;
        }
        int newTokens = rows.stream()
                .mapToInt(row -> row.request.decoding().maxNewTokens())
                .max()
                .orElse(0);
        int longest =
                rows.stream().mapToInt(row -> row.request.prompt().length).max().orElse(0);
        if (longest + newTokens > config.maxPositions()) {
            return false;
        }
        try (TensorScope scope = TensorScope.open("decode on the GPU")) {
            Map<Integer, Tensor> added = new ConstantAdditions(config, hooks, newTokens)
                    .byLayer(rows.stream().map(row -> row.request).toList());
            if (added == null) {
                return false;
            }
            synchronized (graphs) {
                List<Sampler> samplers = rows.stream().map(row -> row.sampler).toList();
                RecordedStep step = graphs.start(cache, added, samplers, newTokens);
                step.feed(chosen);
                step.launch();
                while (isGoingOn(rows)) { // the GPU is always given the next step before the last one is read
                    step.launch();
                    Sampler.Choice[] choices = step.await();
                    rows.forEach(row -> row.take(choices[row.index]));
                }
            }
            return true;
        }
    }

    /** The next token of each row. */
    private int[] step(TokenBatch batch, KvCache cache, int[] promptLengths, List<Hook> all, List<Row> rows) {
        int[] chosen = new int[rows.size()];
        try (TensorScope scope = TensorScope.open("generate a token")) {
            RunOptions options = RunOptions.lastLogits().continuing(cache);
            Tensor logits = forward.run(batch, options, all, promptLengths).logits(); // [batch, dVocab]
            if (logits.device().kind() == Device.Kind.CUDA && areGreedy(rows)) {
                int[] ids = logits.argmax().toInts();
                float[] logProbs = logits.logSoftmax().max(-1, false).toFloats();
                rows.forEach(
                        row -> chosen[row.index] = row.take(new Sampler.Choice(ids[row.index], logProbs[row.index])));
            } else {
                rows.forEach(row -> chosen[row.index] =
                        row.accept(logits.select(0, row.index).toFloats()));
            }
        }
        return chosen;
    }

    private static boolean areGreedy(List<Row> rows) {
        return rows.stream().allMatch(row -> row.request.decoding() instanceof Decoding.Greedy);
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
            return take(sampler.next(logits));
        }

        /** Takes a token that was chosen elsewhere. */
        int take(Sampler.Choice choice) {
            if (reason != null) {
                return choice.id();
            }
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
