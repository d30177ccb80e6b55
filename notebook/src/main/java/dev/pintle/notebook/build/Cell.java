package dev.pintle.notebook.build;

import java.util.Set;

/**
 * A cell of a notebook's source.
 *
 * @param kind what it holds
 * @param tags such as {@code change-me}
 * @param text Markdown or Java, without the marks of the source file
 * @param line of the source file at which the text begins, from 1
 */
public record Cell(Kind kind, Set<String> tags, String text, int line) {
    /** What a cell holds. */
    public enum Kind {
        /** Text for the reader. */
        MARKDOWN,
        /** Java that the reader runs. */
        CODE,
        /** Java that solves an exercise: run with the rest, and shown folded. */
        SOLUTION
    }

    /** Keeps a copy of the tags. */
    public Cell {
        tags = Set.copyOf(tags);
    }

    /** Whether it holds Java. */
    public boolean runs() {
        return kind != Kind.MARKDOWN;
    }
}
