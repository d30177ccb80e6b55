package dev.pintle.evaluation;

import dev.pintle.model.LanguageModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the points of a sweep are compared with: the unsteered model's answers, what it predicts there, and how likely it finds
 * them. Whatever has been compared before, a comparison has the same bits. For one thread; must be closed.
 */
public final class Baseline implements AutoCloseable {
    private final Divergence divergence;
    private final Map<List<Integer>, double[]> likelihoods = new HashMap<>();

    /** @param answers the unsteered model's own, after their prompts */
    Baseline(LanguageModel model, List<LogProbabilities.Row> answers) {
        LogProbabilities.of(model, answers, likelihoods);
        divergence = new Divergence(model, answers);
    }

    Divergence divergence() {
        return divergence;
    }

    /**
     * Log-probabilities of the unsteered answers' tokens, to which a steered answer is often equal. A copy: which rows run
     * together, and so the last bits on some devices, must not depend on what was computed before.
     */
    Map<List<Integer>, double[]> likelihoods() {
        return new HashMap<>(likelihoods);
    }

    @Override
    public void close() {
        divergence.close();
    }
}
