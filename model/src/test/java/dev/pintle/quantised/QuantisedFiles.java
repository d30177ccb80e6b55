package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Random weights in each layout, and what they are by the documented formulas, element by element in FP64. */
public final class QuantisedFiles {
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
    private static final double[] FP4 = {
        0,
        0.0625 / 12,
        8 / 12.0,
        1,
        4 / 12.0,
        6 / 12.0,
        2 / 12.0,
        3 / 12.0,
        0,
        -0.0625 / 12,
        -8 / 12.0,
        -1,
        -4 / 12.0,
        -6 / 12.0,
        -2 / 12.0,
        -3 / 12.0
    };
    private static final int[] AWQ_COLUMNS = {0, 2, 4, 6, 1, 3, 5, 7}; // that the nibbles of a word have

    private QuantisedFiles() {}

    /** A way of storing weights. */
    public enum Kind {
        NF4("'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'bnb_4bit_quant_type': 'nf4'"),
        NF4_TWICE("'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'bnb_4bit_use_double_quant': true"),
        FP4("'quant_method': 'bitsandbytes', 'load_in_4bit': true, 'bnb_4bit_quant_type': 'fp4'"),
        INT8("'quant_method': 'bitsandbytes', 'load_in_8bit': true, 'llm_int8_threshold': 6.0"),
        FP8_BLOCKS(
                "'quant_method': 'fp8', 'activation_scheme': 'dynamic', 'fmt': 'e4m3', 'weight_block_size': [128, 128]"),
        FP8_ROWS(group("float-quantized", "'num_bits': 8, 'type': 'float', 'strategy': 'channel'")),
        FP8_WHOLE(group("float-quantized", "'num_bits': 8, 'type': 'float', 'strategy': 'tensor'")),
        PACKED4(group("pack-quantized", "'num_bits': 4, 'type': 'int', 'strategy': 'group', 'group_size': 32")),
        PACKED4_ZEROS(group("pack-quantized", "'num_bits': 4, 'type': 'int', 'symmetric': false, 'group_size': 128")),
        PACKED4_ORDER(
                group("pack-quantized", "'num_bits': 4, 'group_size': 32, 'strategy': 'group', 'actorder': 'group'")),
        PACKED8(group("pack-quantized", "'num_bits': 8, 'type': 'int', 'strategy': 'channel'")),
        INT_ROWS(group("int-quantized", "'num_bits': 8, 'type': 'int', 'strategy': 'channel', 'dynamic': false")),
        INT_ZEROS(group("int-quantized", "'num_bits': 8, 'type': 'int', 'symmetric': false, 'strategy': 'channel'")),
        AWQ("'quant_method': 'awq', 'bits': 4, 'group_size': 64, 'zero_point': true, 'version': 'gemm'"),
        GPTQ("'quant_method': 'gptq', 'bits': 4, 'group_size': 32, 'desc_act': false, 'sym': false"),
        GPTQ_V2("'quant_method': 'gptq', 'bits': 4, 'group_size': 32, 'checkpoint_format': 'gptq_v2'"),
        GPTQ_ORDER("'quant_method': 'gptq', 'bits': 4, 'group_size': 32, 'desc_act': true"),
        GPTQ_UNEVEN("'quant_method': 'gptq', 'bits': 4, 'group_size': 32, 'desc_act': true"),
        GPTQ8("'quant_method': 'gptq', 'bits': 8, 'group_size': -1, 'sym': true");

        private final String keys;

        Kind(String keys) {
            this.keys = keys;
        }

        /** As config.json has it. */
        public String config() {
            return "\"quantization_config\": {" + keys.replace('\'', '"') + "}";
        }

        private static String group(String format, String weights) {
            return "'quant_method': 'compressed-tensors', 'format': '" + format
                    + "', 'quantization_status': 'compressed', 'ignore': ['lm_head', 're:.*gate$'], 'config_groups':"
                    + " {'group_0': {'targets': ['Linear'], 'input_activations': null, 'weights': {" + weights + "}}}";
        }
    }

    /**
     * A weight.
     *
     * @param tensors by name in the file
     * @param values `[out, in]`
     */
    public record Stored(Map<String, Tensor> tensors, double[] values) {}

    /** A random weight of a module. */
    public static Stored random(Kind kind, String module, int out, int in, Random random) {
        return new Writer(module, out, in, random).write(kind);
    }

    /** A number of 8 bits, by table 1 of arXiv:2209.05433. */
    private static double e4m3(int bits) {
        int exponent = bits >> 3 & 15;
        double fraction = (bits & 7) / 8.0;
        double size = exponent == 0 ? fraction * Math.pow(2, -6) : (1 + fraction) * Math.pow(2, exponent - 7);
        return bits > 127 ? -size : size;
    }

    /** Integers in words along the rows of a matrix, the first in the lowest bits. */
    private static Tensor packed(int[] integers, int rows, int columns, int bits) {
        int perWord = 32 / bits;
        int wide = (columns + perWord - 1) / perWord;
        int[] words = new int[rows * wide];
        for (int i = 0; i < integers.length; i++) {
            words[i / columns * wide + i % columns / perWord] |= integers[i] << bits * (i % columns % perWord);
        }
        return Tensor.of(words, rows, wide).to(DType.INT32);
    }

    private static int[] turned(int[] integers, int rows, int columns) {
        int[] turned = new int[integers.length];
        for (int i = 0; i < integers.length; i++) {
            turned[i % columns * rows + i / columns] = integers[i];
        }
        return turned;
    }

    private static final class Writer {
        private final String module;
        private final int out;
        private final int in;
        private final Random random;
        private final Map<String, Tensor> tensors = new LinkedHashMap<>();
        private final double[] values;

        Writer(String module, int out, int in, Random random) {
            this.module = module;
            this.out = out;
            this.in = in;
            this.random = random;
            this.values = new double[out * in];
        }

        Stored write(Kind kind) {
            switch (kind) {
                case NF4 -> nibbles(NF4, "nf4", false);
                case NF4_TWICE -> nibbles(NF4, "nf4", true);
                case FP4 -> nibbles(FP4, "fp4", false);
                case INT8 -> int8();
                case FP8_BLOCKS -> float8("weight_scale_inv", 128, 128);
                case FP8_ROWS -> float8("weight_scale", 1, in);
                case FP8_WHOLE -> float8("weight_scale", out, in);
                case PACKED4 -> packed(4, 32, false, null);
                case PACKED4_ZEROS -> packed(4, Math.min(128, in), true, null);
                case PACKED4_ORDER -> packed(4, 32, false, shuffled(32));
                case PACKED8 -> packed(8, in, false, null);
                case INT_ROWS -> integers(false);
                case INT_ZEROS -> integers(true);
                case AWQ -> awq(64);
                case GPTQ -> gptq(4, 32, 1, null);
                case GPTQ_V2 -> gptq(4, 32, 0, null);
                case GPTQ_ORDER -> gptq(4, 32, 1, shuffled(32));
                case GPTQ_UNEVEN -> {
                    int[] groups = shuffled(32);
                    groups[0] = (groups[0] + 1) % (in / 32);
                    gptq(4, 32, 1, groups);
                }
                case GPTQ8 -> gptq(8, in, 1, null);
            }
            return new Stored(tensors, values);
        }

        private void put(String part, Tensor tensor) {
            tensors.put(module + "." + part, tensor);
        }

        private int[] codes(int count, int bound) {
            return random.ints(count, 0, bound).toArray();
        }

        /** Numbers of moderate size that FP16 has. */
        private double[] scales(int count, double size) {
            float[] scales = new float[count];
            for (int i = 0; i < count; i++) {
                scales[i] = (float) (size * (0.5 + random.nextDouble()));
            }
            return Tensor.of(scales, count).to(DType.FP16).toDoubles();
        }

        private static Tensor half(double[] numbers, long... shape) {
            return Tensor.of(numbers, shape).to(DType.FP16);
        }

        private static Tensor bytes(int[] numbers, DType dtype, long... shape) {
            byte[] bytes = new byte[numbers.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) numbers[i];
            }
            return Tensor.ofBytes(bytes, dtype, shape);
        }

        private void nibbles(double[] table, String type, boolean twice) {
            int[] codes = codes(out * in, 16);
            int[] bytes = new int[codes.length / 2];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = codes[2 * i] << 4 | codes[2 * i + 1];
            }
            int blocks = (codes.length + 63) / 64;
            double[] absmax = scales(blocks, 0.1);
            String state = "{\"quant_type\": \"" + type + "\", \"blocksize\": 64, \"dtype\": \"bfloat16\", \"shape\": ["
                    + out + ", " + in + "]";
            put("weight", bytes(bytes, DType.UINT8, bytes.length, 1));
            put("weight.quant_map", Tensor.of(table, 16).to(DType.FP32));
            if (twice) {
                int[] chosen = codes(blocks, 256);
                double[] map = scales(256, 0.5);
                double[] nested = scales((blocks + 255) / 256, 0.1);
                for (int b = 0; b < blocks; b++) {
                    absmax[b] = map[chosen[b]] * nested[b / 256] + 0.03125;
                }
                state += ", \"nested_blocksize\": 256, \"nested_dtype\": \"float32\", \"nested_offset\": 0.03125";
                put("weight.absmax", bytes(chosen, DType.UINT8, blocks));
                put("weight.nested_quant_map", Tensor.of(map, 256).to(DType.FP32));
                put("weight.nested_absmax", Tensor.of(nested, nested.length).to(DType.FP32));
            } else {
                put("weight.absmax", Tensor.of(absmax, blocks).to(DType.FP32));
            }
            byte[] json = (state + "}").getBytes(StandardCharsets.UTF_8);
            put("weight.quant_state.bitsandbytes__" + type, Tensor.ofBytes(json, DType.UINT8, json.length));
            for (int i = 0; i < values.length; i++) {
                values[i] = table[codes[i]] * absmax[i / 64];
            }
        }

        private void int8() {
            int[] integers = random.ints(out * in, -127, 128).toArray();
            double[] largest = scales(out, 0.3);
            put("weight", bytes(integers, DType.INT8, out, in));
            put("SCB", Tensor.of(largest, out).to(DType.FP32));
            put("weight_format", bytes(new int[] {0}, DType.UINT8));
            for (int i = 0; i < values.length; i++) {
                values[i] = integers[i] * largest[i / in] / 127;
            }
        }

        private void float8(String scale, int rows, int columns) {
            int[] codes = random.ints(out * in, 0, 256)
                    .map(code -> code & 0xBF) // less than 2
                    .toArray();
            int down = (out + rows - 1) / rows;
            int across = (in + columns - 1) / columns;
            double[] scales = scales(down * across, 0.1);
            put("weight", bytes(codes, DType.FP8_E4M3, out, in));
            boolean whole = down * across == 1 && columns == in;
            put(scale, whole ? Tensor.of(scales, 1).to(DType.BF16) : half(scales, down, across));
            if (whole) {
                scales = Tensor.of(scales, 1).to(DType.BF16).toDoubles();
                put("input_scale", Tensor.of(new float[] {1}, 1));
            }
            for (int i = 0; i < values.length; i++) {
                values[i] = e4m3(codes[i]) * scales[i / in / rows * across + i % in / columns];
            }
        }

        private void packed(int bits, int size, boolean zeros, int @Nullable [] listed) {
            int middle = 1 << bits - 1;
            int groups = in / size;
            int[] codes = codes(out * in, 2 * middle);
            double[] scales = scales(out * groups, 0.2 / middle);
            int[] zero = zeros ? codes(out * groups, 2 * middle) : new int[out * groups];
            put("weight_packed", QuantisedFiles.packed(codes, out, in, bits));
            put("weight_shape", Tensor.of(new long[] {out, in}, 2));
            put("weight_scale", half(scales, out, groups));
            if (zeros) { // packed down the columns
                put(
                        "weight_zero_point",
                        QuantisedFiles.packed(turned(zero, out, groups), groups, out, bits)
                                .transpose(0, 1)
                                .contiguous());
            } else {
                Arrays.fill(zero, middle);
            }
            for (int i = 0; i < values.length; i++) {
                int group = i / in * groups + (listed == null ? i % in / size : listed[i % in]);
                values[i] = (codes[i] - zero[group]) * scales[group];
            }
            if (listed != null) {
                put("weight_g_idx", Tensor.of(listed, in).to(DType.INT32));
            }
        }

        private void integers(boolean zeros) {
            int[] integers = random.ints(out * in, -128, 128).toArray();
            double[] scales = scales(out, 0.001);
            int[] zero = zeros ? random.ints(out, -20, 20).toArray() : new int[out];
            put("weight", bytes(integers, DType.INT8, out, in));
            put("weight_scale", half(scales, out, 1));
            if (zeros) {
                put("weight_zero_point", bytes(zero, DType.INT8, out, 1));
            }
            for (int i = 0; i < values.length; i++) {
                values[i] = (integers[i] - zero[i / in]) * scales[i / in];
            }
        }

        private void awq(int size) {
            int groups = in / size;
            int[] codes = codes(in * out, 16); // [in, out]
            int[] zeros = codes(groups * out, 16);
            double[] scales = scales(groups * out, 0.02);
            put("qweight", QuantisedFiles.packed(ordered(codes), in, out, 4));
            put("qzeros", QuantisedFiles.packed(ordered(zeros), groups, out, 4));
            put("scales", half(scales, groups, out));
            for (int k = 0; k < in; k++) {
                for (int n = 0; n < out; n++) {
                    int group = k / size * out + n;
                    values[n * in + k] = (codes[k * out + n] - zeros[group]) * scales[group];
                }
            }
        }

        /** Eight columns at a time in the order of a word of AWQ. */
        private static int[] ordered(int[] integers) {
            int[] ordered = new int[integers.length];
            for (int i = 0; i < ordered.length; i++) {
                ordered[i] = integers[i / 8 * 8 + AWQ_COLUMNS[i % 8]];
            }
            return ordered;
        }

        private int[] shuffled(int size) {
            List<Integer> groups = new ArrayList<>();
            for (int column = 0; column < in; column++) {
                groups.add(column / size);
            }
            Collections.shuffle(groups, random);
            return groups.stream().mapToInt(group -> group).toArray();
        }

        /** @param less by which stored zero points are less than the real ones */
        private void gptq(int bits, int size, int less, int @Nullable [] listed) {
            int groups = in / size;
            int all = 1 << bits;
            int[] codes = codes(in * out, all); // [in, out]
            int[] zeros = bits == 8 ? new int[groups * out] : codes(groups * out, all);
            if (bits == 8) {
                Arrays.fill(zeros, all / 2);
            }
            int[] storedZeros =
                    Arrays.stream(zeros).map(zero -> zero - less & all - 1).toArray();
            double[] scales = scales(groups * out, 0.2 / all);
            put(
                    "qweight",
                    QuantisedFiles.packed(turned(codes, in, out), out, in, bits)
                            .transpose(0, 1)
                            .contiguous());
            put("qzeros", QuantisedFiles.packed(storedZeros, groups, out, bits));
            put("scales", half(scales, groups, out));
            put("bias", Tensor.zeros(DType.FP16, Device.CPU, out));
            if (listed != null) {
                put("g_idx", Tensor.of(listed, in).to(DType.INT32));
            }
            for (int k = 0; k < in; k++) {
                for (int n = 0; n < out; n++) {
                    int group = (listed == null ? k / size : listed[k]) * out + n;
                    values[n * in + k] = (codes[k * out + n] - zeros[group]) * scales[group];
                }
            }
        }
    }
}
