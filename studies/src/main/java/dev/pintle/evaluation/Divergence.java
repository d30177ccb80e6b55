package dev.pintle.evaluation;

import dev.pintle.base.PintleException;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.SharedRuns;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How far models are from a reference on its own texts: KL(model ‖ reference) of the next-token distributions. What the
 * reference predicts is computed once, if it fits in memory, and so is what models that are views of the reference have in
 * common with it before their first hook. Must be closed.
 */
public final class Divergence implements AutoCloseable {
    private final LanguageModel reference;
    private final List<LogProbabilities.Row> rows;
    private final TensorScope owner = TensorScope.owner("predictions of the reference");
    private final boolean keeps;
    private final List<Tensor> kept = new ArrayList<>(); // [text, dVocab] by row, log-probabilities
    private final Map<List<LogProbabilities.Row>, SharedRuns> shared = new HashMap<>(); // by batch

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
            LogProbabilities.forEachBatch(
                    reference,
                    rows,
                    LogProbabilities.run(reference),
                    (batch, predictions) -> predictions.forEach(logits -> kept.add(owner.adopt(logits.logSoftmax()))));
        }
        return kept;
    }

    private List<Tensor> predictions(LanguageModel model, List<LogProbabilities.Row> batch) {
        SharedRuns runs = shared.computeIfAbsent(
                batch,
                rows -> new SharedRuns(reference, LogProbabilities.tokens(rows), LogProbabilities.promptLengths(rows)));
        return LogProbabilities.predictions(batch, runs.logits(model));
    }

    /** @param references what the reference predicts; empty if it must be run */
    private double[] of(LanguageModel model, List<LogProbabilities.Row> some, List<Tensor> references) {
        List<Double> results = new ArrayList<>();
        LogProbabilities.Runner runner =
                references.isEmpty() ? LogProbabilities.run(model) : batch -> predictions(model, batch);
        LogProbabilities.forEachBatch(model, some, runner, (batch, predictions) -> {
            List<Tensor> expected = new ArrayList<>();
            if (references.isEmpty()) {
                LogProbabilities.forEachBatch(
                        reference,
                        batch,
                        LogProbabilities.run(reference),
                        (part, own) -> own.forEach(logits -> expected.add(owner.adopt(logits.logSoftmax()))));
            } else {
                expected.addAll(references.subList(results.size(), results.size() + batch.size()));
            }
            for (int i = 0; i < batch.size(); i++) {
                results.add(divergence(model, batch.get(i), predictions.get(i), expected.get(i)));
                if (references.isEmpty()) {
                    expected.get(i).close();
                }
            }
        });
        return results.stream().mapToDouble(d -> d).toArray();
    }

    /** @param expected the reference's log-probabilities */
    private double divergence(LanguageModel model, LogProbabilities.Row row, Tensor predictions, Tensor expected) {
        if (row.text().length == 0) {
            return Double.NaN;
        }
        Tensor p = predictions.logSoftmax(); // [text, dVocab]
        double[] perToken = p.exp().times(p.minus(expected)).sum(-1, false).toDoubles();
        LogProbabilities.requireFinite(perToken, row, List.of(model, reference));
        return Arrays.stream(perToken).average().orElse(Double.NaN);
    }

    @Override
    public void close() {
        shared.values().forEach(SharedRuns::close);
        owner.close();
    }
}
