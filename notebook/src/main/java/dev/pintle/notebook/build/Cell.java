package dev.pintle.notebook.build;

import java.util.Set;

/**
 * A cell of a notebook's source.
 *
 * @param kind Markdown, code, or the solution of an exercise
 * @param tags such as {@code change-me}
 * @param text Markdown or Java, without the marks of the source file
 * @param line first line of the text in the source file, 1-based
 */
public record Cell(Kind kind, Set<String> tags, String text, int line) {
    /** The kinds of cells. */
    public enum Kind {
        /** Text. */
        MARKDOWN,
        /** Java. */
        CODE,
        /** Java that solves an exercise: run like other code, shown collapsed. */
        SOLUTION
    }

    /** Keeps a copy of the tags. */
    public Cell {
        tags = Set.copyOf(tags);
    }

    /** Whether it contains Java. */
    public boolean runs() {
        return kind != Kind.MARKDOWN;
    }
}
