package dev.pintle.model;

import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Generates one row by itself on a CPU, for rows that can't decode with others. Its twin runs in passes of its own: in
 * libtorch's, a second row might change the first one's bits.
 */
final class LoneRow {
    private final ForwardPass forward;
    private final List<Hook> hooks;
    private final Overflow overflow;
    private final Lane.Failures failures;

    /**
     * @param hooks of all rows, before their own
     * @param failures told if the row's own hooks fail
     */
    LoneRow(ForwardPass forward, List<Hook> hooks, Overflow overflow, Lane.Failures failures) {
        this.forward = forward;
        this.hooks = hooks;
        this.overflow = overflow;
        this.failures = failures;
    }

    /** Generates until the row has ended. */
    void write(GenerationRow row) {
        row.begin();
        List<Lane> lanes = Lane.of(List.of(row));
        try (InferenceMode mode = InferenceMode.begin();
                KvCache first = forward.newCache();
                KvCache second = forward.newCache()) {
            int[] next = row.request().prompt();
            while (!row.hasEnded()) {
                List<float[]> logits = new ArrayList<>();
                for (Lane lane : lanes) {
                    logits.add(logits(lane, next, lane.isTwin() ? second : first));
                }
                next = new int[] {
                    Lane.take(lanes, logits::get, overflow, failures).get(0)
                };
            }
        }
    }

    private float[] logits(Lane lane, int[] tokens, KvCache cache) {
        try (TensorScope scope = TensorScope.open("generate a token");
                RowHooks own = Lane.hooksOf(List.of(lane))) {
            List<Hook> all = new ArrayList<>(hooks);
            all.add(own);
            float[] logits = forward.run(
                            TokenBatch.of(tokens),
                            RunOptions.lastLogits().continuing(cache),
                            all,
                            new int[] {lane.promptLength()},
                            new int[] {lane.index()})
                    .logits()
                    .toFloats();
            Lane.fail(List.of(lane), own, failures);
            return logits;
        }
    }
}
