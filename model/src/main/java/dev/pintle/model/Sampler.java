package dev.pintle.model;

import dev.pintle.transformer.Choice;
import dev.pintle.transformer.gpu.Draw;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.SplittableRandom;

/** Chooses the tokens of one row; its random numbers depend only on the row's seed. */
final class Sampler {
    private final Decoding decoding;
    private final SplittableRandom random;
    private final BitSet seen = new BitSet();

    Sampler(Decoding decoding, int[] prompt) {
        this.decoding = decoding;
        this.random = new SplittableRandom(decoding instanceof Decoding.Sample sample ? sample.seed() : 0);
        Arrays.stream(prompt).forEach(seen::set);
    }

    /** Hands the same choices over to a GPU; this sampler must not be used afterwards. */
    Draw onGpu() {
        return decoding instanceof Decoding.Sample sample
                ? new Draw(
                        new Draw.Filters(
                                sample.temperature(),
                                sample.topK(),
                                sample.topP(),
                                sample.minP(),
                                sample.repetitionPenalty()),
                        random::nextDouble,
                        seen.stream().toArray())
                : Draw.MOST_PROBABLE;
    }

    Choice next(NextToken predicted) {
        int id = decoding instanceof Decoding.Sample sample ? draw(predicted.logits(), sample) : predicted.best();
        seen.set(id);
        return new Choice(id, predicted.logProbability(id));
    }

    private int draw(float[] logits, Decoding.Sample sample) {
        double[] scores = new double[logits.length];
        for (int i = 0; i < scores.length; i++) {
            double logit = logits[i];
            if (seen.get(i)) {
                logit = logit > 0 ? logit / sample.repetitionPenalty() : logit * sample.repetitionPenalty();
            }
            scores[i] = logit / sample.temperature();
        }
        int[] order = candidates(scores, sample.topK()); // by descending score
        double[] probabilities = softmax(scores, order);
        int kept = kept(probabilities, sample);
        double total = 0;
        for (int i = 0; i < kept; i++) {
            total += probabilities[i];
        }
        double target = random.nextDouble() * total;
        for (int i = 0; i < kept; i++) {
            target -= probabilities[i];
            if (target < 0) {
                return order[i];
            }
        }
        return order[kept - 1];
    }

    /**
     * Tokens by descending score, ties by ascending id. They are sorted as integers, with the score's FP32 bits above
     * the id, which is many times as fast as sorting objects with a comparator; scores that FP32 cannot distinguish are
     * put in order afterwards.
     *
     * @param topK maximum number; 0 for all
     */
    static int[] candidates(double[] scores, int topK) {
        long[] keys = new long[scores.length];
        for (int id = 0; id < keys.length; id++) {
            int bits = Float.floatToIntBits((float) scores[id] + 0f); // turns −0 into 0
            int rising = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
            keys[id] = ((long) ~rising << Integer.SIZE) | id;
        }
        Arrays.sort(keys);
        int count = topK == 0 ? keys.length : Math.min(topK, keys.length);
        int[] order = new int[count];
        for (int from = 0, to; from < count; from = to) {
            to = from + 1;
            while (to < keys.length && keys[to] >> Integer.SIZE == keys[from] >> Integer.SIZE) {
                to++;
            }
            if (to - from > 1) {
                sortAlike(keys, from, to, scores);
            }
            for (int i = from; i < Math.min(to, count); i++) {
                order[i] = (int) keys[i];
            }
        }
        return order;
    }

    /** Orders keys whose scores are equal in FP32. */
    private static void sortAlike(long[] keys, int from, int to, double[] scores) {
        Long[] alike = new Long[to - from];
        Arrays.setAll(alike, i -> keys[from + i]);
        Arrays.sort(
                alike, Comparator.comparingDouble((Long key) -> 0 - scores[key.intValue()])); // stable; treats −0 as 0
        for (int i = 0; i < alike.length; i++) {
            keys[from + i] = alike[i];
        }
    }

    private static double[] softmax(double[] scores, int[] order) {
        double[] probabilities = new double[order.length];
        double sum = 0;
        for (int i = 0; i < order.length; i++) {
            probabilities[i] = Math.exp(scores[order[i]] - scores[order[0]]);
            sum += probabilities[i];
        }
        for (int i = 0; i < order.length; i++) {
            probabilities[i] /= sum;
        }
        return probabilities;
    }

    /** Number of most probable tokens that pass top-p and min-p; at least one. */
    private static int kept(double[] probabilities, Decoding.Sample sample) {
        int kept = 0;
        double before = 0;
        while (kept < probabilities.length
                && (kept == 0 || (before < sample.topP() && probabilities[kept] >= sample.minP() * probabilities[0]))) {
            before += probabilities[kept];
            kept++;
        }
        return kept;
    }
}
