package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
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
        return of(model, rows, new HashMap<>());
    }

    /** @param results of rows that need not be run, by key; receives those of the others */
    static List<double[]> of(LanguageModel model, List<Row> rows, Map<List<Integer>, double[]> results) {
        Map<List<Integer>, Row> distinct = new LinkedHashMap<>();
        for (Row row : rows) {
            if (!results.containsKey(row.key())) {
                distinct.putIfAbsent(row.key(), row);
            }
        }
        forEachBatch(model, List.copyOf(distinct.values()), run(model), (batch, predictions) -> {
            for (int i = 0; i < batch.size(); i++) {
                double[] own = tokens(batch.get(i), predictions.get(i), model);
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
        /** @param predictions the logits that predict each row's text, `[text, dVocab]` */
        void of(List<Row> batch, List<Tensor> predictions);
    }

    /** Runs a model over some of the rows. */
    @FunctionalInterface
    interface Runner {
        /** The logits that predict each row's text, `[text, dVocab]`, in the current scope. */
        List<Tensor> predictions(List<Row> batch);
    }

    /** How a model is run. */
    static Runner run(LanguageModel model) {
        return model.runsInParts()
                ? batch -> afterPrompts(model, batch)
                : batch -> predictions(
                        batch,
                        model.run(tokens(batch), RunOptions.allLogits(), promptLengths(batch))
                                .logits());
    }

    static TokenBatch tokens(List<Row> batch) {
        return TokenBatch.of(batch.stream().map(Row::all).toList());
    }

    static int[] promptLengths(List<Row> batch) {
        return batch.stream().mapToInt(row -> row.prompt().length).toArray();
    }

    static void forEachBatch(LanguageModel model, List<Row> rows, Runner runner, Body body) {
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
                body.of(batch, runner.predictions(batch));
            }
            from = to;
        }
    }

    /** Those of each row from `[batch, tokens, dVocab]`; rows are padded on the left. */
    static List<Tensor> predictions(List<Row> batch, Tensor logits) {
        List<Tensor> predictions = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            int length = batch.get(i).text().length;
            predictions.add(logits.select(0, i).narrow(0, logits.size(1) - length - 1, length));
        }
        return predictions;
    }

    /** Runs every prompt once, then the texts without their last tokens, which predict nothing that is asked for. */
    private static List<Tensor> afterPrompts(LanguageModel model, List<Row> batch) {
        Map<List<Integer>, Integer> places = new HashMap<>();
        List<int[]> prompts = new ArrayList<>();
        int[] place = new int[batch.size()]; // of each row's prompt
        List<Integer> longer = new ArrayList<>(); // rows of which tokens are left to run
        for (int i = 0; i < place.length; i++) {
            Row row = batch.get(i);
            place[i] =
                    places.computeIfAbsent(Arrays.stream(row.prompt()).boxed().toList(), ids -> {
                        prompts.add(row.prompt());
                        return prompts.size() - 1;
                    });
            if (row.text().length > 1) {
                longer.add(i);
            }
        }
        try (KvCache cache = model.newCache()) {
            Tensor first = model.run(
                            TokenBatch.of(prompts), RunOptions.lastLogits().continuing(cache))
                    .logits(); // [prompts, dVocab]
            List<Tensor> predictions = new ArrayList<>();
            for (int i = 0; i < place.length; i++) {
                int some = Math.min(1, batch.get(i).text().length);
                predictions.add(first.narrow(0, place[i], some));
            }
            if (longer.isEmpty()) {
                return predictions;
            }
            try (KvCache begun =
                    cache.select(longer.stream().mapToInt(i -> place[i]).toArray())) {
                List<Row> rows = longer.stream().map(batch::get).toList();
                TokenBatch texts = TokenBatch.of(rows.stream()
                        .map(row -> Arrays.copyOf(row.text(), row.text().length - 1))
                        .toList());
                Tensor rest = model.run(texts, RunOptions.allLogits().continuing(begun), promptLengths(rows))
                        .logits(); // [longer, tokens, dVocab]
                for (int i = 0; i < rows.size(); i++) {
                    Tensor own = rest.select(0, i).narrow(0, texts.padding(i), texts.length(i));
                    predictions.set(longer.get(i), Tensor.cat(List.of(predictions.get(longer.get(i)), own), 0));
                }
                return predictions;
            }
        }
    }

    private static double[] tokens(Row row, Tensor predictions, LanguageModel model) {
        if (row.text().length == 0) {
            return new double[0];
        }
        Tensor targets = Tensor.of(row.text(), row.text().length, 1).to(model.device());
        return predictions.logSoftmax().gather(targets).toDoubles();
    }
}
