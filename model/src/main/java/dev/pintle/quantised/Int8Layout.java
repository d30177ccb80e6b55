package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * LLM.int8 of bitsandbytes (arXiv:2208.07339): w = q · SCB / 127, where SCB is the largest size in a row. Outliers of the
 * activations, which LLM.int8 computes in FP16, need nothing here, since no activation is rounded.
 */
record Int8Layout() implements Layout {
    private static final String WEIGHT = "weight";
    private static final String SCALE = "SCB";
    private static final String ORDER = "weight_format";
    private static final float LARGEST = 127;

    @Override
    public String name() {
        return "bitsandbytes int8";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WEIGHT, SCALE, ORDER);
    }

    @Override
    public Set<String> marks() {
        return Set.of(SCALE);
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        parts.require(WEIGHT, List.of(DType.INT8), new long[] {out, in});
        parts.require(SCALE, Parts.NUMBERS, new long[] {out}, new long[] {out, 1});
        if (parts.has(ORDER)) {
            parts.require(
                    ORDER, List.of(DType.UINT8, DType.INT8, DType.INT32, DType.INT64), new long[0], new long[] {1});
            int order = parts.ints(ORDER)[0];
            if (order != 0) {
                throw parts.problem("A weight is stored in an order of its elements that is not supported.", ORDER)
                        .fact("expected", "0, row by row")
                        .fact("but was", order)
                        .fact("try", "another copy of the model")
                        .toException();
            }
        }
        return new CodedMatrix(parts, SCALE, out, in, in, new Codes.Integers(8, true)) {
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
                    to.scales()[0] = all[row] / LARGEST;
                    to.zeros()[0] = 128;
                };
            }
        };
    }
}
