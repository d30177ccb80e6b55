package dev.pintle.notebook;

import java.util.ArrayList;
import java.util.List;

/** The checks of the notebook that runs, in order. */
public final class Checks {
    private static final List<Check> ALL = new ArrayList<>();

    /**
     * A number or a statement, and what was expected of it.
     *
     * @param name what it is
     * @param value as found; what is no number is 1 where it is as expected and 0 where not
     * @param held whether it was as expected; true where nothing was
     */
    public record Check(String name, double value, boolean held) {}

    private Checks() {}

    static synchronized void add(Check check) {
        ALL.add(check);
    }

    /** All since the last {@link #clear}. */
    public static synchronized List<Check> all() {
        return List.copyOf(ALL);
    }

    /** Forgets them, before another notebook runs. */
    public static synchronized void clear() {
        ALL.clear();
    }
}
