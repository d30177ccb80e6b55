package dev.pintle.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Checks a file's content against its hub ETag: the SHA-256 of a large file, or the git hash of a small one, SHA-1 over
 * {@code "blob " + size + "\0" + bytes}. ETags of other servers have no such meaning, and nothing is checked.
 */
final class ContentHash {
    private final String etag;
    private final long size;
    private final @Nullable MessageDigest digest;

    private ContentHash(String etag, long size, @Nullable MessageDigest digest) {
        this.etag = etag;
        this.size = size;
        this.digest = digest;
        restart();
    }

    static ContentHash of(String etag, long size) {
        try {
            if (etag.matches("[0-9a-f]{64}")) {
                return new ContentHash(etag, size, MessageDigest.getInstance("SHA-256"));
            }
            boolean git = etag.matches("[0-9a-f]{40}");
            return new ContentHash(etag, size, git ? MessageDigest.getInstance("SHA-1") : null);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1 and SHA-256", e);
        }
    }

    /** Discards all bytes so far. */
    void restart() {
        if (digest != null) {
            digest.reset();
            if (etag.length() == 40) {
                digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    void update(byte[] bytes, int length) {
        if (digest != null) {
            digest.update(bytes, 0, length);
        }
    }

    /** The hash of all bytes, or the ETag itself if it is not a hash. Completes the digest. */
    String result() {
        return digest == null ? etag : HexFormat.of().formatHex(digest.digest());
    }
}
