package dev.pintle.evaluation;

import dev.pintle.base.PintleException;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How far models are from a reference on its own texts: KL(model ‖ reference) of the next-token distributions. What the
 * reference predicts is computed once, if it fits in memory. Must be closed.
 */
public final class Divergence implements AutoCloseable {
    private final LanguageModel reference;
    private final List<LogProbabilities.Row> rows;
    private final TensorScope owner = TensorScope.owner("predictions of the reference");
    private final boolean keeps;
    private final List<Tensor> kept = new ArrayList<>(); // [text, dVocab] by row, log-probabilities

    /** @param rows texts after prompts; they count as generated */
    public Divergence(LanguageModel reference, List<LogProbabilities.Row> rows) {
        this.reference = reference;
        this.rows = List.copyOf(rows);
        long tokens = rows.stream().mapToLong(row -> row.text().length).sum();
        this.keeps = tokens * reference.config().dVocab() * Float.BYTES <= LogProbabilities.LOGIT_BYTES;
    }

    /** {@link #of} for one model. */
    public static double[] between(LanguageModel model, LanguageModel reference, List<LogProbabilities.Row> rows) {
        try (Divergence divergence = new Divergence(reference, rows)) {
            return divergence.of(model);
        }
    }

    /**
     * Mean over the tokens of each row's text, in nats; NaN for an empty text.
     *
     * @throws PintleException if the numbers of one of the models overflow
     */
    public double[] of(LanguageModel model) {
        return of(model, rows, keeps ? references() : List.of());
    }

    /** The same, with NaN for rows on which the model's numbers overflow; the reference's must not. */
    public double[] ofOrNaN(LanguageModel model) {
        try {
            return of(model);
        } catch (PintleException e) {
            if (rows.stream().noneMatch(row -> model.overflow(row.all()).isPresent())) {
                throw e;
            }
            return rows.stream()
                    .mapToDouble(row ->
                            model.overflow(row.all()).isPresent() ? Double.NaN : of(model, List.of(row), List.of())[0])
                    .toArray();
        }
    }

    private List<Tensor> references() {
        if (kept.isEmpty()) {
            LogProbabilities.forEachBatch(reference, rows, (batch, logits) -> {
                for (int i = 0; i < batch.size(); i++) {
                    kept.add(owner.adopt(predicted(batch, logits, i)));
                }
            });
        }
        return kept;
    }

    private static Tensor predicted(List<LogProbabilities.Row> batch, Tensor logits, int row) {
        return LogProbabilities.predictions(logits, row, batch).logSoftmax();
    }

    /** @param references what the reference predicts; empty if it must be run */
    private double[] of(LanguageModel model, List<LogProbabilities.Row> some, List<Tensor> references) {
        List<Double> results = new ArrayList<>();
        LogProbabilities.forEachBatch(model, some, (batch, logits) -> {
            List<Tensor> expected = new ArrayList<>();
            if (references.isEmpty()) {
                LogProbabilities.forEachBatch(reference, batch, (part, own) -> {
                    for (int i = 0; i < part.size(); i++) {
                        expected.add(owner.adopt(predicted(part, own, i)));
                    }
                });
            } else {
                expected.addAll(references.subList(results.size(), results.size() + batch.size()));
            }
            for (int i = 0; i < batch.size(); i++) {
                results.add(divergence(model, batch, logits, i, expected.get(i)));
                if (references.isEmpty()) {
                    expected.get(i).close();
                }
            }
        });
        return results.stream().mapToDouble(d -> d).toArray();
    }

    private double divergence(
            LanguageModel model, List<LogProbabilities.Row> batch, Tensor logits, int row, Tensor expected) {
        if (batch.get(row).text().length == 0) {
            return Double.NaN;
        }
        Tensor p = predicted(batch, logits, row); // [text, dVocab]
        double[] perToken = p.exp().times(p.minus(expected)).sum(-1, false).toDoubles();
        LogProbabilities.requireFinite(perToken, batch.get(row), List.of(model, reference));
        return Arrays.stream(perToken).average().orElse(Double.NaN);
    }

    @Override
    public void close() {
        owner.close();
    }
}
