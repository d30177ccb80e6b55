package dev.pintle.cli;

import dev.pintle.base.Sizes;
import dev.pintle.hub.HubFile;
import dev.pintle.hub.HubListener;
import dev.pintle.hub.HubPlan;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/** Progress of a download: on a terminal a line with bar, rate and time left, otherwise one line per file. */
final class DownloadProgress implements HubListener {
    private static final int BAR = 24;
    private static final String CLEAR = "\r\033[K";
    private static final long NANOS = 1_000_000_000L;
    private static final long WINDOW = 8 * NANOS;
    private static final long REDRAW = NANOS / 10;
    private static final long REPORT = 30 * NANOS;

    private final PrintWriter err;
    private final boolean terminal;
    private final LongSupplier clock;
    private final Map<String, Long> done = new HashMap<>();
    private final Map<String, Long> sizes = new HashMap<>();
    private final Deque<long[]> arrivals = new ArrayDeque<>(); // {when, bytes fetched by then}
    private long total;
    private long fetched;
    private long shown;

    /** @param clock in nanoseconds */
    DownloadProgress(PrintWriter err, boolean terminal, LongSupplier clock) {
        this.err = err;
        this.terminal = terminal;
        this.clock = clock;
    }

    @Override
    public synchronized void planned(HubPlan plan) {
        total = plan.bytes();
        plan.files().forEach(file -> sizes.put(file.path(), file.bytes()));
        shown = clock.getAsLong();
        arrivals.add(new long[] {shown, 0});
        long here = plan.bytes() - plan.bytesMissing();
        line(plan.repo().name() + " at " + plan.commit().substring(0, 7) + ": "
                + count(plan.files().size()) + ", " + Sizes.text(plan.bytes())
                + (here > 0 ? ", of which " + Sizes.text(here) + " are cached" : ""));
        for (HubFile file : plan.files()) {
            if (file.bytesMissing() == 0) {
                done.put(file.path(), file.bytes());
            }
        }
    }

    @Override
    public synchronized void progress(String file, long bytesDone, long bytesTotal) {
        Long before = done.put(file, bytesDone);
        if (before != null && bytesDone > before) { // the first call reports what was already cached
            fetched += bytesDone - before;
        }
        long now = clock.getAsLong();
        if (now - shown >= (terminal ? REDRAW : REPORT)) {
            shown = now;
            arrivals.add(new long[] {now, fetched});
            while (arrivals.size() > 2 && now - arrivals.getFirst()[0] > WINDOW) {
                arrivals.removeFirst();
            }
            if (terminal) {
                Screen.control(err, CLEAR);
                err.print("  " + bar() + " " + state() + "  " + file);
                err.flush();
            } else {
                line("  " + state());
            }
        }
    }

    @Override
    public synchronized void finished(String file) {
        line("  " + file + "  " + Sizes.text(sizes.getOrDefault(file, 0L)));
    }

    @Override
    public synchronized void note(String text) {
        line("  " + text);
    }

    private void line(String text) {
        if (terminal) {
            Screen.control(err, CLEAR);
        }
        err.println(text);
        err.flush();
    }

    private long here() {
        return done.values().stream().mapToLong(Long::longValue).sum();
    }

    private String bar() {
        int filled = total == 0 ? BAR : (int) Math.min(BAR, BAR * here() / total);
        return "█".repeat(filled) + "░".repeat(BAR - filled);
    }

    private String state() {
        long[] first = arrivals.getFirst();
        long[] last = arrivals.getLast();
        double rate = last[0] == first[0] ? 0 : (last[1] - first[1]) * (double) NANOS / (last[0] - first[0]);
        String text = Sizes.text(here()) + " of " + Sizes.text(total);
        return rate < 1
                ? text
                : text + "  " + Sizes.text(Math.round(rate)) + "/s  " + duration((total - here()) / rate) + " left";
    }

    static String count(int files) {
        return files == 1 ? "1 file" : files + " files";
    }

    static String duration(double seconds) {
        long whole = Math.max(0, Math.round(seconds));
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600
                ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
    }
}
