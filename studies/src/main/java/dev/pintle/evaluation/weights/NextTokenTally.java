package dev.pintle.evaluation.weights;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/** Collects how far two predictions of the next token are apart, and how well each predicts the text. */
final class NextTokenTally {
    private static final int AT_ONCE = 64; // tokens, so that two FP64 tables of a large vocabulary stay small

    private final DoubleStream.Builder divergences = DoubleStream.builder();
    private long tokens;
    private long agreeing;
    private long targets;
    private double surpriseOfA;
    private double surpriseOfB;

    /**
     * Adds the predictions of one passage.
     *
     * @param a, b logits `[tokens, dVocab]` FP32
     * @param next ids of the tokens that the first of them predict; fewer than tokens, since the last has none
     */
    void add(Tensor a, Tensor b, int[] next) {
        for (int from = 0; from < a.size(0); from += AT_ONCE) {
            int count = Math.toIntExact(Math.min(AT_ONCE, a.size(0) - from));
            try (TensorScope scope = TensorScope.open("next tokens")) {
                int to = Math.min(next.length, from + count);
                int[] known = from < to ? Arrays.copyOfRange(next, from, to) : new int[0];
                block(a.narrow(0, from, count), b.narrow(0, from, count), known);
            }
        }
    }

    private void block(Tensor a, Tensor b, int[] next) {
        Tensor p = a.to(DType.FP64).logSoftmax();
        Tensor q = b.to(DType.FP64).logSoftmax();
        for (double one : p.exp().times(p.minus(q)).sum(-1, false).toDoubles()) {
            divergences.add(one);
        }
        long[] ofA = a.argmax().toLongs();
        long[] ofB = b.argmax().toLongs();
        for (int t = 0; t < ofA.length; t++) {
            agreeing += ofA[t] == ofB[t] ? 1 : 0;
        }
        tokens += ofA.length;
        if (next.length > 0) {
            Tensor ids = Tensor.of(next, next.length, 1).to(a.device());
            surpriseOfA -= Arrays.stream(p.narrow(0, 0, next.length).gather(ids).toDoubles())
                    .sum();
            surpriseOfB -= Arrays.stream(q.narrow(0, 0, next.length).gather(ids).toDoubles())
                    .sum();
            targets += next.length;
        }
    }

    ModelDifference.NextToken result() {
        double[] sorted = divergences.build().sorted().toArray();
        return new ModelDifference.NextToken(
                Arrays.stream(sorted).average().orElse(Double.NaN),
                at(sorted, 0.5),
                at(sorted, 0.99),
                (double) agreeing / tokens,
                Math.exp(surpriseOfA / targets),
                Math.exp(surpriseOfB / targets),
                targets);
    }

    /** The smallest value that a share of the values does not exceed. */
    private static double at(double[] sorted, double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }
}
