package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.io.TensorEntry;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Signed integers of 8 bits, one a byte: w = (q − zero point) · scale, with a scale for the whole weight, each row, or each
 * group of a row; the format {@code int-quantized} of compressed-tensors.
 */
record PlainIntegerLayout() implements Layout {
    private static final String WEIGHT = "weight";
    private static final String SCALE = "weight_scale";
    private static final String ZERO = "weight_zero_point";
    private static final int MIDDLE = 128;

    @Override
    public String name() {
        return "int8";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WEIGHT, SCALE, ZERO, "input_scale", "input_zero_point", "output_scale", "output_zero_point");
    }

    @Override
    public Set<String> marks() {
        return Set.of(SCALE);
    }

    @Override
    public boolean holds(Parts parts) {
        TensorEntry weight = parts.entry(WEIGHT);
        return weight != null && weight.dtype() == DType.INT8;
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        parts.require(WEIGHT, List.of(DType.INT8), new long[] {out, in});
        ScaleGrid grid = ScaleGrid.of(parts, SCALE, out, in, null);
        int[] zeros = zeros(parts);
        Codes codes = new Codes.Integers(8, zeros == null);
        return new CodedMatrix(parts, SCALE, out, in, grid.columns(), codes) {
            private float @Nullable [] scales;

            @Override
            Rows rows(int from, int count) {
                float[] all = scales == null ? parts.floats(SCALE) : scales;
                scales = all;
                byte[] integers = parts.tensor(WEIGHT).narrow(0, from, count).toBytes();
                return (row, to) -> {
                    for (int i = 0; i < in; i++) {
                        to.codes()[i] = (byte) (integers[(row - from) * in + i] ^ 0x80);
                    }
                    int first = grid.first(row);
                    for (int run = 0; run < grid.perRow(); run++) {
                        to.scales()[run] = all[first + run];
                        to.zeros()[run] = MIDDLE + (zeros == null ? 0 : zeros[first + run]);
                    }
                };
            }
        };
    }

    /** Zero points; null if there are none but 0. */
    private static int @Nullable [] zeros(Parts parts) {
        if (!parts.has(ZERO)) {
            return null;
        }
        long[] shape = parts.required(SCALE).shape().toArray();
        parts.require(ZERO, List.of(DType.INT8, DType.INT32), shape);
        int[] zeros = parts.ints(ZERO);
        return Arrays.stream(zeros).allMatch(zero -> zero == 0) ? null : zeros;
    }
}
