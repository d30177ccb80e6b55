package dev.pintle.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Most formats come down to the same thing: an integer for each element, and for each group of 16 or 32 of them a scale
 * and perhaps an offset, so that a value is scale · integer + offset. How these are packed differs. Products and decoding
 * therefore know only integers, scales and offsets, and a format only has to unpack a block. Where elements choose among
 * uneven numbers that are no small integers, the values themselves are unpacked.
 *
 * A value is computed as the reference does, in FP32: the scale first, then the product, then the sum, each rounded.
 */
/**
 * Quantised storage formats: rows of blocks of equal size along the input axis. Up to {@link #MXFP4}, they are those of GGUF
 * files. The others hold what checkpoints in the Hugging Face layout store in several tensors: each block begins with a scale
 * in FP32, and where a scale there is that of more elements, each block has it.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h">the layouts of GGUF</a>
 */
public enum BlockFormat {
    /** 8 bits, a scale for 32 elements. */
    Q8_0(32, 34, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at); // integers stay where they are
        }
    },
    /** 4 bits around 8, a scale for 32 elements. */
    Q4_0(32, 18, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at);
            nibbles(from, at + 2, 16, to.integers, block * 32);
            LOOPS.add(to.integers, block * 32, 32, -8);
        }
    },
    /** 4 bits, a scale and an offset for 32 elements. */
    Q4_1(32, 20, 32, true) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at);
            to.offsets[block] = half(from, at + 2);
            nibbles(from, at + 4, 16, to.integers, block * 32);
        }
    },
    /** 5 bits around 16, a scale for 32 elements. */
    Q5_0(32, 22, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at);
            nibbles(from, at + 6, 16, to.integers, block * 32);
            fifthBits(word(from, at + 2), to.integers, block * 32);
            LOOPS.add(to.integers, block * 32, 32, -16);
        }
    },
    /** 5 bits, a scale and an offset for 32 elements. */
    Q5_1(32, 24, 32, true) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at);
            to.offsets[block] = half(from, at + 2);
            nibbles(from, at + 8, 16, to.integers, block * 32);
            fifthBits(word(from, at + 4), to.integers, block * 32);
        }
    },
    /** 2 bits, a scale and an offset of 4 bits for 16 elements, times a scale each for 256. */
    Q2_K(256, 84, 16, true) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            float scale = half(from, at + 80);
            float least = half(from, at + 82);
            for (int g = 0; g < 16; g++) {
                int packed = from[at + g];
                to.scales[block * 16 + g] = scale * (packed & 15);
                to.offsets[block * 16 + g] = -(least * ((packed >> 4) & 15));
            }
            pairsOfBits(from, at + 16, to.integers, block * 256);
        }
    },
    /** 3 bits around 4, a scale of 6 bits for 16 elements, times a scale for 256. */
    Q3_K(256, 110, 16, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            float scale = half(from, at + 108);
            for (int g = 0; g < 16; g++) {
                int low = (from[at + 96 + (g & 7)] >> (g < 8 ? 0 : 4)) & 15;
                int high = (from[at + 104 + (g & 3)] >> (2 * (g >> 2))) & 3;
                to.scales[block * 16 + g] = scale * ((low | high << 4) - 32);
            }
            pairsOfBits(from, at + 32, to.integers, block * 256);
            for (int j = 0; j < 8; j++) {
                LOOPS.put(from, at, 32, j, 1, 2, to.integers, block * 256 + 32 * j);
            }
            LOOPS.add(to.integers, block * 256, 256, -4);
        }
    },
    /** 4 bits, a scale and an offset of 6 bits for 32 elements, times a scale each for 256. */
    Q4_K(256, 144, 32, true) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            sixBits(from, at, to, block);
            for (int k = 0; k < 4; k++) {
                nibbles(from, at + 16 + 32 * k, 32, to.integers, block * 256 + 64 * k);
            }
        }
    },
    /** 5 bits, a scale and an offset of 6 bits for 32 elements, times a scale each for 256. */
    Q5_K(256, 176, 32, true) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            sixBits(from, at, to, block);
            for (int k = 0; k < 4; k++) {
                nibbles(from, at + 48 + 32 * k, 32, to.integers, block * 256 + 64 * k);
            }
            for (int g = 0; g < 8; g++) {
                LOOPS.put(from, at + 16, 32, g, 1, 4, to.integers, block * 256 + 32 * g);
            }
        }
    },
    /** 6 bits around 32, a scale of 8 bits for 16 elements, times a scale for 256. */
    Q6_K(256, 210, 16, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            float scale = half(from, at + 208);
            for (int g = 0; g < 16; g++) {
                to.scales[block * 16 + g] = scale * from[at + 192 + g];
            }
            for (int half = 0; half < 2; half++) {
                int start = block * 256 + 128 * half;
                nibbles(from, at + 64 * half, 64, to.integers, start);
                for (int j = 0; j < 4; j++) {
                    LOOPS.put(from, at + 128 + 32 * half, 32, 2 * j, 3, 4, to.integers, start + 32 * j);
                }
            }
            LOOPS.add(to.integers, block * 256, 256, -32);
        }
    },
    /** 4 bits that choose among 16 uneven values, a scale for 32 elements. */
    IQ4_NL(32, 18, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = half(from, at);
            nibbles(from, at + 2, 16, to.integers, block * 32);
            lookUp(UNEVEN, to.integers, block * 32, 32);
        }
    },
    /** The same with a scale of 6 bits for 32 elements, times a scale for 256. */
    IQ4_XS(256, 136, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            float scale = half(from, at);
            int high = (from[at + 2] & 0xFF) | (from[at + 3] & 0xFF) << 8;
            for (int g = 0; g < 8; g++) {
                int low = (from[at + 4 + g / 2] >> (g % 2 * 4)) & 15;
                to.scales[block * 8 + g] = scale * ((low | ((high >> (2 * g)) & 3) << 4) - 32);
                nibbles(from, at + 8 + 16 * g, 16, to.integers, block * 256 + 32 * g);
            }
            lookUp(UNEVEN, to.integers, block * 256, 256);
        }
    },
    /** Floating-point numbers of 4 bits, a power of two for 32 elements (OCP Microscaling Formats 1.0). */
    MXFP4(32, 17, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = Math.scalb(1f, (from[at] & 0xFF) - 128); // half as much, since values are doubled
            nibbles(from, at + 1, 16, to.integers, block * 32);
            lookUp(DOUBLED_E2M1, to.integers, block * 32, 32);
        }
    },
    /** Signed 8 bits, a scale in FP32 for 32 elements. */
    INT8_G32(32, 36, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = single(from, at); // integers stay where they are
        }
    },
    /** Signed 8 bits, a scale in FP32 for 128 elements. */
    INT8_G128(128, 132, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            Arrays.fill(to.scales, block * 4, block * 4 + 4, single(from, at));
            System.arraycopy(from, at + 4, to.integers, block * 128, 128);
        }
    },
    /** 4 bits around a zero point of 8 bits, a scale in FP32 for 32 elements. */
    INT4_G32(32, 21, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            to.scales[block] = single(from, at);
            nibbles(from, at + 5, 16, to.integers, block * 32);
            LOOPS.add(to.integers, block * 32, 32, -from[at + 4]);
        }
    },
    /** The same for 128 elements. */
    INT4_G128(128, 69, 32, false) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            Arrays.fill(to.scales, block * 4, block * 4 + 4, single(from, at));
            nibbles(from, at + 5, 64, to.integers, block * 128);
            LOOPS.add(to.integers, block * 128, 128, -from[at + 4]);
        }
    },
    /** 4 bits that choose a quantile of the normal distribution (bitsandbytes' NF4), a scale in FP32 for 64 elements. */
    NF4_G64(64, 36, CodeTables.NF4) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            nibbles(from, at + 4, 32, to.integers, block * 64);
            lookUp(CodeTables.NF4, to.integers, block * 64, single(from, at), 64, to.values, block * 64);
        }
    },
    /** 4 bits that choose one of bitsandbytes' FP4 numbers, a scale in FP32 for 64 elements. */
    FP4_G64(64, 36, CodeTables.FP4) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            nibbles(from, at + 4, 32, to.integers, block * 64);
            lookUp(CodeTables.FP4, to.integers, block * 64, single(from, at), 64, to.values, block * 64);
        }
    },
    /** Floating-point numbers of 8 bits, a scale in FP32 for 32 elements. */
    E4M3_G32(32, 36, CodeTables.E4M3) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            lookUp(CodeTables.E4M3, from, at + 4, single(from, at), 32, to.values, block * 32);
        }
    },
    /** The same for 128 elements. */
    E4M3_G128(128, 132, CodeTables.E4M3) {
        @Override
        void unpack(byte[] from, int at, Unpacked to, int block) {
            lookUp(CodeTables.E4M3, from, at + 4, single(from, at), 128, to.values, block * 128);
        }
    };

    private static final byte[] UNEVEN = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final byte[] DOUBLED_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private static final ByteLoops LOOPS = ByteLoops.FASTEST;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int ONES = 0x0101_0101; // times a number: four bytes of it

    private final int block;
    private final int bytes;
    private final int group;
    private final boolean offsets;
    private final float @Nullable [] table;

    BlockFormat(int block, int bytes, int group, boolean offsets) {
        this.block = block;
        this.bytes = bytes;
        this.group = group;
        this.offsets = offsets;
        this.table = null;
    }

    BlockFormat(int block, int bytes, float[] table) {
        this.block = block;
        this.bytes = bytes;
        this.group = block;
        this.offsets = false;
        this.table = table;
    }

    /**
     * A row as integers, scales and offsets, or as values.
     *
     * @param packed the row as it is stored
     * @param integers of each element, group by group: those of a group begin at {@code start + group · stride}
     * @param scales of each group
     * @param offsets of each group; zeros for formats without
     * @param values of each element, for formats with a table; those have no scales, and only codes of 4 bits as integers
     */
    record Unpacked(
            byte[] packed, byte[] integers, int start, int stride, float[] scales, float[] offsets, float[] values) {}

    /** Those of GGUF files. */
    public static Set<BlockFormat> ofGguf() {
        return EnumSet.range(Q8_0, MXFP4);
    }

    /** GGUF's format of this name, as ggml spells it. */
    public static Optional<BlockFormat> named(String name) {
        return ofGguf().stream().filter(format -> format.name().equals(name)).findFirst();
    }

    /** Elements of a block. */
    public int block() {
        return block;
    }

    /** Bytes of a block. */
    public int bytes() {
        return bytes;
    }

    /**
     * The numbers among which an element's 4 or 8 bits choose, before they are scaled, where they are no small integers; empty
     * for formats whose elements are integers.
     */
    public Optional<float[]> table() {
        return Optional.ofNullable(table).map(float[]::clone);
    }

    /** Whether rows are unpacked to values. */
    boolean hasValues() {
        return table != null;
    }

    /** Elements that have a scale in common; where integers are unpacked, 16 or 32 of them. */
    int group() {
        return group;
    }

    /** Whether values have an offset. */
    boolean hasOffsets() {
        return offsets;
    }

    /** Bytes of a row of so many elements. */
    long rowBytes(long elements) {
        return elements / block * bytes;
    }

    /** Room for a row of so many elements. */
    Unpacked room(int elements) {
        byte[] packed = new byte[Math.toIntExact(rowBytes(elements))];
        if (table != null) {
            byte[] codes = new byte[table.length == 16 ? elements : 0];
            return new Unpacked(packed, codes, 0, 0, new float[0], new float[0], new float[elements]);
        }
        int groups = elements / group;
        int inPlace = this == Q8_0 ? 2 : this == INT8_G32 ? 4 : 0; // where integers begin in a block
        return new Unpacked(
                packed,
                inPlace > 0 ? packed : new byte[elements],
                inPlace,
                inPlace > 0 ? bytes : group,
                new float[groups],
                new float[groups],
                new float[0]);
    }

    /** Unpacks one block, the {@code block}-th of a row. */
    abstract void unpack(byte[] from, int at, Unpacked to, int block);

    /** Unpacks the row that is in {@code row.packed}. */
    void unpack(Unpacked row) {
        int blocks = row.packed.length / bytes;
        for (int b = 0; b < blocks; b++) {
            unpack(row.packed, b * bytes, row, b);
        }
    }

    /** Writes the values of an unpacked row. */
    void decode(Unpacked row, float[] to, int at, int elements) {
        if (hasValues()) {
            System.arraycopy(row.values, 0, to, at, elements);
            return;
        }
        BlockDots.FASTEST.decode(row, group, offsets, to, at, elements);
    }

    // ---------------------------------------------------------------- parts of blocks

    private static float half(byte[] from, int at) {
        return fp16((from[at] & 0xFF) | (from[at + 1] & 0xFF) << 8);
    }

    /** The number that 16 bits are in FP16. */
    static float fp16(int bits) {
        return Halves.VALUES[bits];
    }

    private static int word(byte[] from, int at) {
        return (int) WORDS.get(from, at);
    }

    private static float single(byte[] from, int at) {
        return Float.intBitsToFloat(word(from, at));
    }

    /** What codes stand for, times a scale. */
    private static void lookUp(float[] table, byte[] codes, int at, float scale, int count, float[] to, int start) {
        for (int i = 0; i < count; i++) {
            to[start + i] = table[codes[at + i] & 0xFF] * scale;
        }
    }

    /** Low halves of some bytes, then the high halves. */
    private static void nibbles(byte[] from, int at, int count, byte[] to, int start) {
        LOOPS.take(from, at, count, 0, 15, to, start);
        LOOPS.take(from, at, count, 4, 15, to, start + count);
    }

    /** 256 elements of 2 bits from 64 bytes. */
    private static void pairsOfBits(byte[] from, int at, byte[] to, int start) {
        for (int half = 0; half < 2; half++) {
            for (int j = 0; j < 4; j++) {
                LOOPS.take(from, at + 32 * half, 32, 2 * j, 3, to, start + 128 * half + 32 * j);
            }
        }
    }

    private static void fifthBits(int bits, byte[] to, int start) {
        for (int i = 0; i < 32; i++) {
            to[start + i] = (byte) (to[start + i] | ((bits >>> i) & 1) << 4);
        }
    }

    /** Scales and offsets of Q4_K and Q5_K: 16 numbers of 6 bits, of which four words hold four each. */
    private static void sixBits(byte[] from, int at, Unpacked to, int block) {
        float scale = half(from, at);
        float least = -half(from, at + 2);
        int a = word(from, at + 4);
        int b = word(from, at + 8);
        int c = word(from, at + 12);
        fourTimes(a & 63 * ONES, scale, to.scales, block * 8);
        fourTimes(c & 15 * ONES | (a >>> 6 & 3 * ONES) << 4, scale, to.scales, block * 8 + 4);
        fourTimes(b & 63 * ONES, least, to.offsets, block * 8);
        fourTimes(c >>> 4 & 15 * ONES | (b >>> 6 & 3 * ONES) << 4, least, to.offsets, block * 8 + 4);
    }

    /** The bytes of a word, each times a number. */
    private static void fourTimes(int word, float by, float[] to, int at) {
        to[at] = by * (word & 0xFF);
        to[at + 1] = by * (word >> 8 & 0xFF);
        to[at + 2] = by * (word >> 16 & 0xFF);
        to[at + 3] = by * (word >> 24 & 0xFF);
    }

    private static void lookUp(byte[] table, byte[] values, int start, int count) {
        for (int i = start; i < start + count; i++) {
            values[i] = table[values[i]];
        }
    }

    /** FP16 as FP32, for which Java has no conversion before version 20. */
    private static final class Halves {
        private static final float[] VALUES = new float[1 << 16];

        static {
            for (int bits = 0; bits < VALUES.length; bits++) {
                int exponent = (bits >> 10) & 31;
                int fraction = bits & 0x3FF;
                float size = exponent == 0
                        ? Math.scalb((float) fraction, -24)
                        : exponent < 31
                                ? Math.scalb((float) (fraction | 0x400), exponent - 25)
                                : fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
                VALUES[bits] = (bits & 0x8000) == 0 ? size : -size;
            }
        }
    }
}
