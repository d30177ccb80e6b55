package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.io.SafeTensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class BlockFormatTest {
    private static final float[] IQ4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final float[] FP4 = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0f, -.5f, -1, -1.5f, -2, -3, -4, -6};

    private static final double[] NF4 = {
        -1,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1
    };
    private static final double[] BNB_FP4 = {0, 0.0625 / 12, 8 / 12.0, 1, 4 / 12.0, 6 / 12.0, 2 / 12.0, 3 / 12.0};

    @ParameterizedTest
    @MethodSource("dev.pintle.tensor.BlockFormat#ofGguf")
    void a_row_has_the_values_of_the_reference(BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test");
                SafeTensors golden = SafeTensors.open(golden())) {
            byte[] bytes = golden.tensor(format.name()).toBytes();
            float[] expected = golden.tensor(format + ".values").toFloats();
            assertThat(decoded(format, bytes, expected.length)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void every_element_has_the_value_of_the_documented_formula(BlockFormat format) {
        Random random = new Random(format.ordinal());
        byte[] block = new byte[format.bytes()];
        for (int round = 0; round < 200; round++) {
            random.nextBytes(block);
            float[] decoded = decoded(format, block, format.block());
            for (int i = 0; i < decoded.length; i++) {
                float expected = value(format, block, i);
                assertThat(decoded[i] == expected || (Float.isNaN(expected) && Float.isNaN(decoded[i])))
                        .as("%s, element %d: %s, expected %s", format, i, decoded[i], expected)
                        .isTrue();
            }
        }
    }

    @Test
    void a_name_is_ggmls() {
        assertThat(BlockFormat.named("Q4_K")).contains(BlockFormat.Q4_K);
        assertThat(BlockFormat.named("IQ1_S")).isEmpty();
    }

    private static Path golden() {
        return Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                .map(folder -> folder.resolve("testdata/golden/gguf_blocks.safetensors"))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
    }

    private static float[] decoded(BlockFormat format, byte[] bytes, int elements) {
        BlockFormat.Unpacked row = format.room(elements);
        System.arraycopy(bytes, 0, row.packed(), 0, bytes.length);
        format.unpack(row);
        float[] values = new float[elements];
        format.decode(row, values, 0, elements);
        return values;
    }

    /** Element i of a block, as the layouts are documented. */
    private static float value(BlockFormat format, byte[] b, int i) {
        int i32 = i % 32;
        int half = i / 128; // of 256 elements
        int quarter = i % 128 / 32; // of a half
        return switch (format) {
            case Q8_0 -> fp16(b, 0) * b[2 + i];
            case Q4_0 -> fp16(b, 0) * (nibble(b, 2, i) - 8);
            case Q4_1 -> fp16(b, 0) * nibble(b, 4, i) + fp16(b, 2);
            case Q5_0 -> fp16(b, 0) * (nibble(b, 6, i) + 16 * bit(b, 2, i) - 16);
            case Q5_1 -> fp16(b, 0) * (nibble(b, 8, i) + 16 * bit(b, 4, i)) + fp16(b, 2);
            case Q2_K -> {
                int s = b[i / 16] & 0xFF;
                int q = ((b[16 + 32 * half + i32] & 0xFF) >> (2 * quarter)) & 3;
                yield fp16(b, 80) * (s & 15) * q - fp16(b, 82) * (s >> 4);
            }
            case Q3_K -> {
                int g = i / 16;
                int low = g < 8 ? b[96 + g] & 15 : (b[96 + g - 8] & 0xFF) >> 4;
                int high = ((b[104 + g % 4] & 0xFF) >> (2 * (g / 4))) & 3;
                int q = ((b[32 + 32 * half + i32] & 0xFF) >> (2 * quarter)) & 3;
                int set = ((b[i32] & 0xFF) >> (i / 32)) & 1;
                yield fp16(b, 108) * (low + 16 * high - 32) * (q - 4 * (1 - set));
            }
            case Q4_K, Q5_K -> {
                int g = i / 32;
                int by = g < 4 ? b[4 + g] & 63 : (b[8 + g] & 15) + 16 * ((b[g] & 0xFF) >> 6);
                int less = g < 4 ? b[8 + g] & 63 : ((b[8 + g] & 0xFF) >> 4) + 16 * ((b[4 + g] & 0xFF) >> 6);
                int bytes = format == BlockFormat.Q4_K ? 16 : 48;
                int packed = b[bytes + 32 * (g / 2) + i32] & 0xFF;
                int n = g % 2 == 0 ? packed & 15 : packed >> 4;
                if (format == BlockFormat.Q5_K) {
                    n += 16 * (((b[16 + i32] & 0xFF) >> g) & 1);
                }
                yield fp16(b, 0) * by * n - fp16(b, 2) * less;
            }
            case Q6_K -> {
                int low = b[64 * half + i % 64] & 0xFF;
                int high = b[128 + 32 * half + i32] & 0xFF;
                int q = (i % 128 < 64 ? low & 15 : low >> 4) + 16 * ((high >> (2 * quarter)) & 3);
                yield fp16(b, 208) * b[192 + i / 16] * (q - 32);
            }
            case IQ4_NL -> fp16(b, 0) * IQ4[nibble(b, 2, i)];
            case IQ4_XS -> {
                int g = i / 32;
                int low = g % 2 == 0 ? b[4 + g / 2] & 15 : (b[4 + g / 2] & 0xFF) >> 4;
                int high = (((b[2] & 0xFF) + 256 * (b[3] & 0xFF)) >> (2 * g)) & 3;
                yield fp16(b, 0) * (low + 16 * high - 32) * IQ4[nibble(b, 8 + 16 * g, i32)];
            }
            case MXFP4 -> (float) (Math.pow(2, (b[0] & 0xFF) - 127) * FP4[nibble(b, 1, i)]);
            case INT8_G32, INT8_G128 -> fp32(b) * b[4 + i];
            case INT4_G32 -> fp32(b) * (byte) (nibble(b, 5, i) - b[4]);
            case INT4_G128 -> fp32(b) * (byte) (half(b, 5, i, 64) - b[4]);
            case NF4_G64 -> fp32(b) * (float) NF4[half(b, 4, i, 32)];
            case FP4_G64 -> fp32(b) * ((half(b, 4, i, 32) & 8) == 0 ? 1 : -1) * (float) BNB_FP4[half(b, 4, i, 32) & 7];
            case E4M3_G32, E4M3_G128 -> fp32(b) * e4m3(b[4 + i]);
        };
    }

    /** The low halves of some bytes, then the high halves. */
    private static int half(byte[] b, int at, int i, int bytes) {
        return i < bytes ? b[at + i] & 15 : (b[at + i - bytes] & 0xFF) >> 4;
    }

    private static float fp32(byte[] b) {
        return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getFloat(0);
    }

    /** As in table 1 of arXiv:2209.05433. */
    private static float e4m3(byte bits) {
        int exponent = (bits >> 3) & 15;
        int fraction = bits & 7;
        double size =
                exponent == 0 ? fraction / 8.0 * Math.pow(2, -6) : (1 + fraction / 8.0) * Math.pow(2, exponent - 7);
        return (bits & 127) == 127 ? Float.NaN : (float) (bits < 0 ? -size : size);
    }

    /** The low halves of 16 bytes, then the high halves. */
    private static int nibble(byte[] b, int at, int i) {
        return i < 16 ? b[at + i] & 15 : (b[at + i - 16] & 0xFF) >> 4;
    }

    private static int bit(byte[] b, int at, int i) {
        return ((b[at + i / 8] & 0xFF) >> (i % 8)) & 1;
    }

    private static float fp16(byte[] b, int at) {
        int bits = (b[at] & 0xFF) + 256 * (b[at + 1] & 0xFF);
        int sign = bits >> 15 == 0 ? 1 : -1;
        int exponent = (bits >> 10) & 31;
        double fraction = (bits & 1023) / 1024.0;
        if (exponent == 31) {
            return fraction == 0 ? sign * Float.POSITIVE_INFINITY : Float.NaN;
        }
        return (float)
                (sign * (exponent == 0 ? fraction * Math.pow(2, -14) : (1 + fraction) * Math.pow(2, exponent - 15)));
    }
}
