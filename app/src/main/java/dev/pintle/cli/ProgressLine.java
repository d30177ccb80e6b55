package dev.pintle.cli;

import dev.pintle.base.Progress;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** Progress on a terminal as one line that is updated in place, otherwise as one line per stage. */
public final class ProgressLine implements Progress {
    private static final int BAR = 24;
    private static final String CLEAR = "\r\033[K";

    private final PrintWriter err;
    private final boolean terminal;
    private final Map<String, Long> started = new HashMap<>(); // stages may be nested

    /**
     * @param terminal whether {@code err} is a terminal
     */
    ProgressLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** Progress on a command's standard error. */
    public static ProgressLine of(CommandSpec command) {
        return new ProgressLine(
                command.commandLine().getErr(), Session.of(command).terminal());
    }

    @Override
    public void at(String stage, long done, long total) {
        at(stage, done, total, "");
    }

    /** @param detail shown after the stage on a terminal, such as a rate */
    void at(String stage, long done, long total, String detail) {
        if (done == 0) {
            started.put(stage, System.nanoTime());
        }
        long begun = started.computeIfAbsent(stage, s -> System.nanoTime());
        double seconds = (System.nanoTime() - begun) / 1e9;
        if (terminal) {
            int filled = total == 0 ? BAR : (int) (BAR * done / total);
            String eta = done == 0 || done == total
                    ? ""
                    : String.format(Locale.ROOT, "  %.0f s left", seconds / done * (total - done));
            Screen.control(err, CLEAR);
            err.printf(
                    Locale.ROOT,
                    "  %s%s %d/%d  %s%s%s",
                    "█".repeat(filled),
                    "░".repeat(BAR - filled),
                    done,
                    total,
                    stage,
                    detail.isEmpty() ? "" : ", " + detail,
                    eta);
            if (done == total) {
                Screen.control(err, CLEAR);
            }
            err.flush();
        }
        if (done == total) {
            String took = took(seconds);
            err.println("  " + stage + ":" + (total == 1 ? " done" : String.format(Locale.ROOT, " %,d", total)) + took);
            err.flush();
        }
    }

    /** How long a stage took; empty if it took next to no time. */
    private static String took(double seconds) {
        return seconds < 0.1 ? "" : String.format(Locale.ROOT, seconds < 10 ? " in %.1f s" : " in %.0f s", seconds);
    }
}
