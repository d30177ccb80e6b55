package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * The header of an array in NumPy's format: a magic number, a version, a length, and a Python dictionary {@code
 * {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }} padded so that the elements start at a multiple of 64.
 *
 * @param fortran whether the first axis varies fastest
 * @param data offset of the first element from the start of the array
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the format</a>
 */
record NpyHeader(DType dtype, boolean fortran, Shape shape, long data) {
    /** Maximum header size in bytes. NumPy's own limit is 10,000. */
    static final int MAX = 64 << 10;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    private static final Map<String, DType> DTYPES = Map.of(
            "<f8", DType.FP64,
            "<f4", DType.FP32,
            "<f2", DType.FP16,
            "<i8", DType.INT64,
            "<i4", DType.INT32,
            "<i2", DType.INT16,
            "|i1", DType.INT8,
            "|u1", DType.UINT8,
            "|b1", DType.BOOL);

    /** Reads a header at the cursor, leaving the cursor at the elements. */
    static NpyHeader read(Cursor in) {
        long start = in.position();
        if (in.remaining() < MAGIC.length || !Arrays.equals(in.bytes(MAGIC.length), MAGIC)) {
            throw in.problem("This is not an array in NumPy's format.").toException();
        }
        int major = in.u8();
        int minor = in.u8();
        if (major < 1 || major > 3 || minor != 0) {
            throw in.malformed("version 1.0, 2.0 or 3.0", "version " + major + "." + minor);
        }
        long length = major == 1 ? in.u16() : in.u32();
        if (length > MAX) {
            throw in.malformed("a header of at most " + MAX + " bytes", "one of " + length);
        }
        return new Parser(in.text(length), in).header(in.position() - start);
    }

    /** Size of the elements in bytes. */
    long bytes() {
        return Layout.bytes(shape, dtype);
    }

    /** The shape in which the stored elements are row-major: the shape itself, or reversed. */
    long[] storedSizes() {
        long[] sizes = shape.toArray();
        for (int i = 0; fortran && i < sizes.length / 2; i++) {
            long size = sizes[i];
            sizes[i] = sizes[sizes.length - 1 - i];
            sizes[sizes.length - 1 - i] = size;
        }
        return sizes;
    }

    /** The array as a view of its stored elements, which have the shape {@link #storedSizes}. */
    Tensor arranged(Tensor stored) {
        Tensor view = stored;
        for (int i = 0; fortran && i < shape.rank() / 2; i++) {
            view = view.transpose(i, shape.rank() - 1 - i);
        }
        return view;
    }

    /**
     * The header of a row-major array.
     *
     * @throws IllegalArgumentException for a dtype that NumPy lacks
     */
    static byte[] write(Tensor tensor) {
        String descr = DTYPES.entrySet().stream()
                .filter(e -> e.getValue() == tensor.dtype())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> Problem.of("NumPy has no such dtype.")
                        .fact("but was", tensor.dtype())
                        .fact("try", "tensor.to(DType.FP32), which represents every bf16 number exactly")
                        .toIllegalArgument());
        StringJoiner shape = new StringJoiner(", ", "(", tensor.shape().rank() == 1 ? ",)" : ")");
        for (long size : tensor.shape().toArray()) {
            shape.add(String.valueOf(size));
        }
        String text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
        int fixed = MAGIC.length + 4;
        int padding = -(fixed + text.length() + 1) & (ALIGNMENT - 1);
        String padded = text + " ".repeat(padding) + "\n";
        return ByteBuffer.allocate(fixed + padded.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) padded.length())
                .put(padded.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    /** Parses the dictionary: exactly three keys, in any order. */
    private static final class Parser {
        private final String text;
        private final Cursor in;
        private int at;

        Parser(String text, Cursor in) {
            this.text = text;
            this.in = in;
        }

        NpyHeader header(long data) {
            Set<String> seen = new HashSet<>();
            Map<String, String> descr = new HashMap<>();
            boolean fortran = false;
            long[] sizes = {};
            expect('{');
            while (peek() != '}') {
                String key = quoted();
                expect(':');
                switch (key) {
                    case "descr" -> descr.put(key, descr());
                    case "fortran_order" -> fortran = truth();
                    case "shape" -> sizes = sizes();
                    default -> throw malformed("descr, fortran_order and shape", Excerpt.of(key));
                }
                if (!seen.add(key)) {
                    throw malformed("unique keys", key + " twice");
                }
                if (peek() != '}') {
                    expect(',');
                }
            }
            expect('}');
            if (seen.size() != 3 || peek() != 0) {
                throw malformed("descr, fortran_order and shape, and nothing else", Excerpt.of(text));
            }
            DType dtype = dtype(descr.getOrDefault("descr", ""));
            Shape shape = Layout.shape(sizes, dtype, () -> in.problem("The header gives an array an invalid shape."));
            return new NpyHeader(dtype, fortran, shape, data);
        }

        private DType dtype(String descr) {
            DType dtype = DTYPES.get(descr);
            if (dtype != null) {
                return dtype;
            }
            String why = switch (descr) {
                case "|O" -> "Python objects, which cannot be read without running their code";
                case "|V2", "<V2", "<u2" -> "two bytes of a type unknown to NumPy; bf16 is often saved this way";
                default -> descr.startsWith(">") ? "the other byte order" : "an unsupported type";
            };
            throw in.problem("An array has an unsupported dtype.")
                    .fact("expected", "<f8, <f4, <f2, <i8, <i4, <i2, |i1, |u1 or |b1")
                    .fact("but was", Excerpt.of(descr) + ": " + why)
                    .fact("try", "numpy.save(path, array.astype('<f4'))")
                    .toException();
        }

        private String descr() {
            if (peek() == '[') {
                throw in.problem("Structured arrays are not supported.")
                        .fact("but was", Excerpt.of(text.substring(at)))
                        .toException();
            }
            return quoted();
        }

        private String quoted() {
            char quote = peek();
            if (quote != '\'' && quote != '"') {
                throw malformed("a string", rest());
            }
            int end = text.indexOf(quote, at + 1);
            if (end < 0) {
                throw malformed("a closing quote", rest());
            }
            String value = text.substring(at + 1, end);
            at = end + 1;
            return value;
        }

        private boolean truth() {
            peek();
            boolean yes = text.startsWith("True", at);
            if (!yes && !text.startsWith("False", at)) {
                throw malformed("True or False", rest());
            }
            at += yes ? 4 : 5;
            return yes;
        }

        private long[] sizes() {
            long[] sizes = new long[Layout.MAX_RANK];
            int count = 0;
            expect('(');
            while (peek() != ')') {
                if (count == sizes.length) {
                    throw malformed("at most " + Layout.MAX_RANK + " axes", "more");
                }
                sizes[count++] = number();
                if (peek() != ')') {
                    expect(',');
                }
            }
            expect(')');
            return Arrays.copyOf(sizes, count);
        }

        private long number() {
            int start = at;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                at++;
            }
            if (at == start || at - start > 18) {
                at = start;
                throw malformed("a size of at most 18 digits", rest());
            }
            return Long.parseLong(text, start, at, 10);
        }

        /** The next non-blank character; 0 at the end. */
        private char peek() {
            while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
                at++;
            }
            return at < text.length() ? text.charAt(at) : 0;
        }

        private void expect(char c) {
            if (peek() != c) {
                throw malformed(String.valueOf(c), rest());
            }
            at++;
        }

        private String rest() {
            return at < text.length() ? Excerpt.of(text.substring(at)) : "the end";
        }

        private PintleException malformed(String expected, String found) {
            return in.malformed(expected, found);
        }
    }
}
