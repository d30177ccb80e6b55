package dev.pintle.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Deque;

/*
 * SentencePiece's precompiled normaliser: the size of a double-array trie in bytes, the trie (32-bit units), and
 * zero-terminated strings. A key is looked up byte by byte; a unit with a leaf is followed by one whose value is the
 * offset of the replacement. The native reader trusts all of this, so every position a text could lead to is visited
 * here. Units as in darts-clone: bits 0-7 and 31 are the label, bit 8 marks a leaf, bit 9 a wider offset, and bits from
 * 10 on are the offset.
 */
/** Validates a tokenizer's {@code precompiled_charsmap}. */
final class CharsMap {
    private static final int MAX_BYTES = 8 << 20;

    private final int[] units;
    private final byte[] texts;
    private double growth = 1;

    private CharsMap(int[] units, byte[] texts) {
        this.units = units;
        this.texts = texts;
    }

    /**
     * The maximum number of bytes one byte of text may become.
     *
     * @throws IllegalArgumentException if the map points outside itself; the message is the reason, as a clause
     */
    static double growth(String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("it is not base64", e);
        }
        if (bytes.length < 4 || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("it is empty or larger than " + MAX_BYTES + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int size = buffer.getInt();
        if (size < 4 || size % 4 != 0 || size > buffer.remaining()) {
            throw new IllegalArgumentException("its trie is truncated");
        }
        int[] units = new int[size / 4];
        for (int i = 0; i < units.length; i++) {
            units[i] = buffer.getInt();
        }
        byte[] texts = new byte[buffer.remaining()];
        buffer.get(texts);
        CharsMap map = new CharsMap(units, texts);
        map.requireText();
        map.visit();
        return map.growth;
    }

    private void requireText() {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(texts));
            assert text.length() <= texts.length;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("its replacements are not UTF-8", e);
        }
    }

    private record Step(int place, int depth) {}

    /** Visits every position that some text leads to, in breadth-first order. */
    private void visit() {
        BitSet seen = new BitSet(units.length);
        Deque<Step> open = new ArrayDeque<>();
        open.add(new Step(offset(unit(0)), 0));
        while (!open.isEmpty()) {
            Step step = open.remove();
            if (seen.get(requirePlace(step.place()))) {
                continue;
            }
            seen.set(step.place());
            for (int label = 1; label < 256; label++) {
                int place = step.place() ^ label;
                int unit = unit(place);
                if ((unit & 0x8000_00ff) == label) {
                    int next = place ^ offset(unit);
                    if ((unit >>> 8 & 1) == 1) {
                        replacement(unit(next) & 0x7fff_ffff, step.depth() + 1);
                    }
                    open.add(new Step(next, step.depth() + 1));
                }
            }
        }
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & 1 << 9) >>> 6);
    }

    private int unit(int place) {
        return units[requirePlace(place)];
    }

    private int requirePlace(int place) {
        if (place < 0 || place >= units.length) {
            throw new IllegalArgumentException("its trie points outside itself");
        }
        return place;
    }

    private void replacement(int start, int depth) {
        if (start >= texts.length || (texts[start] & 0xc0) == 0x80) {
            throw new IllegalArgumentException("one of its replacements has an invalid offset");
        }
        int end = start;
        while (end < texts.length && texts[end] != 0) {
            end++;
        }
        growth = Math.max(growth, (end - start) / (double) depth);
    }
}
