package dev.pintle.study;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Progress;
import java.util.Set;

/**
 * One study: what it asks, how it runs, what it finds, and how a report tells that. Everything about a study is in its own
 * package; this package holds what studies share.
 *
 * <p>A study of another jar is found by {@link java.util.ServiceLoader}: the jar names the class in {@code
 * META-INF/services/dev.pintle.study.Study}, and the class is public with a public constructor without parameters.
 *
 * @param <R> what it finds
 */
public interface Study<R extends StudyResult> {
    /** The name in files and on the command line: lower-case letters, digits and dashes. */
    String name();

    /** The title of its chapter. */
    String title();

    /** What it asks, as a question. */
    String asks();

    /** Whether it repeats a notebook of the original research; such a study holds the notebook's numbers beside its own. */
    default boolean replicates() {
        return false;
    }

    /**
     * The settings that this study reads and not every other one does, by key, such as {@code strengths}. A command refuses
     * an option for a setting that none of its studies reads.
     */
    default Set<String> reads() {
        return Set.of();
    }

    /** The record it finds, which JSON keeps to the bit. */
    Class<R> resultType();

    /**
     * Runs it.
     *
     * @param subject the model, the autoencoder and the settings
     * @param writer answers questions, steered and unsteered
     * @param progress is told of the stages of a long study
     */
    R run(StudySubject subject, TextWriter writer, Progress progress);

    /**
     * Tells what it found.
     *
     * @param result of this run or of one that was kept
     * @param shown how latents and texts are shown, and what was published
     */
    Told tell(R result, Shown shown);

    /**
     * Brings a result that an earlier version wrote up to date, in place; by default it is taken as it is.
     *
     * @param result the JSON of a result
     */
    default void update(ObjectNode result) {}
}
