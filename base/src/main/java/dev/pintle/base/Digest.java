package dev.pintle.base;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over what identifies something. */
public final class Digest {
    private final MessageDigest sha;

    /** Over nothing yet. */
    public Digest() {
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Adds how many whole numbers there are, and each, big-endian. */
    public Digest add(int[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length + 4);
        bytes.putInt(ids.length);
        for (int id : ids) {
            bytes.putInt(id);
        }
        sha.update(bytes.array());
        return this;
    }

    /** Adds bytes. */
    public Digest add(byte[] bytes) {
        sha.update(bytes);
        return this;
    }

    /** Adds a text in UTF-8. */
    public Digest add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds FP32 numbers, big-endian. */
    public Digest add(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return add(bytes.array());
    }

    /** The sum of all that was added, in hexadecimal digits. Ends the sum. */
    public String hex() {
        return HexFormat.of().formatHex(sha.digest());
    }
}
