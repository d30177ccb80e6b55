package dev.pintle.server.serving;

import dev.pintle.base.Problem;
import dev.pintle.server.http.HttpProblem;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Captures that are too large for a reply: files in memory, for a while. Their space is reserved before anything runs, so that
 * no capture is lost for want of it.
 */
public final class CaptureLinks {
    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final long MOST_BYTES = 1L << 30;
    private static final int PART_OF_HEAP = 8;
    private static final int ID_BYTES = 16;

    private final String path;
    private final Duration life;
    private final long most;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, byte[]> files = new HashMap<>(); // guarded by this
    private long taken; // guarded by this: bytes of files, and of space that is reserved

    /**
     * Space for files.
     *
     * @param path below which they are found
     * @param life how long they are kept
     * @param most bytes in all
     */
    public CaptureLinks(String path, Duration life, long most) {
        this.path = path;
        this.life = life;
        this.most = most;
    }

    /** The usual space: 1 GiB for ten minutes, or an eighth of the heap where that is less. */
    public static CaptureLinks usual(String path) {
        return new CaptureLinks(
                path, LIFE, Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / PART_OF_HEAP));
    }

    /** Space for the files of one request. What has not been used is free once it is closed. */
    public final class Space implements AutoCloseable {
        private long left; // guarded by the links

        private Space(long bytes) {
            this.left = bytes;
        }

        /**
         * Keeps a file.
         *
         * @return where it is found
         */
        public String keep(byte[] file) {
            synchronized (CaptureLinks.this) {
                if (file.length > left) {
                    throw new IllegalStateException("A file of " + file.length + " bytes, but space for " + left + ".");
                }
                left -= file.length;
                String id = id();
                files.put(id, file);
                CompletableFuture.delayedExecutor(life.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(() -> remove(id));
                return path + "/" + id;
            }
        }

        /** How long files are kept. */
        public Duration life() {
            return life;
        }

        @Override
        public void close() {
            synchronized (CaptureLinks.this) {
                taken -= left;
                left = 0;
            }
        }
    }

    private String id() {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** The most bytes that there is ever space for. */
    public long most() {
        return most;
    }

    /** @throws HttpProblem 429 if the space is taken by other files */
    public synchronized Space reserve(long bytes) {
        if (bytes > most - taken) {
            throw HttpProblem.of(
                            429,
                            "captures_full",
                            Problem.of("The space for linked captures is taken.")
                                    .fact("asked", bytes + " bytes")
                                    .fact("free", most - taken + " of " + most + " bytes")
                                    .fact("try", "DELETE those that have been read"))
                    .with("Retry-After", String.valueOf(life.toSeconds()));
        }
        taken += bytes;
        return new Space(bytes);
    }

    /** @throws HttpProblem 404 if there is no such file any more */
    public synchronized byte[] find(String id) {
        byte[] file = files.get(id);
        if (file == null) {
            throw missing(id);
        }
        return file;
    }

    /** @throws HttpProblem 404 if there is no such file any more */
    public void delete(String id) {
        if (!remove(id)) {
            throw missing(id);
        }
    }

    private HttpProblem missing(String id) {
        return HttpProblem.of(
                404,
                "capture_not_found",
                Problem.of("There is no such capture, or its time has passed.")
                        .fact("capture", id)
                        .fact("kept for", life.toSeconds() + " seconds"));
    }

    private synchronized boolean remove(String id) {
        byte[] file = files.remove(id);
        if (file == null) {
            return false;
        }
        taken -= file.length;
        return true;
    }
}
