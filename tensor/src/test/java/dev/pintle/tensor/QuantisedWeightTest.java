package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantisedWeightTest {
    private static final int OUT = 70; // not a multiple of what a thread computes at a time
    private static final int IN = 512;

    @ParameterizedTest
    @EnumSource
    void a_product_is_that_of_the_decoded_weight(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(bytes(format, 1), format, OUT, IN);
            double[] decoded = weight.decoded(0, OUT).toDoubles();
            Tensor bias = Tensor.randn(2, DType.FP32, Device.CPU, OUT);
            for (int rows : new int[] {1, 3, 5, 16, 40}) {
                Tensor x = Tensor.randn(rows, DType.FP32, Device.CPU, 1, rows, IN);
                double[] expected = product(x.toDoubles(), decoded, bias.toDoubles(), rows);
                Tensor product = weight.linear(x, bias);
                assertThat(product.shape()).isEqualTo(Shape.of(1, rows, OUT));
                assertThat(product.toDoubles())
                        .usingComparatorWithPrecision(2e-4)
                        .containsExactly(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_rows_bits_do_not_depend_on_the_others(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(bytes(format, 3), format, OUT, IN);
            Tensor x = Tensor.randn(4, DType.FP32, Device.CPU, 37, IN);
            Tensor all = weight.linearOfRows(x, null);
            for (int row = 0; row < 37; row++) {
                Tensor alone = weight.linearOfRows(x.narrow(0, row, 1), null);
                assertThat(alone.toFloats()).isEqualTo(all.narrow(0, row, 1).toFloats());
            }
        }
    }

    @Test
    void vector_instructions_give_what_plain_loops_give() {
        try (TensorScope scope = TensorScope.open("test")) {
            for (BlockFormat format : new BlockFormat[] {BlockFormat.Q8_0, BlockFormat.Q6_K, BlockFormat.NF4_G64}) {
                BlockFormat.Unpacked row = format.room(IN);
                System.arraycopy(bytes(format, 5).toBytes(), 0, row.packed(), 0, row.packed().length);
                format.unpack(row);
                float[] x = Tensor.randn(6, DType.FP32, Device.CPU, 4, IN).toFloats();
                float[] fastest = new float[4];
                float[] plain = new float[4];
                multiply(BlockDots.FASTEST, format, row, x, fastest);
                multiply(new PlainBlockDots(), format, row, x, plain);
                for (int i = 0; i < 4; i++) {
                    assertThat(fastest[i]).isCloseTo(plain[i], within(1e-4f));
                }
            }
        }
    }

    private static void multiply(BlockDots dots, BlockFormat format, BlockFormat.Unpacked row, float[] x, float[] to) {
        if (format.hasValues()) {
            dots.multiply(row.values(), x, 0, 4, to);
        } else {
            dots.multiply(row, format.group(), x, 0, 4, IN, to);
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_piece_is_the_decoded_rows_rounded_once(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            int[] order = IntStream.range(0, IN).map(i -> (i * 5 + 3) % IN).toArray();
            QuantisedWeight weight = QuantisedWeight.of(bytes(format, 8), format, OUT, IN);
            for (QuantisedWeight one : new QuantisedWeight[] {weight, weight.withColumns(order)}) {
                for (DType dtype : new DType[] {DType.FP32, DType.BF16}) {
                    DecodedPiece piece = new DecodedPiece(dtype, 40, IN);
                    for (int from : new int[] {0, 40}) {
                        int to = Math.min(OUT, from + 40);
                        assertThat(piece.fill(one, from, to).toFloats())
                                .isEqualTo(one.decoded(from, to).to(dtype).toFloats());
                    }
                }
            }
        }
    }

    @Test
    void a_product_of_several_pieces_has_each_in_its_place() {
        int out = 2500; // of 512 columns: two pieces
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(bytes(BlockFormat.Q4_K, 9, out, IN), BlockFormat.Q4_K, out, IN);
            for (DType dtype : new DType[] {DType.FP32, DType.BF16, DType.FP64}) {
                Tensor x = Tensor.randn(10, DType.FP32, Device.CPU, 20, IN).to(dtype);
                boolean rounds = dtype == DType.BF16 && HalfProducts.hasInstructions();
                Tensor decoded = weight.decoded(0, out).to(rounds ? DType.BF16 : DType.FP32);
                double[] expected =
                        x.to(DType.FP64).linear(decoded.to(DType.FP64), null).toDoubles();
                double[] found = weight.linear(x, null).toDoubles();
                double tolerance = dtype == DType.BF16 ? 0.005 : 2e-4; // of BF16 results
                for (int i = 0; i < expected.length; i++) {
                    assertThat(found[i]).isCloseTo(expected[i], within(tolerance * (1 + Math.abs(expected[i]))));
                }
            }
        }
    }

    @Test
    void selected_rows_are_rows_of_the_weight() {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(bytes(BlockFormat.Q4_K, 7), BlockFormat.Q4_K, OUT, IN);
            int[] which = {69, 0, 33, 33};
            QuantisedWeight some = weight.select(which).select(new int[] {1, 0, 2});
            assertThat(some.out()).isEqualTo(3);
            assertThat(some.decoded(0, 3).toFloats())
                    .isEqualTo(weight.decoded(new int[] {0, 69, 33}).toFloats());
        }
    }

    @Test
    void another_number_of_bytes_is_refused() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor bytes = bytes(BlockFormat.Q8_0, 1);
            assertThatThrownBy(() -> QuantisedWeight.of(bytes, BlockFormat.Q8_0, OUT + 1, IN))
                    .hasMessageContaining("Q8_0")
                    .hasMessageContaining("expected");
            assertThatThrownBy(() -> QuantisedWeight.of(bytes, BlockFormat.Q8_0, OUT, IN + 1))
                    .hasMessageContaining("blocks of 32");
        }
    }

    @Test
    void a_closed_weight_is_refused() {
        QuantisedWeight weight;
        try (TensorScope scope = TensorScope.open("test")) {
            weight = QuantisedWeight.of(bytes(BlockFormat.Q8_0, 1), BlockFormat.Q8_0, OUT, IN);
        }
        try (TensorScope scope = TensorScope.open("after")) {
            Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, 1, IN);
            assertThatThrownBy(() -> weight.linear(x, null)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static Tensor bytes(BlockFormat format, long seed) {
        return bytes(format, seed, OUT, IN);
    }

    /** Blocks whose scales are moderate numbers. */
    static Tensor bytes(BlockFormat format, long seed, int out, int in) {
        Random random = new Random(seed);
        byte[] bytes = new byte[(int) format.rowBytes(in) * out];
        random.nextBytes(bytes);
        int[] scales = switch (format) {
            case Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
            default -> new int[0];
        };
        for (int at = 0; at < bytes.length; at += format.bytes()) {
            for (int scale : scales) {
                bytes[at + scale + 1] = (byte) (0x10 + random.nextInt(4)); // about 0.001
            }
            if (format == BlockFormat.MXFP4) {
                bytes[at] = (byte) (118 + random.nextInt(4));
            }
            if (!BlockFormat.ofGguf().contains(format)) {
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(at, (1 + random.nextFloat()) / 1000);
            }
            if (format.name().startsWith("INT4")) {
                bytes[at + 4] = (byte) random.nextInt(17);
            }
            for (int i = at; format.name().startsWith("E4M3") && i < at + format.bytes(); i++) {
                bytes[i] = (byte) (i < at + 4 ? bytes[i] : bytes[i] & 0xBF); // at most 1.875
            }
        }
        return Tensor.ofBytes(bytes, DType.UINT8, bytes.length);
    }

    private static double[] product(double[] x, double[] weight, double[] bias, int rows) {
        return IntStream.range(0, rows * OUT)
                .mapToDouble(at -> {
                    double sum = bias[at % OUT];
                    for (int i = 0; i < IN; i++) {
                        sum += x[at / OUT * IN + i] * weight[at % OUT * IN + i];
                    }
                    return sum;
                })
                .toArray();
    }
}
