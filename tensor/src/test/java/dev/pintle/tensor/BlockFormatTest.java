package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.io.SafeTensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockFormatTest {
    private static final float[] IQ4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final float[] FP4 = {0, .5f, 1, 1.5f, 2, 3, 4, 6, -0f, -.5f, -1, -1.5f, -2, -3, -4, -6};

    @ParameterizedTest
    @EnumSource
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
        };
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
