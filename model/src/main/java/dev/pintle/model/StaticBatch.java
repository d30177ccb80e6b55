package dev.pintle.model;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Generates token by token on a GPU, without recorded steps, for rows that start together, left-padded, and share a KV cache. A row that has ended leaves
 * the batch, so it costs nothing more and cannot cause the others to fail.
 */
final class StaticBatch {
    private final ForwardPass forward;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final Lane.Failures failures;

    /**
     * @param hooks of all rows, before their own
     * @param failures told of rows whose own hooks fail; the others go on
     */
    StaticBatch(ForwardPass forward, List<Hook> hooks, Overflow overflow, Lane.Failures failures) {
        this.forward = forward;
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
            while (true) {
                List<Integer> chosen = step(next, cache, own, active);
                if (leave(active, chosen, cache)) {
                    own.close();
                    own = Lane.hooksOf(active);
                }
                if (active.isEmpty()) {
                    return;
                }
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
            GenerationRow taking = active.get(row).row();
            try {
                taking.take(new Choice(ids[row], logProbs[row]), overflow);
            } catch (RuntimeException e) {
                Lane.fail(taking, e, failures);
            }
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
}
