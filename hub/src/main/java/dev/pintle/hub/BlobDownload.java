package dev.pintle.hub;

import dev.pintle.base.Cause;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.Problem;
import dev.pintle.hub.HubException.Reason;
import dev.pintle.hub.HubHttp.Remote;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/*
 * Downloads one file, resuming from whatever is already on disk.
 *
 * The bytes go to {etag}.incomplete, which survives failures, Ctrl-C and the end of the process; the next attempt
 * hashes what is there and requests the rest. Only the holder of the file's lock gets here. The content is hashed as it
 * passes, including the part found on disk, so nothing is read twice, and only a file with the right size and hash gets
 * its final name.
 */
/** Downloads one file of the hub into the cache. */
final class BlobDownload {
    private static final int BUFFER = 256 << 10;
    private static final int MIN_BYTES_PER_SECOND = 500;

    /** The time over which the speed is measured, in download timeouts. */
    private static final int PACE_WINDOW = 6;

    private final HubHttp http;
    private final HubProblems problems;
    private final HubSettings settings;
    private final Patience patience;
    private final HubListener listener;
    private final RepoId repo;
    private final String path;
    private final Path partial;
    private final BooleanSupplier stopped;
    private final ContentHash hash;
    private final byte[] buffer = new byte[BUFFER];
    private Remote remote;
    private long done;

    /**
     * A download that has not started.
     *
     * @param repo at its commit
     * @param partial where to collect the bytes
     * @param stopped whether to stop; polled often, since Java's HTTP client may swallow an interrupt
     */
    BlobDownload(
            HubHttp http,
            HubSettings settings,
            Machine machine,
            HubListener listener,
            RepoId repo,
            String path,
            Remote remote,
            Path partial,
            BooleanSupplier stopped) {
        this.http = http;
        this.problems = new HubProblems(settings);
        this.settings = settings;
        this.patience = new Patience(machine, listener);
        this.listener = listener;
        this.repo = repo;
        this.path = path;
        this.remote = remote;
        this.partial = partial;
        this.stopped = stopped;
        this.hash = ContentHash.of(remote.etag(), remote.bytes());
    }

    /** Downloads the file to {@code blob}. */
    void into(Path blob) throws InterruptedException {
        try (FileChannel out = FileChannel.open(
                partial, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            boolean resumed = resume(out);
            fetch(out);
            String found = hash.result();
            if (!found.equals(remote.etag()) && resumed) {
                listener.note(path + " was resumed from a part that does not belong to it; starting over.");
                startAgain(out);
                fetch(out);
                found = hash.result();
            }
            if (!found.equals(remote.etag())) {
                Files.delete(partial);
                throw problems.notAsExpected(
                        "The downloaded file does not match what the server announced.",
                        path,
                        "hash " + remote.etag(),
                        "hash " + found);
            }
            out.force(true);
            RepoFolder.move(partial, blob);
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw HubException.of(
                    Reason.DISK,
                    Problem.of("The file cannot be written.")
                            .fact("file", partial)
                            .fact("cause", ForeignFile.why(e))
                            .fact(
                                    "try",
                                    "free disk space, or set HF_HUB_CACHE to another disk; downloaded data is kept"),
                    e);
        }
    }

    /** Picks up what an earlier attempt left. */
    private boolean resume(FileChannel out) throws IOException {
        if (out.size() > remote.bytes()) {
            out.truncate(0);
        }
        ByteBuffer bytes = ByteBuffer.wrap(buffer);
        for (int read = out.read(bytes, 0); read > 0; read = out.read(bytes.clear(), done)) {
            hash.update(buffer, read);
            done += read;
        }
        listener.progress(path, done, remote.bytes());
        return done > 0;
    }

    private void startAgain(FileChannel out) throws IOException {
        out.truncate(0);
        hash.restart();
        done = 0;
        listener.progress(path, 0, remote.bytes());
    }

    private void fetch(FileChannel out) throws IOException, InterruptedException {
        while (done < remote.bytes()) {
            requireNotStopped();
            long before = done;
            Failure failure = attempt(out);
            if (done > before) {
                patience.progress();
            }
            if (failure != null) {
                patience.pause(failure.problem(), failure.asked());
                if (!http.isHub(remote.location())) {
                    renewLocation(); // signed URLs expire
                }
            }
        }
    }

    private void renewLocation() throws InterruptedException {
        Remote again = http.head(repo, path, listener);
        if (!again.etag().equals(remote.etag()) || again.bytes() != remote.bytes()) {
            throw problems.notAsExpected(
                    "The file changed while it was being downloaded.", path, remote.etag(), again.etag());
        }
        remote = again;
    }

    /** Why an attempt ended early, and how long the server asks us to wait. */
    private record Failure(HubException problem, Optional<Duration> asked) {}

    private @Nullable Failure attempt(FileChannel out) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer;
        try {
            answer = http.open(remote.location(), done);
        } catch (IOException e) {
            return new Failure(problems.unreachable(remote.location(), e), Optional.empty());
        }
        try (Stall stall = new Stall(answer.body(), settings.downloadTimeout())) {
            int status = answer.statusCode();
            if (status == 416) {
                Files.delete(partial);
                throw problems.notAsExpected(
                        "The server's file is shorter than announced.",
                        path,
                        remote.bytes() + " bytes",
                        "nothing after byte " + done);
            }
            if (status == 206) {
                requireContinued(answer);
            } else if (status == 200) {
                if (done > 0) {
                    listener.note("The server cannot resume " + path + "; starting over.");
                    startAgain(out);
                }
            } else {
                HubException refused = problems.of(status, answer.headers(), repo, path);
                boolean expired = status == 403 && !http.isHub(remote.location());
                if (!Patience.mayPass(status) && !expired) {
                    throw refused;
                }
                return new Failure(refused, Patience.asked(answer.headers()));
            }
            return receive(answer.body(), stall, out);
        }
    }

    private void requireContinued(HttpResponse<InputStream> answer) {
        String range = answer.headers().firstValue("Content-Range").orElse("absent");
        if (!range.startsWith("bytes " + done + "-")) {
            throw problems.notAsExpected(
                    "The server sent a different part of the file than requested.", path, "bytes " + done + "-", range);
        }
    }

    private @Nullable Failure receive(InputStream in, Stall stall, FileChannel out)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        long before = done;
        while (true) {
            int read;
            try {
                read = in.read(buffer);
            } catch (IOException e) {
                requireNotStopped();
                return new Failure(
                        cut(stall.happened() ? "no data arrived for a while" : Cause.words(e)), Optional.empty());
            }
            requireNotStopped();
            if (read < 0) {
                return done < remote.bytes()
                        ? new Failure(cut("the server closed the connection"), Optional.empty())
                        : null;
            }
            stall.alive();
            if (done + read > remote.bytes()) {
                Files.delete(partial);
                throw problems.notAsExpected(
                        "The server's file is longer than announced.",
                        path,
                        remote.bytes() + " bytes",
                        "more than that");
            }
            for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read); bytes.hasRemaining(); ) {
                out.write(bytes, done + bytes.position());
            }
            hash.update(buffer, read);
            done += read;
            listener.progress(path, done, remote.bytes());
            requirePace(System.nanoTime() - began, done - before);
        }
    }

    /** Aborts a download that never stalls but would never finish either. */
    private void requirePace(long nanos, long bytes) {
        double seconds = nanos / 1e9;
        if (seconds > PACE_WINDOW * settings.downloadTimeout().toNanos() / 1e9
                && bytes < MIN_BYTES_PER_SECOND * seconds) {
            throw cut("the server sends less than " + MIN_BYTES_PER_SECOND + " bytes per second");
        }
    }

    private HubException cut(@Nullable String why) {
        return HubException.of(
                Reason.UNREACHABLE,
                Problem.of("The connection was lost during a download.")
                        .fact("file", path)
                        .fact("server", HubProblems.server(remote.location()))
                        .fact("arrived", done + " of " + remote.bytes() + " bytes")
                        .fact("cause", Excerpt.of(settings.token().hideIn(String.valueOf(why))))
                        .fact("try", "the same command again; it resumes from here"));
    }

    private void requireNotStopped() throws InterruptedException {
        if (Thread.interrupted() || stopped.getAsBoolean()) {
            throw new InterruptedException();
        }
    }

    private static InterruptedException interrupted(Exception cause) {
        Thread.interrupted();
        InterruptedException interrupted = new InterruptedException();
        interrupted.initCause(cause);
        return interrupted;
    }
}
