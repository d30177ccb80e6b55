package dev.pintle.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Prevents a file from being downloaded twice at once, by threads of this process or by other Java processes. The
 * operating system releases the lock when a process ends, however it ends. On Linux the Python library uses a different
 * kind of lock and does not see it; its downloads use other file names.
 */
final class DownloadLock implements AutoCloseable {
    /** A process can hold a file lock only once, so its own threads queue here first. */
    private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

    private static final long POLL_MILLIS = 100;

    private final ReentrantLock thread;
    private final FileChannel channel;
    private final FileLock process;

    private DownloadLock(ReentrantLock thread, FileChannel channel, FileLock process) {
        this.thread = thread;
        this.channel = channel;
        this.process = process;
    }

    /**
     * Acquires the lock, waiting if necessary.
     *
     * @param waiting called once if the lock is not free
     */
    static DownloadLock acquire(Path file, Runnable waiting) throws IOException, InterruptedException {
        Path key = file.toAbsolutePath().normalize();
        Path folder = key.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        ReentrantLock thread = IN_PROCESS.computeIfAbsent(key, path -> new ReentrantLock());
        boolean told = false;
        if (!thread.tryLock()) {
            waiting.run();
            told = true;
            thread.lockInterruptibly();
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(key, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock process = channel.tryLock();
            while (process == null) {
                if (!told) {
                    waiting.run();
                    told = true;
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
                process = channel.tryLock();
            }
            return new DownloadLock(thread, channel, process);
        } catch (IOException | InterruptedException | RuntimeException e) {
            if (channel != null) {
                channel.close();
            }
            thread.unlock();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            process.release();
            channel.close();
        } finally {
            thread.unlock();
        }
    }
}
