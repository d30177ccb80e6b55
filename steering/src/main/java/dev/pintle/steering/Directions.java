package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.Run;
import dev.pintle.model.RunOptions;
import dev.pintle.model.TokenBatch;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * Half differences of activations, one a compared position.
 *
 * @param rows `[directions][dModel]`
 * @param meanActivationNorm mean length of the negative prompts' activations, the first token left out
 */
record Directions(List<double[]> rows, double meanActivationNorm) {
    /** Reads every pair of a method; all pairs are checked before the first forward pass. */
    static Directions read(LanguageModel model, HookPoint at, SteeringMethod method) {
        if (method.pairs().isEmpty()) {
            throw Problem.of("There is no contrast pair to read.")
                    .fact("method", method.name())
                    .toIllegalArgument();
        }
        List<TokenPair> pairs = new ArrayList<>();
        List<Positions.Span> spans = new ArrayList<>();
        for (ContrastPair pair : method.pairs()) {
            TokenPair tokens = pair.tokens(model);
            pairs.add(tokens);
            spans.add(method.positions().of(tokens));
        }
        List<double[]> rows = new ArrayList<>();
        double norms = 0;
        long normed = 0;
        for (int i = 0; i < pairs.size(); i++) {
            try (TensorScope scope = TensorScope.open("read contrast pair " + i)) {
                TokenPair pair = pairs.get(i);
                Run run = model.run(TokenBatch.of(pair.positive(), pair.negative()), RunOptions.reading(at));
                Positions.Span span = spans.get(i);
                Tensor positive = run.row(at, 0).narrow(0, span.positiveFrom(), span.count()); // [count, dModel]
                Tensor whole = run.row(at, 1); // [tokens, dModel]
                Tensor negative = whole.narrow(0, span.negativeFrom(), span.count());
                addRows(
                        rows,
                        positive.to(DType.FP64).minus(negative.to(DType.FP64)).times(0.5));
                if (pair.negative().length > 1) {
                    Tensor rest =
                            whole.narrow(0, 1, pair.negative().length - 1L).to(DType.FP64);
                    norms += rest.norm(-1, false).sum().item();
                    normed += pair.negative().length - 1L;
                }
            }
        }
        return new Directions(rows, normed == 0 ? 0 : norms / normed);
    }

    private static void addRows(List<double[]> rows, Tensor directions) {
        double[] flat = directions.toDoubles();
        int width = directions.shape().intSize(1);
        for (int start = 0; start < flat.length; start += width) {
            double[] row = new double[width];
            System.arraycopy(flat, start, row, 0, width);
            rows.add(row);
        }
    }

    int count() {
        return rows.size();
    }

    /** Mean of the directions. @param unitFirst whether each gets length 1 before; zero directions stay zero */
    double[] mean(boolean unitFirst) {
        double[] mean = new double[rows.get(0).length];
        for (double[] row : rows) {
            double norm = unitFirst ? Math.max(norm(row), Double.MIN_NORMAL) : 1;
            for (int i = 0; i < mean.length; i++) {
                mean[i] += row[i] / norm / rows.size();
            }
        }
        return mean;
    }

    private static double norm(double[] row) {
        double sum = 0;
        for (double value : row) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }
}
