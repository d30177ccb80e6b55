package dev.pintle.tensor;

import dev.pintle.tensor.BlockFormat.Unpacked;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/*
 * A tile has its integers first, in the order in which a GPU's lanes read them, then the scales of each row, then what they are
 * multiplied by. Columns are taken 16 at a time, a step; lane (g, t) has four of them, of rows g and g + 8. See tiled.cu.
 */
/**
 * How a {@link BlockFormat} whose elements are integers is stored in tiles of 16 rows and 256 columns, for GPUs. Nothing is
 * rounded: integers and scales are the format's own.
 */
record TileFormat(BlockFormat blocks, int bits, int zero, Scales scales, int factorsAt) {
    static final int ROWS = 16;
    static final int COLUMNS = 256;
    private static final int LANES = 32;
    private static final int STEP = 16; // columns
    private static final int QUAD = 16; // bytes that a lane reads at once

    /** How scales are stored; the order is that of the numbers in the source. */
    enum Scales {
        /** For 32 columns, a scale with a sign and an offset of 8 bits each, times FP16 numbers for the row of a tile. */
        K32(16, 4),
        /** For 16 columns, a scale of 8 bits with a sign, times an FP16 number for the row of a tile. */
        K16(16, 4),
        /** For 32 columns, a scale in FP16. */
        H32(16, 0),
        /** For 32 columns, a scale and an offset in FP16. */
        HO32(32, 0),
        /** For 32 columns, a scale in FP32. */
        F32(32, 0);

        final int bytes; // of a row of a tile
        final int factorBytes;

        Scales(int bytes, int factorBytes) {
            this.bytes = bytes;
            this.factorBytes = factorBytes;
        }
    }

    /** Those of {@link #of}; {@code factorsAt} is where FP16 factors lie in a block of 256, for K32 and K16. */
    private static final Map<BlockFormat, TileFormat> FORMATS = Map.ofEntries(
            entry(BlockFormat.Q8_0, 8, 0, Scales.H32, 0),
            entry(BlockFormat.Q4_0, 4, 8, Scales.H32, 0),
            entry(BlockFormat.Q4_1, 4, 0, Scales.HO32, 0),
            entry(BlockFormat.Q5_0, 8, 0, Scales.H32, 0),
            entry(BlockFormat.Q5_1, 8, 0, Scales.HO32, 0),
            entry(BlockFormat.Q3_K, 8, 0, Scales.K16, 108),
            entry(BlockFormat.Q4_K, 4, 0, Scales.K32, 0),
            entry(BlockFormat.Q5_K, 8, 0, Scales.K32, 0),
            entry(BlockFormat.Q6_K, 8, 0, Scales.K16, 208),
            entry(BlockFormat.IQ4_NL, 8, 0, Scales.H32, 0),
            entry(BlockFormat.IQ4_XS, 8, 0, Scales.K32, 0),
            entry(BlockFormat.MXFP4, 8, 0, Scales.F32, 0),
            entry(BlockFormat.INT8_G32, 8, 0, Scales.F32, 0),
            entry(BlockFormat.INT8_G128, 8, 0, Scales.F32, 0),
            entry(BlockFormat.INT4_G32, 8, 0, Scales.F32, 0),
            entry(BlockFormat.INT4_G128, 8, 0, Scales.F32, 0));

    private static Map.Entry<BlockFormat, TileFormat> entry(
            BlockFormat blocks, int bits, int zero, Scales scales, int factorsAt) {
        return Map.entry(blocks, new TileFormat(blocks, bits, zero, scales, factorsAt));
    }

    /** That of a block format; empty for those without, whose elements choose among uneven numbers, and for Q2_K. */
    static Optional<TileFormat> of(BlockFormat blocks) {
        return Optional.ofNullable(FORMATS.get(blocks));
    }

    /** Bytes of a tile. */
    int tileBytes() {
        return codeBytes() + ROWS * (scales.bytes + scales.factorBytes);
    }

    private int codeBytes() {
        return ROWS * COLUMNS * bits / 8;
    }

    /**
     * Writes the tiles of 16 rows, one for every 256 columns.
     *
     * @param rows that were unpacked, 16 of them
     * @param to zeros
     */
    void write(Unpacked[] rows, int columns, byte[] to) {
        for (int tile = 0; tile < columns / COLUMNS; tile++) {
            for (int row = 0; row < ROWS; row++) {
                writeIntegers(rows[row], tile, row, to);
                writeScales(rows[row], tile, row, to);
            }
        }
    }

    private void writeIntegers(Unpacked from, int tile, int row, byte[] to) {
        int group = blocks.group();
        int start = tile * tileBytes();
        for (int column = 0; column < COLUMNS; column++) {
            int at = tile * COLUMNS + column;
            int integer = from.integers()[from.start() + at / group * from.stride() + at % group];
            boolean small = group == STEP; // else a lane has eight contiguous columns in two steps
            int step = small ? column / STEP : column / 32 * 2 + column % 8 / 4;
            int lane = row % 8 * 4 + (small ? column % STEP / 4 : column % 32 / 8);
            int nth = column % 4;
            int upper = row / 8;
            if (bits == 4) {
                // a word of 8 integers: the low halves of each pair of a step, four of them, then the high ones
                int place = nth / 2 * 2 + upper + nth % 2 * 4;
                int word = start + (step / 4 * LANES + lane) * QUAD + step % 4 * 4;
                to[word + place / 2] |= (byte) ((integer + zero) << place % 2 * 4);
            } else {
                int words = 2 * step + upper;
                to[start + (words / 4 * LANES + lane) * QUAD + words % 4 * 4 + nth] = (byte) integer;
            }
        }
    }

    private void writeScales(Unpacked from, int tile, int row, byte[] to) {
        int start = tile * tileBytes() + codeBytes() + row * scales.bytes;
        int groups = COLUMNS / blocks.group();
        byte[] packed = from.packed();
        if (scales.factorBytes > 0) {
            int block = tile * blocks.bytes() + factorsAt;
            int factors = tile * tileBytes() + codeBytes() + ROWS * scales.bytes + row * scales.factorBytes;
            System.arraycopy(packed, block, to, factors, blocks.hasOffsets() ? 4 : 2);
            float scale = BlockFormat.fp16(half(packed, block));
            float offset = blocks.hasOffsets() ? -BlockFormat.fp16(half(packed, block + 2)) : 0;
            for (int g = 0; g < groups; g++) {
                // both are exact: 11 bits times 8
                to[start + g] = (byte) (scale == 0 ? 0 : from.scales()[tile * groups + g] / scale);
                if (offset != 0) {
                    to[start + groups + g] = (byte) (from.offsets()[tile * groups + g] / offset);
                }
            }
            return;
        }
        for (int g = 0; g < COLUMNS / 32; g++) {
            int block = (tile * COLUMNS + g * 32) / blocks.block() * blocks.bytes();
            switch (scales) {
                case H32 -> System.arraycopy(packed, block, to, start + 2 * g, 2);
                case HO32 -> System.arraycopy(packed, block, to, start + 4 * g, 4);
                default -> {
                    int bits = Float.floatToRawIntBits(from.scales()[tile * (COLUMNS / 32) + g]);
                    for (int i = 0; i < 4; i++) {
                        to[start + 4 * g + i] = (byte) (bits >> 8 * i);
                    }
                }
            }
        }
    }

    private static int half(byte[] from, int at) {
        return (from[at] & 0xFF) | (from[at + 1] & 0xFF) << 8;
    }

    /** Macros that the kernels are compiled with. */
    Map<String, Integer> macros() {
        return Map.of(
                "BITS",
                bits,
                "ZERO",
                zero,
                "SCALES",
                Arrays.asList(Scales.values()).indexOf(scales));
    }
}
