package dev.pintle.bench;

import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.ExtractionReport;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.VectorFit;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Fitting a last-position vector from many answer prefixes, as the studies do: tokenising, reading and aggregating. */
public final class ExtractBench {
    /** What Llama 3.1's chat template writes before every system prompt. */
    private static final String DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

    private static final int WHOLE_PAIRS = 16;
    private static final int WHOLE_AT_ONCE = 8;

    private final LanguageModel model;
    private final List<ContrastPair> pairs;
    private final HookPoint at;

    /**
     * @param pairs how many
     * @param prefixes answer prefixes, used again with a number before them where there are fewer than pairs
     */
    public ExtractBench(LanguageModel model, List<String> prefixes, int pairs) {
        this.model = model;
        this.at = HookPoint.residPost(
                Math.min(model.config().nLayers() - 1, model.config().nLayers() * 19 / 32));
        this.pairs = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            String prefix = prefixes.get(i % prefixes.size());
            this.pairs.add(ContrastPair.ofPrefix(
                    DATES
                            + "Talk like a pirate: every answer is in the voice of an old sailor, with the words a sailor uses.",
                    DATES
                            + "Answer plainly: every answer is in the voice of a patient teacher, with the words a teacher uses.",
                    "Tell me about the whale.",
                    i < prefixes.size() ? prefix : i + " " + prefix));
        }
    }

    /** Where the vector is read. */
    public HookPoint at() {
        return at;
    }

    /** The median of several fits in seconds, everything from text to vector included. */
    public double seconds() {
        return Timing.medianSeconds(model.device(), this::fit);
    }

    /**
     * Seconds that reading would take with every prompt run whole, up to the same layer and in batches of {@code
     * WHOLE_AT_ONCE}: of the first few prompts, times all.
     */
    public double wholeSeconds() {
        List<int[]> prompts = new ArrayList<>();
        for (ContrastPair pair : pairs.subList(0, Math.min(pairs.size(), WHOLE_PAIRS))) {
            prompts.add(pair.tokens(model.text()).positive().ids());
            prompts.add(pair.tokens(model.text()).negative().ids());
        }
        prompts.sort(Comparator.comparingInt(ids -> ids.length));
        double seconds = Timing.medianSeconds(model.device(), () -> {
            for (int from = 0; from < prompts.size(); from += WHOLE_AT_ONCE) {
                List<int[]> some = prompts.subList(from, Math.min(prompts.size(), from + WHOLE_AT_ONCE));
                try (TensorScope scope = TensorScope.open("read whole prompts")) {
                    model.run(TokenBatch.of(some), RunOptions.reading(at));
                }
            }
        });
        return seconds * 2 * pairs.size() / prompts.size();
    }

    /** What reading cost in one fit. */
    public ExtractionReport fit() {
        FitResult result =
                VectorFit.of(model, Contrast.lastPosition(pairs)).at(at).run();
        return result.report();
    }
}
