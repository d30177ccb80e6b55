package dev.pintle.spark;

import dev.pintle.base.Problem;
import dev.pintle.cli.Screen;
import dev.pintle.cli.UntilInterrupted;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * A job's progress by task, rows and tokens, with the time left: on a terminal one line that is updated in place, otherwise a line
 * every ten seconds.
 */
final class JobProgress implements JobListener {
    private static final int BAR = 24;
    private static final double SECONDS_BETWEEN_LINES = 10;

    private final PrintWriter err;
    private final boolean terminal;
    private final UntilInterrupted watch;
    private final LongSupplier nanos;
    private String stage = "";
    private long began;
    private long told;

    JobProgress(PrintWriter err, boolean terminal, UntilInterrupted watch, LongSupplier nanos) {
        this.err = err;
        this.terminal = terminal;
        this.watch = watch;
        this.nanos = nanos;
    }

    @Override
    public boolean goesOn() {
        return watch.goesOn();
    }

    @Override
    public void waiting(Problem why) {
        if (terminal) {
            Screen.control(err, "\r\033[K");
        }
        err.println(why);
        err.flush();
    }

    @Override
    public void at(State state) {
        if (state.total() == 0) {
            return;
        }
        long now = nanos.getAsLong();
        boolean begins = !stage.equals(state.stage());
        if (begins) {
            stage = state.stage();
            began = now;
            told = now;
        }
        double seconds = (now - began) / 1e9;
        boolean ends = state.done() + state.failed() == state.total();
        if (terminal) {
            bar(state, seconds, ends);
        } else if (ends || (!begins && (now - told) / 1e9 >= SECONDS_BETWEEN_LINES)) {
            told = now;
            err.println("  " + state.stage() + ": " + words(state, seconds, ends));
        }
        err.flush();
    }

    private void bar(State state, double seconds, boolean ends) {
        Screen.control(err, "\r\033[K");
        if (ends) {
            err.println("  " + state.stage() + ": " + words(state, seconds, true));
            return;
        }
        int filled = state.total() == 0 ? BAR : BAR * (state.done() + state.failed()) / state.total();
        err.print("  " + "█".repeat(filled) + "░".repeat(BAR - filled) + " " + state.stage() + " "
                + words(state, seconds, false));
    }

    private static String words(State state, double seconds, boolean ends) {
        StringBuilder words = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d of %,d tasks, %,d rows, %,d tokens",
                state.done(),
                state.total(),
                state.rows(),
                state.tokens()));
        if (state.before() > 0) {
            words.append(String.format(Locale.ROOT, ", %,d of them done before", state.before()));
        }
        if (state.failed() > 0) {
            words.append(String.format(Locale.ROOT, ", %,d failed", state.failed()));
        }
        int fresh = state.done() + state.failed() - state.before();
        if (ends) {
            words.append(seconds < 0.1 ? "" : ", " + time(seconds));
        } else if (fresh > 0) {
            int left = state.total() - state.done() - state.failed();
            words.append(", ").append(time(seconds / fresh * left)).append(" left");
        }
        return words.toString();
    }

    private static String time(double seconds) {
        if (seconds < 120) {
            return String.format(Locale.ROOT, "%.0f s", seconds);
        }
        return seconds < 7200
                ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
