package dev.pintle.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Tensors to write and read back, and where the files of the tests are. */
final class Samples {
    static final Path DEMO_MODEL = Path.of("../models/parley-7m");
    static final Path TORCH = Path.of("src/test/resources/torch");

    private Samples() {}

    /** The same, with numbers of 8 bits, which only safetensors files hold. */
    static Map<String, Tensor> ofEveryDTypeOfSafetensors() {
        Map<String, Tensor> tensors = ofEveryDType();
        tensors.put("fp8", random(new Random(8), DType.FP8_E4M3, 3, 5));
        return tensors;
    }

    /** A tensor of random bits (so NaNs and infinities too) of each dtype of most formats and of several shapes. */
    static Map<String, Tensor> ofEveryDType() {
        Random random = new Random(7);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : EnumSet.complementOf(EnumSet.of(DType.FP8_E4M3))) {
            tensors.put(dtype + ".matrix", random(random, dtype, 3, 5));
            tensors.put(dtype + ".odd", random(random, dtype, 7));
            tensors.put(dtype + ".scalar", random(random, dtype));
            tensors.put(dtype + ".none", random(random, dtype, 4, 0));
        }
        return tensors;
    }

    static Tensor random(Random random, DType dtype, long... sizes) {
        int count = 1;
        for (long size : sizes) {
            count *= (int) size;
        }
        byte[] bytes = new byte[count * dtype.bytes()];
        random.nextBytes(bytes);
        for (int i = 0; dtype == DType.BOOL && i < bytes.length; i++) {
            bytes[i] &= 1;
        }
        return Tensor.ofBytes(bytes, dtype, sizes);
    }

    static void assertSameBits(Tensor actual, Tensor expected, String name) {
        assertThat(actual.dtype()).as(name).isEqualTo(expected.dtype());
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        assertThat(actual.toBytes()).as(name).isEqualTo(expected.toBytes());
    }
}
