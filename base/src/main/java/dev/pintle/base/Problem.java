package dev.pintle.base;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something went wrong and the user should know: one sentence, then labelled facts (what was expected, what was found,
 * where, what to try). Logs, terminal and web page all show this same object.
 *
 * <pre>
 * Tensor has the wrong shape.
 *   expected: [tokens, dModel=2304]
 *   but was:  [12, 768]
 * </pre>
 */
public final class Problem {
    private static final int MAX_LENGTH = 2_000;

    private final String sentence;
    private final Map<String, List<String>> facts;

    private Problem(String sentence, Map<String, List<String>> facts) {
        this.sentence = sentence;
        this.facts = facts;
    }

    /**
     * A problem without facts.
     *
     * @param sentence what went wrong, including its full stop
     */
    public static Problem of(String sentence) {
        return new Problem(sentence, Map.of());
    }

    /**
     * A copy with one more fact; a repeated label keeps all values, one per line. A throwable is described in plain
     * words, without Java class names.
     */
    public Problem fact(String label, @Nullable Object value) {
        Map<String, List<String>> more = new LinkedHashMap<>(facts);
        List<String> values = new ArrayList<>(more.getOrDefault(label, List.of()));
        values.add(
                value instanceof PintleException known
                        ? known.problem().sentence()
                        : value instanceof Throwable thrown ? Cause.words(thrown) : String.valueOf(value));
        more.put(label, Collections.unmodifiableList(values));
        return new Problem(sentence, more);
    }

    /** What went wrong, in one sentence. */
    public String sentence() {
        return sentence;
    }

    /** The facts in the order they were given. */
    public Map<String, List<String>> facts() {
        return Collections.unmodifiableMap(facts);
    }

    /** For a request that cannot be met. */
    public PintleException toException() {
        return new PintleException(this);
    }

    /** For a request that cannot be met because of {@code cause}. */
    public PintleException toException(Throwable cause) {
        return new PintleException(this, cause);
    }

    /** For a plainly bad argument. */
    public IllegalArgumentException toIllegalArgument() {
        return new IllegalArgumentException(toString());
    }

    /**
     * The sentence, then one line per fact with values aligned. Hidden characters are escaped ({@link Visible}), and
     * very long values are truncated.
     */
    @Override
    public String toString() {
        int width = facts.keySet().stream().mapToInt(String::length).max().orElse(0) + 1;
        StringBuilder text = new StringBuilder(Visible.text(Visible.shortened(sentence, MAX_LENGTH)));
        facts.forEach((label, values) -> {
            String head = label + ":";
            for (String value : values) {
                text.append("\n  ").append(head).append(" ".repeat(width - head.length() + 1));
                text.append(
                        Visible.text(Visible.shortened(value, MAX_LENGTH)).replace("\n", "\n" + " ".repeat(width + 3)));
                head = "";
            }
        });
        return text.toString();
    }
}
