package dev.pintle.evaluation;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Log-probabilities of texts after prompts, and the KL divergence of two models on them, in batches of bounded memory. A text
 * counts as generated, so interventions on generated tokens apply to it.
 */
public final class LogProbabilities {
    private static final long LOGIT_BYTES = 192L << 20;

    private LogProbabilities() {}

    /**
     * A text after a prompt.
     *
     * @param prompt ids, at least one
     * @param text ids
     */
    public record Row(int[] prompt, int[] text) {
        int[] all() {
            int[] all = Arrays.copyOf(prompt, prompt.length + text.length);
            System.arraycopy(text, 0, all, prompt.length, text.length);
            return all;
        }
    }

    /** Log-probability of each token of each row's text, in nats. */
    public static List<double[]> of(LanguageModel model, List<Row> rows) {
        List<double[]> results = new ArrayList<>();
        forEachBatch(model, rows, (batch, logits) -> {
            for (int i = 0; i < batch.size(); i++) {
                double[] own = tokens(batch.get(i), predictions(logits.get(0), i, batch), model);
                requireFinite(own, batch.get(i), List.of(model));
                results.add(own);
            }
        });
        return results;
    }

    /**
     * Mean over the tokens of each row's text of KL(model ‖ reference), in nats, of the next-token distributions. NaN
     * for an empty text.
     */
    public static double[] divergence(LanguageModel model, LanguageModel reference, List<Row> rows) {
        List<Double> results = new ArrayList<>();
        forEachBatch(List.of(model, reference), rows, (batch, logits) -> {
            for (int i = 0; i < batch.size(); i++) {
                if (batch.get(i).text().length == 0) {
                    results.add(Double.NaN);
                    continue;
                }
                Tensor p = predictions(logits.get(0), i, batch).logSoftmax(); // [text, dVocab]
                Tensor q = predictions(logits.get(1), i, batch).logSoftmax();
                double[] perToken = p.exp().times(p.minus(q)).sum(-1, false).toDoubles();
                requireFinite(perToken, batch.get(i), List.of(model, reference));
                results.add(Arrays.stream(perToken).average().orElse(Double.NaN));
            }
        });
        return results.stream().mapToDouble(d -> d).toArray();
    }

    /** The same, with NaN for rows on which the model's numbers overflow; the reference's must not. */
    public static double[] divergenceOrNaN(LanguageModel model, LanguageModel reference, List<Row> rows) {
        try {
            return divergence(model, reference, rows);
        } catch (PintleException e) {
            if (rows.stream().noneMatch(row -> model.overflow(row.all()).isPresent())) {
                throw e;
            }
            return rows.stream()
                    .mapToDouble(row -> model.overflow(row.all()).isPresent()
                            ? Double.NaN
                            : divergence(model, reference, List.of(row))[0])
                    .toArray();
        }
    }

    /** @throws dev.pintle.base.PintleException naming where the numbers of one of the models overflowed */
    private static void requireFinite(double[] perToken, Row row, List<LanguageModel> models) {
        if (Arrays.stream(perToken).allMatch(Double::isFinite)) {
            return;
        }
        for (LanguageModel model : models) {
            Optional<Problem> overflow = model.overflow(row.all());
            if (overflow.isPresent()) {
                throw overflow.get().toException();
            }
        }
        throw Problem.of("The log-probabilities of a text are not finite.")
                .fact("model", models.get(0).id())
                .fact("text", row.text().length + " tokens")
                .toException();
    }

    private interface Body {
        void of(List<Row> batch, List<Tensor> logits);
    }

    private static void forEachBatch(LanguageModel model, List<Row> rows, Body body) {
        forEachBatch(List.of(model), rows, body);
    }

    private static void forEachBatch(List<LanguageModel> models, List<Row> rows, Body body) {
        int from = 0;
        while (from < rows.size()) {
            long width = 0;
            int to = from;
            while (to < rows.size()) {
                long wider = Math.max(
                        width, rows.get(to).prompt().length + rows.get(to).text().length);
                long bytes = 4L
                        * models.size()
                        * wider
                        * (to + 1 - from)
                        * models.get(0).config().dVocab();
                if (to > from && bytes > LOGIT_BYTES) {
                    break;
                }
                width = wider;
                to++;
            }
            List<Row> batch = rows.subList(from, to);
            try (TensorScope scope = TensorScope.open("log-probabilities")) {
                TokenBatch tokens = TokenBatch.of(batch.stream().map(Row::all).toList());
                int[] prompts =
                        batch.stream().mapToInt(row -> row.prompt().length).toArray();
                body.of(
                        batch,
                        models.stream()
                                .map(model -> model.run(tokens, RunOptions.allLogits(), prompts)
                                        .logits())
                                .toList());
            }
            from = to;
        }
    }

    /** The logits that predict a row's text, `[text, dVocab]`; rows are padded on the left. */
    private static Tensor predictions(Tensor logits, int row, List<Row> batch) {
        int length = batch.get(row).text().length;
        Tensor all = logits.select(0, row);
        return all.narrow(0, all.size(0) - length - 1, length);
    }

    private static double[] tokens(Row row, Tensor predictions, LanguageModel model) {
        if (row.text().length == 0) {
            return new double[0];
        }
        Tensor targets = Tensor.of(row.text(), row.text().length, 1).to(model.device());
        return predictions.logSoftmax().gather(targets).toDoubles();
    }
}
