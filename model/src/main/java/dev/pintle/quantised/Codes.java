package dev.pintle.quantised;

import dev.pintle.tensor.BlockFormat;
import java.util.stream.IntStream;

/** What the codes of a quantised weight stand for, before they are scaled. */
sealed interface Codes {
    /** NF4 of bitsandbytes. */
    Table NF4 = new Table(BlockFormat.NF4_G64.table().orElseThrow());

    /** FP4 of bitsandbytes. */
    Table FP4 = new Table(BlockFormat.FP4_G64.table().orElseThrow());

    /** Floating-point numbers of 8 bits. */
    Table E4M3 = new Table(BlockFormat.E4M3_G32.table().orElseThrow());

    /** The largest size of what a code stands for. */
    float largest();

    /** Whether blocks of a format hold these codes as they are. */
    boolean suit(BlockFormat format);

    /**
     * The code minus a zero point.
     *
     * @param bits 4 or 8
     * @param aroundMiddle whether every zero point is half of the number of codes
     */
    record Integers(int bits, boolean aroundMiddle) implements Codes {
        int middle() {
            return 1 << (bits - 1);
        }

        @Override
        public float largest() {
            return 1 << bits;
        }

        @Override
        public boolean suit(BlockFormat format) {
            return switch (format) {
                case INT4_G32, INT4_G128 -> bits == 4;
                case INT8_G32, INT8_G128 -> bits == 8 && aroundMiddle;
                default -> false;
            };
        }
    }

    /**
     * An entry of a table.
     *
     * @param values by code
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Table(float[] values) implements Codes {
        @Override
        public float largest() {
            float largest = 0;
            for (float value : values) {
                largest = Float.isNaN(value) ? largest : Math.max(largest, Math.abs(value));
            }
            return largest;
        }

        @Override
        public boolean suit(BlockFormat format) {
            float[] table = format.table().orElse(new float[0]);
            return table.length == values.length
                    && IntStream.range(0, values.length)
                            .allMatch(i -> table[i] == values[i] || (Float.isNaN(table[i]) && Float.isNaN(values[i])));
        }
    }
}
