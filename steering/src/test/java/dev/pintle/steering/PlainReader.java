package dev.pintle.steering;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads half differences by running every prompt whole and alone: slow, and plain enough to be believed. */
final class PlainReader {
    private PlainReader() {}

    static List<double[]> directions(LanguageModel model, HookPoint at, Contrast method) {
        List<double[]> rows = new ArrayList<>();
        for (ContrastPair pair : method.pairs()) {
            TokenPair tokens = pair.tokens(model.text());
            Positions.Selection selection = method.positions().of(tokens);
            double[][] positive = read(model, at, tokens.positive().ids(), selection.positive());
            double[][] negative = read(model, at, tokens.negative().ids(), selection.negative());
            for (int i = 0; i < positive.length; i++) {
                double[] d = new double[positive[i].length];
                for (int j = 0; j < d.length; j++) {
                    d[j] = (positive[i][j] - negative[i][j]) / 2;
                }
                rows.add(method.lengths() == Contrast.Lengths.UNIT ? unit(d) : d);
            }
        }
        return rows;
    }

    private static double[] unit(double[] d) {
        double norm = Math.sqrt(Eigen.dot(d, d));
        return Arrays.stream(d).map(x -> x / norm).toArray();
    }

    static double[][] read(LanguageModel model, HookPoint at, int[] ids, int[] positions) {
        try (TensorScope scope = TensorScope.open("read one prompt")) {
            Tensor whole = model.run(TokenBatch.of(ids), RunOptions.reading(at)).row(at, 0);
            double[] flat = whole.to(DType.FP64).toDoubles();
            int width = whole.shape().intSize(1);
            return Arrays.stream(positions)
                    .mapToObj(p -> Arrays.copyOfRange(flat, p * width, (p + 1) * width))
                    .toArray(double[][]::new);
        }
    }
}
