package dev.pintle.steering;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over what identifies something. */
final class Digest {
    private final MessageDigest sha;

    Digest() {
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    Digest add(int[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length + 4);
        bytes.putInt(ids.length);
        for (int id : ids) {
            bytes.putInt(id);
        }
        sha.update(bytes.array());
        return this;
    }

    Digest add(byte[] bytes) {
        sha.update(bytes);
        return this;
    }

    Digest add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    Digest add(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return add(bytes.array());
    }

    String hex() {
        return HexFormat.of().formatHex(sha.digest());
    }
}
