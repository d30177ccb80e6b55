package dev.pintle.transformer;

import static dev.pintle.transformer.HookPoint.Site.EXPERT_OUT;
import static dev.pintle.transformer.HookPoint.Site.EXPERT_WEIGHTS;
import static dev.pintle.transformer.HookPoint.Site.ROUTER;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Each expert multiplies the tokens that chose it, gathered from all sequences. What it computes of a token must not depend
 * on the others: tokens of different sequences, of which each has one, stay rows of their own, and the outputs of a token's
 * experts are added in the order of the experts, whatever other tokens chose.
 */
/**
 * An MLP of which each token passes only some parts (Shazeer et al. 2017, arXiv:1701.06538): Σ wₑ · expertₑ(x) over the
 * experts with the largest router logits, where w is the softmax of all logits (Mixtral, arXiv:2401.04088).
 *
 * @param router `[nExperts, dModel]`
 * @param chosen number of experts of each token
 * @param renormalised whether the weights of the chosen experts are divided by their sum
 * @param shared an expert that reads every token, or null
 */
public record MixtureOfExperts(
        int layer,
        Linear router,
        int chosen,
        boolean renormalised,
        List<Expert> experts,
        @Nullable Shared shared) implements Mlp {
    /**
     * An expert that reads every token; its output is multiplied by sigmoid(gate(x)).
     *
     * @param gate `[1, dModel]`
     */
    public record Shared(Linear gate, Expert expert) {
        Tensor forward(Tensor x) {
            return gate.forward(x).sigmoid().times(expert.forward(x));
        }
    }

    @Override
    public Set<Site> sites() {
        return Site.OF_EXPERTS;
    }

    @Override
    public Tensor forward(Tensor x, Pass pass) {
        Tensor logits = pass.hook(ROUTER, layer, router.forward(x)); // [batch, tokens, nExperts]
        Tensor weights = pass.hook(EXPERT_WEIGHTS, layer, weights(logits));
        Outputs outputs = outputs(x, weights);
        Tensor mixed =
                pass.isSeen(EXPERT_OUT, layer) ? mixed(outputs.byExpert(), weights, pass) : mixed(outputs, weights);
        Tensor routed = mixed.to(x.dtype()).reshape(x.shape().toArray());
        return shared == null ? routed : routed.plus(shared.forward(x));
    }

    /** The factor on each expert's output, in the logits' shape and dtype. */
    private Tensor weights(Tensor logits) {
        DType precise = logits.dtype().precise();
        Tensor.TopK best = logits.to(precise).softmax().topK(chosen);
        Tensor values = renormalised ? best.values().dividedBy(best.values().sum(-1, true)) : best.values();
        return Tensor.zeros(precise, logits.device(), logits.shape().toArray())
                .scatter(best.indices(), values)
                .to(logits.dtype());
    }

    /**
     * What the experts computed.
     *
     * @param rows outputs `[outputs + 1, dModel]`, ordered by expert; the last one is 0
     * @param places row of the output of each token and expert `[batch · tokens, nExperts]`; -1 if it did not run
     * @param like what the experts read, `[batch, tokens, dModel]`
     */
    private record Outputs(Tensor rows, int[][] places, Tensor like) {
        /** Rows by index, of which -1 stands for the last. */
        Tensor at(int[] indices) {
            int last = (int) rows.size(0) - 1;
            long[] real = Arrays.stream(indices)
                    .mapToLong(index -> index < 0 ? last : index)
                    .toArray();
            return rows.indexSelect(0, Tensor.of(real, real.length).to(rows.device()));
        }

        /** Every expert's output of every token, `[batch, tokens, nExperts, dModel]`. */
        Tensor byExpert() {
            int[] all = Arrays.stream(places).flatMapToInt(Arrays::stream).toArray();
            return at(all).reshape(like.size(0), like.size(1), places[0].length, like.size(2));
        }
    }

    private Outputs outputs(Tensor x, Tensor weights) {
        double[] factors = weights.toDoubles();
        int nExperts = experts.size();
        Tensor flat = x.reshape(factors.length / nExperts, x.size(-1)); // [batch · tokens, dModel]
        int[][] places = new int[factors.length / nExperts][nExperts];
        List<Tensor> parts = new ArrayList<>();
        int count = 0;
        for (int e = 0; e < nExperts; e++) {
            int expert = e;
            int[] own = IntStream.range(0, places.length)
                    .filter(row -> factors[row * nExperts + expert] != 0)
                    .toArray();
            for (int[] row : places) {
                row[e] = -1;
            }
            for (int row : own) {
                places[row][e] = count++;
            }
            if (own.length > 0) {
                Tensor read = flat.indexSelect(0, Tensor.of(own, own.length).to(flat.device()));
                Tensor rows = Linear.hasOneTokenEach(x) ? read : read.unsqueeze(0);
                parts.add(experts.get(e).forward(rows).reshape(own.length, x.size(-1)));
            }
        }
        parts.add(Tensor.zeros(x.dtype(), x.device(), 1, x.size(-1)));
        return new Outputs(Tensor.cat(parts, 0), places, x);
    }

    /** The sum of each token's outputs, `[batch · tokens, dModel]` in at least FP32. */
    private static Tensor mixed(Outputs outputs, Tensor weights) {
        int[][] places = outputs.places;
        int nExperts = places[0].length;
        int[][] run = Arrays.stream(places)
                .map(row ->
                        IntStream.range(0, nExperts).filter(e -> row[e] >= 0).toArray())
                .toArray(int[][]::new); // the experts of each token, in order
        int most = Arrays.stream(run).mapToInt(row -> row.length).max().orElse(0);
        double[] factors = weights.toDoubles();
        DType precise = outputs.rows.dtype().precise();
        Tensor sum = Tensor.zeros(precise, outputs.rows.device(), places.length, outputs.rows.size(-1));
        for (int i = 0; i < most; i++) {
            int[] index = new int[places.length];
            double[] by = new double[places.length];
            for (int row = 0; row < places.length; row++) {
                boolean has = i < run[row].length;
                index[row] = has ? places[row][run[row][i]] : -1;
                by[row] = has ? factors[row * nExperts + run[row][i]] : 0;
            }
            Tensor factor = Tensor.of(by, by.length, 1).to(precise).to(sum.device());
            sum = sum.plus(outputs.at(index).to(precise).times(factor));
        }
        return sum;
    }

    /** The same from every expert's output, after hooks have seen it. */
    private Tensor mixed(Tensor byExpert, Tensor weights, Pass pass) {
        Tensor seen = pass.hook(EXPERT_OUT, layer, byExpert); // [batch, tokens, nExperts, dModel]
        DType precise = seen.dtype().precise();
        Tensor sum = Tensor.zeros(precise, seen.device(), seen.size(0), seen.size(1), seen.size(3));
        for (int e = 0; e < experts.size(); e++) {
            Tensor factor = weights.narrow(-1, e, 1).to(precise); // [batch, tokens, 1]
            sum = sum.plus(seen.select(2, e).to(precise).times(factor));
        }
        return sum;
    }
}
