package dev.pintle.steering;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;
import java.util.stream.LongStream;

/** Directions by hand. */
final class Streams {
    private Streams() {}

    /** A stream of these rows, each a unit of its own; they come a few at once. */
    static DirectionStream of(List<double[]> rows, Aggregation aggregation, long seed) {
        DirectionStream stream = new DirectionStream(rows.get(0).length, rows.size(), aggregation, seed);
        for (int from = 0; from < rows.size(); from += 700) {
            int to = Math.min(rows.size(), from + 700);
            try (TensorScope scope = TensorScope.open("rows")) {
                stream.add(LongStream.range(from, to).toArray(), matrix(rows.subList(from, to)));
            }
        }
        return stream;
    }

    /** Rows as a tensor `[rows, width]` in the innermost scope. */
    static Tensor matrix(List<double[]> rows) {
        return Tensor.stack(rows.stream().map(row -> Tensor.of(row, row.length)).toList(), 0);
    }

    static DirectionStream.Aggregated aggregate(List<double[]> rows, Aggregation aggregation) {
        try (DirectionStream stream = of(rows, aggregation, 1)) {
            return stream.aggregate(aggregation);
        }
    }
}
