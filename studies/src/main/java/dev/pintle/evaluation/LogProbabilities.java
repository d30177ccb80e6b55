package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Log-probabilities of texts after prompts, in batches of bounded memory. A text counts as generated, so interventions on
 * generated tokens apply to it.
 */
public final class LogProbabilities {
    static final long LOGIT_BYTES = 192L << 20;

    private LogProbabilities() {}

    /**
     * A text after a prompt.
     *
     * @param prompt ids, at least one
     * @param text ids
     */
    public record Row(int[] prompt, int[] text) {
        private List<Integer> key() {
            return IntStream.concat(IntStream.of(prompt.length), Arrays.stream(all()))
                    .boxed()
                    .toList();
        }

        int[] all() {
            int[] all = Arrays.copyOf(prompt, prompt.length + text.length);
            System.arraycopy(text, 0, all, prompt.length, text.length);
            return all;
        }
    }

    /** Log-probability of each token of each row's text, in nats. Rows that occur several times are run once. */
    public static List<double[]> of(LanguageModel model, List<Row> rows) {
        Map<List<Integer>, Row> distinct = new LinkedHashMap<>();
        rows.forEach(row -> distinct.putIfAbsent(row.key(), row));
        Map<List<Integer>, double[]> results = new HashMap<>();
        forEachBatch(model, List.copyOf(distinct.values()), (batch, logits) -> {
            for (int i = 0; i < batch.size(); i++) {
                double[] own = tokens(batch.get(i), predictions(logits, i, batch), model);
                requireFinite(own, batch.get(i), List.of(model));
                results.put(batch.get(i).key(), own);
            }
        });
        return rows.stream()
                .map(row -> results.getOrDefault(row.key(), new double[0]))
                .toList();
    }

    /** @throws dev.pintle.base.PintleException naming where the numbers of one of the models overflowed */
    static void requireFinite(double[] perToken, Row row, List<LanguageModel> models) {
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

    /** Receives some of the rows. */
    interface Body {
        /** @param logits `[batch, tokens, dVocab]` */
        void of(List<Row> batch, Tensor logits);
    }

    static void forEachBatch(LanguageModel model, List<Row> rows, Body body) {
        int from = 0;
        while (from < rows.size()) {
            long width = 0;
            int to = from;
            while (to < rows.size()) {
                long wider = Math.max(
                        width, rows.get(to).prompt().length + rows.get(to).text().length);
                long bytes = (long) Float.BYTES
                        * wider
                        * (to + 1 - from)
                        * model.config().dVocab();
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
                        model.run(tokens, RunOptions.allLogits(), prompts).logits());
            }
            from = to;
        }
    }

    /** The logits that predict a row's text, `[text, dVocab]`; rows are padded on the left. */
    static Tensor predictions(Tensor logits, int row, List<Row> batch) {
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
