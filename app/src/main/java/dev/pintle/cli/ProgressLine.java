package dev.pintle.cli;

import dev.pintle.study.Progress;
import java.io.PrintWriter;
import java.util.Locale;

/** Progress as one line that is written over on a terminal, and as a line a stage elsewhere. */
final class ProgressLine implements Progress {
    private static final int BAR = 24;

    private final PrintWriter err;
    private final boolean terminal;
    private String stage = "";
    private long started;

    /**
     * @param terminal whether {@code err} is a terminal
     */
    ProgressLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    @Override
    public void at(String stage, int done, int total) {
        if (!stage.equals(this.stage)) {
            this.stage = stage;
            started = System.nanoTime();
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        if (terminal) {
            int filled = total == 0 ? BAR : (int) ((long) BAR * done / total);
            String eta = done == 0 || done == total
                    ? ""
                    : String.format(Locale.ROOT, "  %.0f s left", seconds / done * (total - done));
            err.printf(
                    Locale.ROOT,
                    "\r\033[K  %s%s %d/%d  %s%s",
                    "█".repeat(filled),
                    "░".repeat(BAR - filled),
                    done,
                    total,
                    stage,
                    eta);
            if (done == total) {
                err.print("\r\033[K");
            }
            err.flush();
        }
        if (done == total) {
            err.printf(Locale.ROOT, "  %s: %d in %.1f s%n", stage, total, seconds);
            err.flush();
        }
    }
}
