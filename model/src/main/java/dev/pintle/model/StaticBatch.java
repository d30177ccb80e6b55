package dev.pintle.model;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.Draw;
import dev.pintle.transformer.gpu.GraphDecoder;
import dev.pintle.transformer.gpu.RecordedStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Generates token by token for rows that start together, left-padded, and share a KV cache. A row that has ended leaves
 * the batch, so it costs nothing more and cannot cause the others to fail.
 */
final class StaticBatch {
    private final ForwardPass forward;
    private final Routes routes;
    private final @Nullable GraphDecoder graphs;
    private final ModelConfig config;
    private final List<Hook> hooks;
    private final Overflow overflow;

    /** @param hooks of all rows, before their own */
    StaticBatch(LoadedTransformer transformer, List<Hook> hooks, Overflow overflow) {
        this.forward = transformer.forward();
        this.routes = transformer.routes();
        this.graphs = transformer.graphs().orElse(null);
        this.config = transformer.config();
        this.hooks = hooks;
        this.overflow = overflow;
    }

    /** Generates until every row has ended. */
    void write(List<GenerationRow> rows) {
        try (InferenceMode mode = InferenceMode.begin();
                KvCache cache = forward.newCache()) {
            write(new ArrayList<>(rows), cache);
        }
    }

    private static TokenBatch prompts(List<GenerationRow> rows) {
        return TokenBatch.of(rows.stream().map(row -> row.request().prompt()).toList());
    }

    /** @param active rows that have not ended; empty afterwards */
    private void write(List<GenerationRow> active, KvCache cache) {
        RowHooks own = hooksOf(active);
        try {
            TokenBatch next = prompts(active);
            boolean first = true;
            while (true) {
                List<Integer> chosen = step(next, cache, own, active);
                if (leave(active, chosen, cache)) {
                    own.close();
                    own = hooksOf(active);
                }
                if (active.isEmpty() || (first && decodedAsGraph(active, cache, chosen))) {
                    return;
                }
                first = false;
                next = TokenBatch.of(chosen.stream().map(id -> new int[] {id}).toList());
            }
        } finally {
            own.close();
        }
    }

    static RowHooks hooksOf(List<GenerationRow> rows) {
        return new RowHooks(rows.stream().map(row -> row.request().hooks()).toList());
    }

    /**
     * Removes rows that have ended from everything that is indexed by row; the last row takes the place of a removed
     * one.
     */
    private static boolean leave(List<GenerationRow> active, List<Integer> chosen, KvCache cache) {
        int before = active.size();
        for (int row = before - 1; row >= 0; row--) {
            if (active.get(row).hasEnded()) {
                cache.remove(row);
                replaceByLast(active, row);
                replaceByLast(chosen, row);
            }
        }
        return active.size() < before;
    }

    static <T> void replaceByLast(List<T> list, int at) {
        T last = list.remove(list.size() - 1);
        if (at < list.size()) {
            list.set(at, last);
        }
    }

    /** The next token of each row. */
    private List<Integer> step(TokenBatch batch, KvCache cache, RowHooks own, List<GenerationRow> active) {
        List<Hook> all = new ArrayList<>(hooks);
        all.add(own);
        List<Choice> choices = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("generate a token")) {
            RunOptions options = RunOptions.lastLogits().continuing(cache);
            int[] lengths = each(active, row -> row.request().prompt().length);
            Tensor logits = forward.run(batch, options, all, lengths, each(active, GenerationRow::index))
                    .logits(); // [batch, dVocab]
            if (logits.device().kind() == Device.Kind.CUDA && areGreedy(active)) {
                int[] ids = logits.argmax().toInts();
                float[] logProbs = logits.logSoftmax().max(-1, false).toFloats();
                for (int row = 0; row < ids.length; row++) {
                    choices.add(new Choice(ids[row], logProbs[row]));
                }
            } else {
                for (int row = 0; row < active.size(); row++) {
                    choices.add(
                            active.get(row).sampler().next(logits.select(0, row).toFloats()));
                }
            }
        }
        for (int row = 0; row < active.size(); row++) {
            active.get(row).take(choices.get(row), overflow);
        }
        return new ArrayList<>(choices.stream().map(Choice::id).toList());
    }

    private static int[] each(List<GenerationRow> rows, ToIntFunction<GenerationRow> number) {
        return rows.stream().mapToInt(number).toArray();
    }

    private static boolean areGreedy(List<GenerationRow> rows) {
        return rows.stream().allMatch(row -> row.request().decoding() instanceof Decoding.Greedy);
    }

    /** Finishes all rows with a recorded step on the GPU, if their requests can be recorded and a recording is free. */
    private boolean decodedAsGraph(List<GenerationRow> active, KvCache cache, List<Integer> chosen) {
        List<GenerationRequest> requests =
                active.stream().map(GenerationRow::request).toList();
        if (graphs == null || routes.ofSteps(requests, hooks).kind() != Route.Kind.RECORDED) {
            return false;
        }
        int most = Arrays.stream(each(active, GenerationRow::most)).max().orElse(0);
        int left = Arrays.stream(each(active, GenerationRow::left)).max().orElse(0);
        try (TensorScope scope = TensorScope.open("decode on the GPU")) {
            Map<Integer, Tensor> added = new ConstantAdditions(config, hooks, most).byLayer(requests);
            List<Draw> draws = active.stream().map(row -> row.sampler().onGpu()).toList();
            Optional<RecordedStep> free = graphs.take(cache, added, draws, left);
            if (free.isEmpty()) {
                return false;
            }
            RecordedStep step = free.get();
            try {
                step.feed(chosen.stream().mapToInt(id -> id).toArray());
                step.launch();
                while (active.stream().anyMatch(row -> !row.hasEnded())) {
                    step.launch(); // always queues the next step before reading the last one
                    Choice[] choices = step.await();
                    for (int row = 0; row < choices.length; row++) {
                        active.get(row).take(choices[row], overflow);
                    }
                }
            } finally {
                graphs.giveBack(step);
            }
            return true;
        }
    }
}
