package dev.pintle.quantised;

/** Integers of 4 or 8 bits in words of 32, the first in the lowest bits. */
final class Words {
    private Words() {}

    /**
     * One integer of a row of words.
     *
     * @param step between words of the row
     */
    static byte at(int[] words, int first, int step, int bits, int column) {
        int shift = bits == 4 ? 3 : 2; // 8 or 4 in a word; a division would take longer than all else
        int word = words[first + (column >> shift) * step];
        return (byte) (word >>> (column & (1 << shift) - 1) * bits & (1 << bits) - 1);
    }

    /**
     * Integers that follow each other along rows.
     *
     * @param words `[rows, columns / (32 / bits)]`, the last word of a row perhaps in part
     * @return `[rows, columns]`
     */
    static int[] across(int[] words, int bits, int rows, int columns) {
        int perWord = Integer.SIZE / bits;
        int wide = (columns + perWord - 1) / perWord;
        int[] integers = new int[Math.multiplyExact(rows, columns)];
        for (int i = 0; i < integers.length; i++) {
            int column = i % columns;
            int word = words[i / columns * wide + column / perWord];
            integers[i] = word >>> column % perWord * bits & ((1 << bits) - 1);
        }
        return integers;
    }

    /**
     * Integers that follow each other along columns.
     *
     * @param words `[rows / (32 / bits), columns]`, the last words perhaps in part
     * @return `[rows, columns]`
     */
    static int[] down(int[] words, int bits, int rows, int columns) {
        int perWord = Integer.SIZE / bits;
        int[] integers = new int[Math.multiplyExact(rows, columns)];
        for (int i = 0; i < integers.length; i++) {
            int row = i / columns;
            int word = words[row / perWord * columns + i % columns];
            integers[i] = word >>> row % perWord * bits & ((1 << bits) - 1);
        }
        return integers;
    }
}
