package dev.pintle.testkit;

import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.GgufValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writes GGUF files with tensors of any type. */
public final class GgufFiles {
    private static final int ALIGNMENT = 32;
    private static final List<String> IDS = List.of(
            "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
            "", "", "", "", "", "IQ4_NL", "", "", "IQ4_XS", "", "", "", "", "", "", "BF16", "", "", "", "", "", "", "",
            "", "MXFP4");

    private GgufFiles() {}

    /**
     * A tensor.
     *
     * @param type ggml's name of its type
     * @param shape sizes of the axes, outermost first
     * @param data as it is stored
     */
    public record Stored(String name, String type, long[] shape, byte[] data) {}

    /** An unquantised tensor of type F32, F16 or BF16. */
    public static Stored plain(String name, String type, Tensor tensor) {
        DType dtype = type.equals("F32") ? DType.FP32 : type.equals("F16") ? DType.FP16 : DType.BF16;
        try (TensorScope scope = TensorScope.open("store a tensor")) {
            return new Stored(
                    name, type, tensor.shape().toArray(), tensor.to(dtype).toBytes());
        }
    }

    /** A quantised tensor with random blocks, all of whose bytes are such that scales are moderate, wherever they lie. */
    public static Stored random(String name, BlockFormat format, long seed, long... shape) {
        Random random = new Random(seed);
        long elements = 1;
        for (long size : shape) {
            elements *= size;
        }
        byte[] data = new byte[Math.toIntExact(elements / format.block() * format.bytes())];
        boolean exponents = format == BlockFormat.MXFP4;
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (exponents ? 0x70 + random.nextInt(16) : 0x10 + random.nextInt(32));
        }
        return new Stored(name, format.name(), shape, data);
    }

    /** The values of a quantised tensor, `[rows, in]` FP32. */
    public static Tensor values(Stored stored) {
        int in = Math.toIntExact(stored.shape[stored.shape.length - 1]);
        BlockFormat format = BlockFormat.named(stored.type).orElseThrow();
        int rows = stored.data.length / (in / format.block() * format.bytes());
        Tensor bytes =
                Tensor.ofBytes(stored.data, DType.UINT8, stored.data.length).to(Device.CPU);
        return QuantisedWeight.of(bytes, format, rows, in).decoded(0, rows);
    }

    /** Writes a version 3 file. */
    public static void write(Path path, Map<String, GgufValue> values, List<Stored> tensors) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        number(out, 0x46554747, 4);
        number(out, 3, 4);
        number(out, tensors.size(), 8);
        number(out, values.size(), 8);
        values.forEach((key, value) -> {
            text(out, key);
            number(out, kind(value), 4);
            value(out, value);
        });
        long offset = 0;
        for (Stored tensor : tensors) {
            text(out, tensor.name);
            number(out, tensor.shape.length, 4);
            for (int axis = tensor.shape.length - 1; axis >= 0; axis--) {
                number(out, tensor.shape[axis], 8);
            }
            number(out, IDS.indexOf(tensor.type), 4);
            number(out, offset, 8);
            offset += (tensor.data.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        for (Stored tensor : tensors) {
            pad(out);
            out.writeBytes(tensor.data);
        }
        pad(out);
        try {
            Files.write(path, out.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }

    private static int kind(GgufValue value) {
        return switch (value.kind()) {
            case UINT8 -> 0;
            case INT8 -> 1;
            case UINT16 -> 2;
            case INT16 -> 3;
            case UINT32 -> 4;
            case INT32 -> 5;
            case FLOAT32 -> 6;
            case BOOL -> 7;
            case STRING -> 8;
            case ARRAY -> 9;
            case UINT64 -> 10;
            case INT64 -> 11;
            case FLOAT64 -> 12;
        };
    }

    private static void value(ByteArrayOutputStream out, GgufValue value) {
        if (value instanceof GgufValue.Int number) {
            int width = switch (number.kind()) {
                case UINT8, INT8 -> 1;
                case UINT16, INT16 -> 2;
                case UINT64, INT64 -> 8;
                default -> 4;
            };
            number(out, number.value(), width);
        } else if (value instanceof GgufValue.Float32 single) {
            number(out, Float.floatToRawIntBits(single.value()), 4);
        } else if (value instanceof GgufValue.Float64 wide) {
            number(out, Double.doubleToRawLongBits(wide.value()), 8);
        } else if (value instanceof GgufValue.Bool truth) {
            number(out, truth.value() ? 1 : 0, 1);
        } else if (value instanceof GgufValue.Text text) {
            text(out, text.value());
        } else if (value instanceof GgufValue.Array array) {
            number(
                    out,
                    kind(
                            array.values().isEmpty()
                                    ? GgufValue.uint32(0)
                                    : array.values().get(0)),
                    4);
            number(out, array.values().size(), 8);
            array.values().forEach(one -> value(out, one));
        }
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(out, utf8.length, 8);
        out.writeBytes(utf8);
    }

    private static void number(ByteArrayOutputStream out, long value, int bytes) {
        out.write(
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array(),
                0,
                bytes);
    }
}
