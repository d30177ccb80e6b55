package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes plain values and tensors like {@code torch.save}: pickle protocol 2, with storages by reference. */
final class Pickler {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final IdentityHashMap<Tensor, Integer> keys = new IdentityHashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /**
     * The pickle.
     *
     * @throws IllegalArgumentException naming the class of a value that is not plain
     */
    byte[] pickle(@Nullable Object tree) {
        op(0x80, 2);
        value(tree, 0);
        op('.');
        return out.toByteArray();
    }

    /** The tensors of the pickle; each one's index is the key of its storage. */
    List<Tensor> tensors() {
        return tensors;
    }

    private void value(@Nullable Object value, int depth) {
        if (depth > Unpickler.MAX_DEPTH) {
            throw Problem.of("The values to write are nested too deeply.")
                    .fact("expected", "at most " + Unpickler.MAX_DEPTH + " levels, and no value that contains itself")
                    .toIllegalArgument();
        }
        if (value == null) {
            op('N');
        } else if (value instanceof Boolean b) {
            op(b ? 0x88 : 0x89);
        } else if (value instanceof Integer || value instanceof Long) {
            integer(((Number) value).longValue());
        } else if (value instanceof Float || value instanceof Double) {
            op('G');
            put(ByteBuffer.allocate(8).putDouble(((Number) value).doubleValue()).array());
        } else if (value instanceof String text) {
            text(text);
        } else if (value instanceof Tensor tensor) {
            tensor(tensor);
        } else if (value instanceof List<?> list) {
            op(']', '(');
            list.forEach(item -> value(item, depth + 1));
            op('e');
        } else if (value instanceof Map<?, ?> map) {
            op('}', '(');
            map.forEach((key, item) -> {
                if (!(key instanceof String || key instanceof Integer || key instanceof Long)) {
                    throw notPlain("String, Integer and Long keys", key);
                }
                value(key, depth + 1);
                value(item, depth + 1);
            });
            op('u');
        } else {
            throw notPlain("tensors, strings, numbers, booleans, lists and maps", value);
        }
    }

    private static IllegalArgumentException notPlain(String expected, @Nullable Object value) {
        return Problem.of("Such a value cannot be written to a PyTorch file.")
                .fact("expected", expected)
                .fact("but was", value == null ? "null" : value.getClass().getName())
                .toIllegalArgument();
    }

    private void integer(long value) {
        if (value == (int) value) {
            op('J');
            put(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt((int) value)
                    .array());
        } else {
            op(0x8a, 8);
            put(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }
    }

    private void text(String text) {
        try {
            ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(text));
            op('X');
            put(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(utf8.remaining())
                    .array());
            byte[] bytes = new byte[utf8.remaining()];
            utf8.get(bytes);
            put(bytes);
        } catch (CharacterCodingException e) {
            throw Problem.of("Such a text cannot be written to a PyTorch file.")
                    .fact("expected", "text that UTF-8 can encode, without lone surrogates")
                    .fact("but was", Excerpt.of(text))
                    .toIllegalArgument();
        }
    }

    /** {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)}. */
    private void tensor(Tensor tensor) {
        Integer known = keys.putIfAbsent(tensor, tensors.size());
        int key = known == null ? tensors.size() : known;
        if (known == null) {
            tensors.add(tensor);
        }
        Shape shape = tensor.shape();
        global("torch._utils", "_rebuild_tensor_v2");
        op('(', '(');
        text("storage");
        global("torch", storageName(tensor));
        text(String.valueOf(key));
        text("cpu");
        integer(shape.elements());
        op('t', 'Q');
        integer(0);
        op('(');
        for (int axis = 0; axis < shape.rank(); axis++) {
            integer(shape.size(axis));
        }
        op('t', '(');
        for (long stride : rowMajor(shape)) {
            integer(stride);
        }
        op('t', 0x89);
        global("collections", "OrderedDict");
        op(')', 'R', 't', 'R');
    }

    private static long[] rowMajor(Shape shape) {
        long[] strides = new long[shape.rank()];
        long stride = 1;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= Math.max(shape.size(axis), 1);
        }
        return strides;
    }

    private static String storageName(Tensor tensor) {
        return switch (tensor.dtype()) {
            case FP64 -> "DoubleStorage";
            case FP32 -> "FloatStorage";
            case FP16 -> "HalfStorage";
            case BF16 -> "BFloat16Storage";
            case INT64 -> "LongStorage";
            case INT32 -> "IntStorage";
            case INT16 -> "ShortStorage";
            case INT8 -> "CharStorage";
            case UINT8 -> "ByteStorage";
            case BOOL -> "BoolStorage";
            case FP8_E4M3 ->
                throw Problem.of("Files of PyTorch are not written with numbers of 8 bits.")
                        .fact("but was", tensor.describe())
                        .fact("try", "bf16, which holds the same numbers")
                        .toIllegalArgument();
        };
    }

    private void global(String module, String name) {
        out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private void op(int... codes) {
        for (int code : codes) {
            out.write(code);
        }
    }

    private void put(byte[] bytes) {
        out.writeBytes(bytes);
    }
}
