package dev.pintle.base;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** An incremental SHA-256 digest for cache keys and identities. */
public final class Digest {
    private final MessageDigest sha;

    /** An empty digest. */
    public Digest() {
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Adds the array length and each value, big-endian. */
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

    /** Adds a text as UTF-8. */
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

    /** Completes the digest and returns it in hexadecimal; nothing can be added afterwards. */
    public String hex() {
        return HexFormat.of().formatHex(sha.digest());
    }
}
