package dev.pintle.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/*
 * Byte-level BPE writes each byte as a printable character: those of Latin-1 that are printable as themselves, the others
 * from U+0100 on (Radford et al. 2019, GPT-2's encoder). SentencePiece writes a space as U+2581 and single bytes as <0xE2>.
 */
/** The bytes that a token stands for, also where they are no whole character. */
public final class TokenBytes {
    private static final char FIRST_SUBSTITUTE = 0x100;
    private static final Pattern BYTE = Pattern.compile("<0x([0-9A-F]{2})>");
    private static final int[] BYTE_LEVEL = byteLevel(); // the byte of each character, or NONE
    private static final int NONE = -1;

    private final Tokenizer tokenizer;
    private final boolean isByteLevel;

    /** @param tokenizer whose tokens are meant */
    public TokenBytes(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.isByteLevel =
                tokenizer.idOf("Ġ").isPresent() || tokenizer.idOf("Ċ").isPresent();
    }

    private static int[] byteLevel() {
        int[] bytes = new int[2 * FIRST_SUBSTITUTE];
        Arrays.fill(bytes, NONE);
        char substitute = FIRST_SUBSTITUTE;
        for (int value = 0; value < FIRST_SUBSTITUTE; value++) {
            boolean isPrintable = (value >= '!' && value <= '~') || (value >= 0xA1 && value <= 0xAC) || value >= 0xAE;
            bytes[isPrintable ? value : substitute++] = value;
        }
        return bytes;
    }

    private static int byteOf(int character) {
        return character < BYTE_LEVEL.length ? BYTE_LEVEL[character] : NONE;
    }

    /** The bytes of a token in UTF-8; of a special token, those of its name. */
    public byte[] of(int id) {
        if (!tokenizer.knows(id)) {
            return new byte[0];
        }
        String written = tokenizer.tokenOf(id);
        if (tokenizer.isSpecial(id)) {
            return written.getBytes(StandardCharsets.UTF_8);
        }
        Matcher single = BYTE.matcher(written);
        if (single.matches()) {
            return new byte[] {(byte) Integer.parseInt(single.group(1), 16)};
        }
        if (!isByteLevel || written.chars().anyMatch(c -> byteOf(c) == NONE)) {
            return written.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = new byte[written.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) byteOf(written.charAt(i));
        }
        return bytes;
    }
}
