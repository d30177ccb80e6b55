package dev.pintle.notebook.build;

import dev.pintle.notebook.Rendered;
import java.util.List;

/**
 * A cell that has run.
 *
 * @param cell as in the source
 * @param outputs in order
 */
public record RunCell(Cell cell, List<Shown> outputs) {
    /** Keeps a copy of the outputs. */
    public RunCell {
        outputs = List.copyOf(outputs);
    }

    /** One output. */
    public sealed interface Shown {}

    /** Lines of text. */
    public record Lines(String text) implements Shown {}

    /** A value. */
    public record Value(Rendered rendered) implements Shown {}
}
