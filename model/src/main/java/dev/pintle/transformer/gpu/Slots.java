package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.KvCache;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that are decoded together. Each occupies a slot, and pages of a common pool for its keys and values, from when it
 * joins until it leaves. Belongs to one thread.
 */
public interface Slots extends AutoCloseable {
    /** Tokens of a page. */
    int PAGE = 64; // as in the kernels

    /** Number of pages that keys and values of so many tokens take. */
    static int pages(int tokens) {
        return (tokens + PAGE - 1) / PAGE;
    }

    /**
     * A sequence that joins.
     *
     * @param known pages that hold the keys and values of its first tokens already
     * @param prompt keys and values of all tokens but the last, padding after them allowed; null if all of them are known
     * @param promptRow the sequence's row in that
     * @param token the last token of the prompt
     * @param position its position
     * @param longest number of tokens that the sequence may come to have
     * @param draw how its tokens are chosen
     * @param program what hooks do to its rows
     * @param leads the slot whose sequence is fed the tokens of this one, −1 for none, −2 if this one is fed another's
     */
    record Joining(
            List<Integer> known,
            @Nullable KvCache prompt,
            int promptRow,
            int token,
            int position,
            int longest,
            Draw draw,
            RowProgram program,
            int leads) {}

    /** Number of slots. */
    int count();

    /** Pages of the pool. */
    int allPages();

    /** Pages that no sequence uses and that are not retained. */
    int freePages();

    /** Whether there is room for the vectors of programs. */
    boolean hasRoom(List<RowProgram> programs);

    /** Puts a sequence into a free slot; there must be room for it. */
    void join(int slot, Joining sequence);

    /**
     * Fills an empty one-row cache with the keys and values of pages.
     *
     * @param slot a free slot, for which it may use memory
     */
    void restore(int slot, List<Integer> known, KvCache cache);

    /** Some pages of a slot, the last exclusive, which are kept until they are {@link #release released}. */
    List<Integer> retain(int slot, int from, int to);

    /** Gives back pages that were retained. */
    void release(List<Integer> retained);

    /** Frees a slot. Its row may be in a step that has been launched, whose result is then of no use. */
    void leave(int slot);

    /**
     * Launches a step that continues sequences by one token; at most two may be in flight.
     *
     * @param slots of the sequences
     * @param keep which of them will be asked for their logits
     */
    void launch(int[] slots, boolean[] keep);

    /** Waits for the oldest step in flight; the token of each of its rows. */
    Choice[] await();

    /**
     * What a hook reads of a row, in the step that was read last, `[1, 1, dModel]`, in the current scope.
     *
     * @param index of the {@link RowProgram#reads reads} of the row's program
     */
    Tensor read(int row, int index);

    /** Logits of a row of the step that was read last, `[dVocab]`; they must have been asked for. */
    float[] logits(int row);

    @Override
    void close();
}
