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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Generates token by token on a GPU for rows that start together, left-padded, and share a KV cache. A row that has ended leaves
 * the batch, so it costs nothing more and cannot cause the others to fail.
 */
final class StaticBatch {
    private final ForwardPass forward;
    private final Routes routes;
    private final @Nullable GraphDecoder graphs;
    private final ModelConfig config;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final Lane.Failures failures;

    /**
     * @param hooks of all rows, before their own
     * @param failures told of rows whose own hooks fail; the others go on
     */
    StaticBatch(LoadedTransformer transformer, List<Hook> hooks, Overflow overflow, Lane.Failures failures) {
        this.forward = transformer.forward();
        this.routes = transformer.routes();
        this.graphs = transformer.graphs().orElse(null);
        this.config = transformer.config();
        this.hooks = hooks;
        this.overflow = overflow;
        this.failures = failures;
    }

    /** Generates until every row has ended. */
    void write(List<GenerationRow> rows) {
        try (InferenceMode mode = InferenceMode.begin();
                KvCache cache = forward.newCache()) {
            rows.forEach(GenerationRow::begin);
            write(new ArrayList<>(Lane.of(rows)), cache);
        }
    }

    /** @param active lanes of rows that have not ended; empty afterwards */
    private void write(List<Lane> active, KvCache cache) {
        RowHooks own = Lane.hooksOf(active);
        try {
            TokenBatch next = TokenBatch.of(active.stream().map(Lane::prompt).toList());
            boolean first = true;
            while (true) {
                List<Integer> chosen = step(next, cache, own, active);
                if (leave(active, chosen, cache)) {
                    own.close();
                    own = Lane.hooksOf(active);
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

    /**
     * Removes rows that have ended from everything that is indexed by row; the last row takes the place of a removed
     * one.
     */
    private static boolean leave(List<Lane> active, List<Integer> chosen, KvCache cache) {
        int before = active.size();
        for (int row = before - 1; row >= 0; row--) {
            if (active.get(row).hasEnded()) {
                cache.remove(row);
                Lane.replaceByLast(active, row);
                Lane.replaceByLast(chosen, row);
            }
        }
        return active.size() < before;
    }

    /** The token that each lane is fed next. */
    private List<Integer> step(TokenBatch batch, KvCache cache, RowHooks own, List<Lane> active) {
        List<Hook> all = new ArrayList<>(hooks);
        all.add(own);
        try (TensorScope scope = TensorScope.open("generate a token")) {
            RunOptions options = RunOptions.lastLogits().continuing(cache);
            int[] lengths = Lane.each(active, Lane::promptLength);
            Tensor logits = forward.run(batch, options, all, lengths, Lane.each(active, Lane::index))
                    .logits(); // [batch, dVocab]
            Lane.fail(active, own, failures);
            return logits.device().kind() == Device.Kind.CUDA && needsOnlyBest(active)
                    ? best(logits, active)
                    : Lane.take(active, at -> logits.select(0, at).toFloats(), overflow, failures);
        }
    }

    /** Chooses on the device, so that the logits stay there. */
    private List<Integer> best(Tensor logits, List<Lane> active) {
        int[] ids = logits.argmax().toInts();
        float[] logProbs = logits.logSoftmax().max(-1, false).toFloats();
        List<Integer> chosen = new ArrayList<>();
        for (int row = 0; row < ids.length; row++) {
            active.get(row).row().take(new Choice(ids[row], logProbs[row]), overflow);
            chosen.add(ids[row]);
        }
        return chosen;
    }

    private static boolean needsOnlyBest(List<Lane> lanes) {
        return lanes.stream()
                .map(lane -> lane.row().request())
                .allMatch(request -> request.decoding() instanceof Decoding.Greedy
                        && request.reporting().isNone());
    }

    /**
     * Finishes all rows with a recorded step on the GPU, if their requests can be recorded and a recording is free. It then
     * closes the cache.
     */
    private boolean decodedAsGraph(List<Lane> active, KvCache cache, List<Integer> chosen) {
        List<GenerationRow> rows = active.stream().map(Lane::row).toList();
        List<GenerationRequest> requests =
                rows.stream().map(GenerationRow::request).toList();
        if (graphs == null || routes.ofSteps(requests, hooks).kind() != Route.Kind.RECORDED) {
            return false;
        }
        int most = rows.stream().mapToInt(GenerationRow::most).max().orElse(0);
        int left = rows.stream().mapToInt(GenerationRow::left).max().orElse(0);
        try (TensorScope scope = TensorScope.open("decode on the GPU")) {
            Map<Integer, Tensor> added = new ConstantAdditions(config, hooks, most).byLayer(requests);
            List<Draw> draws = rows.stream().map(row -> row.sampler().onGpu()).toList();
            Optional<RecordedStep> free = graphs.take(cache, added, draws, left);
            if (free.isEmpty()) {
                return false;
            }
            RecordedStep step = free.get();
            cache.close(); // the step holds a copy; memory is reused in stream order, after copies still queued
            try {
                step.feed(chosen.stream().mapToInt(id -> id).toArray());
                step.launch();
                while (rows.stream().anyMatch(row -> !row.hasEnded())) {
                    step.launch(); // always queues the next step before reading the last one
                    Choice[] choices = step.await();
                    for (int row = 0; row < choices.length; row++) {
                        rows.get(row).take(choices[row], overflow);
                    }
                }
            } finally {
                graphs.giveBack(step);
            }
            return true;
        }
    }
}
