package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Document;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/*
 * Nearly every mismatch between an autoencoder and a model shows in three numbers over some text: how many latents are
 * active per token (L0), how much of the activations' variance the reconstruction explains, and what fraction of the
 * latents ever fires. The numbers do not say what is wrong, but that can be tried: if the activations of a neighbouring
 * layer, or the same ones rescaled by the usual factor, are explained much better, the layer or the normalisation is
 * wrong. Trials take time, so they are only run if the numbers are poor, on the first few hundred tokens.
 */
/** Checks on text whether an autoencoder matches a model. */
public final class SaeCheck {
    private static final int WINDOW = 256;
    private static final int TRIED = 512;
    private static final double GOOD = 0.6;
    private static final double BETTER = 0.1;

    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final HookPoint at;

    /** @param at the hook point whose activations are read */
    public SaeCheck(LanguageModel model, SparseAutoencoder sae, HookPoint at) {
        this.model = model;
        this.sae = sae;
        this.at = at;
    }

    /**
     * The three statistics over some tokens.
     *
     * @param meanL0 mean number of active latents per token
     * @param varianceExplained 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖²; negative if the mean activation would be a better
     *     prediction
     * @param firing fraction of latents that were active at least once
     */
    public record Numbers(double meanL0, double varianceExplained, double firing) {
        private Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("mean_l0", meanL0);
            fields.put("variance_explained", varianceExplained);
            fields.put("share_of_latents_that_fired", firing);
            return fields;
        }
    }

    /**
     * The same measurement with one thing changed.
     *
     * @param what what was changed, in words
     * @param varianceExplained on the tokens used for trials
     */
    public record Trial(String what, double varianceExplained) {}

    /**
     * The result of a check.
     *
     * @param tokens number of tokens judged: in conversations those of user and assistant, which autoencoders of chat
     *     models are trained on; in other texts all but the BOS token
     * @param meanNorm mean norm of their activations
     * @param numbers the statistics over these tokens
     * @param tokensAround number of other tokens: system prompts and what the chat template adds
     * @param around the statistics over those; NaN if there are none
     * @param trials what was tried; empty if the numbers are good
     * @param suggestions likely causes, in words; empty if nothing looks wrong
     */
    public record Report(
            long tokens,
            double meanNorm,
            Numbers numbers,
            long tokensAround,
            Numbers around,
            List<Trial> trials,
            List<String> suggestions) {
        /** Keeps copies of the lists. */
        public Report {
            trials = List.copyOf(trials);
            suggestions = List.copyOf(suggestions);
        }

        /** All of it as fields for JSON. */
        public Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("tokens", tokens);
            fields.put("mean_activation_norm", meanNorm);
            fields.putAll(numbers.fields());
            if (tokensAround > 0) {
                Map<String, Object> beside = new LinkedHashMap<>();
                beside.put("tokens", tokensAround);
                beside.putAll(around.fields());
                fields.put("system_prompts_and_template", beside);
            }
            fields.put("trials", trials);
            fields.put("suggestions", suggestions);
            return fields;
        }
    }

    /**
     * Runs the check.
     *
     * @param atMost approximate maximum number of tokens
     * @throws dev.pintle.base.PintleException if the texts contain no tokens to judge
     */
    public Report run(Texts texts, int atMost) {
        Set<HookPoint> points = neighbours();
        try (TensorScope scope = TensorScope.open("check")) {
            Tally words = new Tally();
            Tally around = new Tally();
            List<List<Tensor>> kept = new ArrayList<>(); // per hook point, from the first texts
            points.forEach(point -> kept.add(new ArrayList<>()));
            try (Texts.Reading reading = texts.open()) {
                while (words.tokens < atMost && reading.hasNext()) {
                    Read text = read(reading.next());
                    boolean tries = words.tokens < TRIED;
                    try (TensorScope inner = TensorScope.open("text")) {
                        Run run = model.run(TokenBatch.of(text.ids), RunOptions.reading(tries ? points : Set.of(at)));
                        around.add(rows(run, at, text.around));
                        words.add(rows(run, at, text.words));
                        if (tries) {
                            int i = 0;
                            for (HookPoint point : points) {
                                kept.get(i++).add(inner.keep(rows(run, point, text.words)));
                            }
                        }
                    }
                }
            }
            if (words.tokens == 0) {
                throw Problem.of("The texts contain nothing to check with.")
                        .fact("texts", texts.name())
                        .toException();
            }
            Numbers numbers = words.numbers();
            List<Trial> trials = numbers.varianceExplained() >= GOOD ? List.of() : trials(points, kept, words);
            return new Report(
                    words.tokens,
                    words.normSum / words.tokens,
                    numbers,
                    around.tokens,
                    around.numbers(),
                    trials,
                    suggestions(numbers, trials));
        }
    }

    /** A text's tokens, the positions of those that are judged, and of the rest; a BOS token is neither. */
    private record Read(int[] ids, int[] words, int[] around) {}

    private Read read(Document document) {
        int[] ids;
        IntPredicate isWord;

        if (document instanceof Document.Chat chat) {
            TokenizedPrompt prompt = Prompt.ofMessages(chat.messages().stream()
                            .map(m -> new Message(m.role(), model.tokenizer().asText(m.content())))
                            .toList())
                    .tokenized(model.text());
            ids = prompt.ids();
            isWord = position -> prompt.role(position) == Role.USER || prompt.role(position) == Role.ASSISTANT;
        } else {
            ids = sae.origin().trainedOn().started(document.tokens(model.text()), model.tokenizer());
            isWord = position -> true;
        }
        ids = Arrays.copyOf(ids, Math.min(ids.length, WINDOW));
        OptionalInt bos = Boolean.TRUE.equals(sae.origin().trainedOn().startWithBos())
                ? TrainingTokens.startId(model.tokenizer())
                : model.tokenizer().bosId();
        int first = ids.length > 0 && bos.isPresent() && ids[0] == bos.getAsInt() ? 1 : 0;
        return new Read(
                ids.length == 0 ? new int[] {bos.orElse(0)} : ids,
                IntStream.range(first, ids.length).filter(isWord).toArray(),
                IntStream.range(first, ids.length).filter(isWord.negate()).toArray());
    }

    private static Tensor rows(Run run, HookPoint point, int[] places) {
        Tensor row = run.row(point, 0);
        return row.indexSelect(0, LatentMatrix.indices(places).to(row.device())).to(DType.FP32);
    }

    /** The hook point itself, and the same one up to two layers away in either direction. */
    private Set<HookPoint> neighbours() {
        Set<HookPoint> points = new LinkedHashSet<>(List.of(at));
        if (at.site().isOfBlocks()) {
            Set<HookPoint> near = new TreeSet<>();
            for (int layer = at.layer() - 2; layer <= at.layer() + 2; layer++) {
                if (layer >= 0 && layer < model.config().nLayers()) {
                    near.add(new HookPoint(at.site(), layer));
                }
            }
            points.addAll(near);
        }
        return points;
    }

    private List<Trial> trials(Set<HookPoint> points, List<List<Tensor>> kept, Tally measured) {
        List<Trial> trials = new ArrayList<>();
        int i = 0;
        for (HookPoint point : points) {
            trials.add(new Trial("at " + point, explained(kept.get(i++), x -> x)));
        }
        if (sae.normalisation() instanceof Normalisation.None) {
            double factor = Math.sqrt(sae.dModel()) * measured.tokens / measured.normSum;
            trials.add(new Trial(
                    String.format(Locale.ROOT, "activations times %.4g (to a mean length of √dModel)", factor),
                    explained(kept.get(0), x -> x.times(factor))));
            trials.add(new Trial(
                    "activations less each token's mean", explained(kept.get(0), x -> x.minus(x.mean(-1, true)))));
        }
        return trials;
    }

    private double explained(List<Tensor> activations, UnaryOperator<Tensor> change) {
        Tally tally = new Tally();
        for (Tensor x : activations) {
            try (TensorScope scope = TensorScope.open("trial")) {
                tally.add(change.apply(x));
            }
        }
        return tally.numbers().varianceExplained();
    }

    private List<String> suggestions(Numbers numbers, List<Trial> trials) {
        List<String> suggestions = new ArrayList<>();
        if (numbers.meanL0() < 1) {
            suggestions.add("Hardly any latent fires: the threshold is on a different scale than the activations, or"
                    + " a normalisation is missing.");
        } else if (numbers.meanL0() > Math.max(0.05 * sae.dSae(), 3.0 * sae.dModel() / 4)) {
            suggestions.add(
                    "Far more latents fire than an autoencoder is trained for: the threshold is missing, or on a"
                            + " different scale.");
        }
        if (!trials.isEmpty()) {
            double here = trials.get(0).varianceExplained();
            trials.stream()
                    .filter(trial -> trial.varianceExplained() > here + BETTER)
                    .max(Comparator.comparingDouble(Trial::varianceExplained))
                    .ifPresentOrElse(
                            best -> suggestions.add(String.format(
                                    Locale.ROOT,
                                    "Much more is explained %s (%.0f%% of the variance instead of %.0f%%): %s.",
                                    best.what(),
                                    100 * best.varianceExplained(),
                                    100 * here,
                                    best.what().startsWith("at ") ? "wrong layer" : "missing normalisation")),
                            () -> suggestions.add("Little of the variance is explained, and neither a neighbouring"
                                    + " layer nor rescaling changes that: a different model, unusual text, or a weak"
                                    + " autoencoder."));
        }
        return suggestions;
    }

    /** Running sums over tokens. */
    private final class Tally {
        private final double[] sum = new double[sae.dModel()];
        private final boolean[] fired = new boolean[sae.dSae()];
        private long tokens;
        private double squares;
        private double errors;
        private double active;
        private double normSum;

        /** @param x `[tokens, dModel]` FP32 */
        void add(Tensor x) {
            long size = SparseCoder.tokensAtOnce(x.device(), sae.dSae());
            for (long start = 0; start < x.size(0); start += size) {
                try (TensorScope scope = TensorScope.open("block")) {
                    block(x.narrow(0, start, Math.min(size, x.size(0) - start)));
                }
            }
        }

        private void block(Tensor x) {
            Tensor f = sae.encode(x);
            Tensor error = x.minus(sae.decode(f, x));
            double[] byLatent =
                    f.abs().greaterThan(0).to(DType.FP32).sum(0, false).toDoubles();
            for (int i = 0; i < byLatent.length; i++) {
                fired[i] |= byLatent[i] > 0;
                active += byLatent[i];
            }
            double[] total = x.sum(0, false).toDoubles();
            for (int d = 0; d < total.length; d++) {
                sum[d] += total[d];
            }
            squares += squared(x);
            errors += squared(error);
            normSum += Arrays.stream(x.norm(1, false).toDoubles()).sum();
            tokens += x.size(0);
        }

        private double squared(Tensor x) {
            return Arrays.stream(x.norm(1, false).toDoubles()).map(n -> n * n).sum();
        }

        Numbers numbers() {
            double mean = Arrays.stream(sum).map(s -> s * s).sum() / tokens;
            long alive = 0;
            for (boolean one : fired) {
                alive += one ? 1 : 0;
            }
            return new Numbers(active / tokens, 1 - errors / (squares - mean), (double) alive / sae.dSae());
        }
    }
}
