package dev.pintle.model;

import dev.pintle.model.GeneratedToken.Alternative;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a model predicts for the next token. Sums are in FP64, in the order of the ids. */
final class NextToken {
    private final float[] logits; // [dVocab]
    private final double logSumExp; // NaN if any logit is not finite

    private NextToken(float[] logits) {
        this.logits = logits;
        this.logSumExp = logSumExp(logits);
    }

    /** @param logits `[dVocab]` */
    static NextToken of(float[] logits) {
        return new NextToken(logits);
    }

    /** Not to be changed. */
    float[] logits() {
        return logits;
    }

    /** In nats; NaN if any logit is not finite. */
    double logProbability(int id) {
        return logits[id] - logSumExp;
    }

    /** The most probable token, ties going to the lowest id. */
    int best() {
        return best(logits);
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    private static double logSumExp(float[] logits) {
        double max = logits[best(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max) + 0 * logit; // NaN if any logit is infinite, even −∞
        }
        return max + Math.log(sum);
    }

    /** The most probable tokens, most probable first, ties by ascending id; none if any logit is not finite. */
    List<Alternative> mostProbable(int count) {
        int kept = 0;
        int[] ids = new int[Math.min(count, logits.length)];
        for (int id = 0; id < logits.length && !Double.isNaN(logSumExp); id++) {
            if (kept == ids.length && (kept == 0 || logits[id] <= logits[ids[kept - 1]])) {
                continue;
            }
            int at = kept == ids.length ? kept - 1 : kept++;
            for (; at > 0 && logits[id] > logits[ids[at - 1]]; at--) {
                ids[at] = ids[at - 1];
            }
            ids[at] = id;
        }
        List<Alternative> alternatives = new ArrayList<>();
        for (int i = 0; i < kept; i++) {
            alternatives.add(new Alternative(ids[i], logProbability(ids[i])));
        }
        return alternatives;
    }

    /** What is reported of a token. */
    GeneratedToken reported(int id, String text, int alternatives, @Nullable NextToken twin) {
        return new GeneratedToken(
                id,
                text,
                logProbability(id),
                mostProbable(alternatives),
                twin == null
                        ? null
                        : new GeneratedToken.TwinToken(
                                twin.logProbability(id), divergenceFrom(twin), twin.mostProbable(alternatives)));
    }

    /** KL(this ‖ other) in nats. */
    double divergenceFrom(NextToken other) {
        double sum = 0;
        for (int id = 0; id < logits.length; id++) {
            double own = logProbability(id);
            sum += Math.exp(own) * (own - other.logProbability(id));
        }
        return Math.max(0, sum); // rounding may leave it below
    }
}
