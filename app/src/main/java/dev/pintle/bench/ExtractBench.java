package dev.pintle.bench;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.ExtractionReport;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.LastPosition;
import dev.pintle.steering.VectorFit;
import java.util.ArrayList;
import java.util.List;

/** Fitting a last-position vector from many begun answers, as the studies do: tokenising, reading and aggregating. */
public final class ExtractBench {
    private final LanguageModel model;
    private final List<ContrastPair> pairs;
    private final HookPoint at;

    /**
     * @param pairs how many
     * @param prefixes begun answers, used again with a number before them where there are fewer than pairs
     */
    public ExtractBench(LanguageModel model, List<String> prefixes, int pairs) {
        this.model = model;
        this.at = HookPoint.residPost(
                Math.min(model.config().nLayers() - 1, model.config().nLayers() * 19 / 32));
        this.pairs = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            String prefix = prefixes.get(i % prefixes.size());
            this.pairs.add(ContrastPair.ofPrefix(
                    "Talk like a pirate: every answer is in the voice of an old sailor, with the words a sailor uses.",
                    "Answer plainly: every answer is in the voice of a patient teacher, with the words a teacher uses.",
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

    /** What reading cost in one fit. */
    public ExtractionReport fit() {
        FitResult result =
                VectorFit.of(model, LastPosition.lastPosition(pairs)).at(at).run();
        return result.report();
    }
}
