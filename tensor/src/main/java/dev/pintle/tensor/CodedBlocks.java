package dev.pintle.tensor;

import dev.pintle.base.Problem;

/** Writes blocks of the formats whose scales are in FP32, from codes that are already in 4 or 8 bits: nothing is rounded. */
public final class CodedBlocks {
    private CodedBlocks() {}

    /**
     * Writes one block.
     *
     * @param codes unsigned integers of 4 or 8 bits, of which a block's begin at {@code from}; signed ones are stored with 128
     *     added
     * @param zero what is subtracted from each code: 0 to 16 for 4 bits, and 128 for 8; nothing for formats with a
     *     {@linkplain BlockFormat#table table}
     * @param at where the block begins
     * @throws IllegalArgumentException for a format that has no scale in FP32
     */
    public static void put(BlockFormat format, float scale, int zero, byte[] codes, int from, byte[] to, int at) {
        int bits = Float.floatToRawIntBits(scale);
        for (int i = 0; i < Float.BYTES; i++) {
            to[at + i] = (byte) (bits >> Byte.SIZE * i);
        }
        switch (format) {
            case INT8_G32, INT8_G128 -> {
                for (int i = 0; i < format.block(); i++) {
                    to[at + 4 + i] = (byte) (codes[from + i] ^ 0x80);
                }
            }
            case INT4_G32, INT4_G128 -> {
                to[at + 4] = (byte) zero;
                putNibbles(codes, from, format.block() / 2, to, at + 5);
            }
            case NF4_G64, FP4_G64 -> putNibbles(codes, from, format.block() / 2, to, at + 4);
            case E4M3_G32, E4M3_G128 -> System.arraycopy(codes, from, to, at + 4, format.block());
            default ->
                throw Problem.of("Blocks of this format are not written from codes.")
                        .fact("format", format)
                        .toIllegalArgument();
        }
    }

    private static void putNibbles(byte[] codes, int from, int half, byte[] to, int at) {
        for (int i = 0; i < half; i++) {
            to[at + i] = (byte) (codes[from + i] & 15 | codes[from + half + i] << 4);
        }
    }
}
