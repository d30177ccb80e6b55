package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.io.TensorEntry;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * FP8: w = number · scale, with a scale for the whole weight, for each row, or for each block of rows and columns, as in
 * DeepSeek V3 (arXiv:2412.19437) and Qwen 3. The scale is stored as {@code weight_scale_inv}, of which only the name says that
 * something is inverse, or as {@code weight_scale}.
 *
 * @param blocks rows and columns of a block; null for none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Float8Layout(int @Nullable [] blocks) implements Layout {
    private static final String WEIGHT = "weight";
    private static final String INVERSE = "weight_scale_inv";
    private static final String SCALE = "weight_scale";

    @Override
    public String name() {
        return "FP8 (e4m3)";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WEIGHT, INVERSE, SCALE, "input_scale", "activation_scale", "output_scale");
    }

    @Override
    public Set<String> marks() {
        return Set.of(INVERSE, SCALE);
    }

    @Override
    public boolean holds(Parts parts) {
        TensorEntry weight = parts.entry(WEIGHT);
        return weight != null && weight.dtype() == DType.FP8_E4M3;
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        parts.require(WEIGHT, List.of(DType.FP8_E4M3), new long[] {out, in});
        String scale = parts.has(INVERSE) ? INVERSE : SCALE;
        if (parts.has(INVERSE) && parts.has(SCALE)) {
            throw parts.problem("A quantised weight has two tensors of scales.", INVERSE)
                    .fact("and", parts.name(SCALE))
                    .fact("expected", "one of them")
                    .toException();
        }
        ScaleGrid grid = ScaleGrid.of(parts, scale, out, in, blocks);
        return new CodedMatrix(parts, scale, out, in, grid.columns(), Codes.E4M3) {
            private float @Nullable [] scales;

            @Override
            Rows rows(int from, int count) {
                float[] all = scales == null ? parts.floats(scale) : scales;
                scales = all;
                byte[] codes = parts.tensor(WEIGHT).narrow(0, from, count).toBytes();
                return (row, to) -> {
                    System.arraycopy(codes, (row - from) * in, to.codes(), 0, in);
                    System.arraycopy(all, grid.first(row), to.scales(), 0, grid.perRow());
                };
            }
        };
    }
}
