package dev.pintle.model;

import dev.pintle.model.GeneratedToken.Alternative;
import dev.pintle.model.GeneratedToken.TwinToken;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.RowHooks;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * A request whose twin is reported has two lanes. Both are fed the tokens that the first one takes. So they have the same
 * length, join and leave together, and the twin's logits for a token come from the same step as the first one's.
 */
/** One row of a batch: a request's own row, or its twin. */
record Lane(GenerationRow row, boolean isTwin) {
    /** Why lanes can't go on, and what becomes of it. */
    @FunctionalInterface
    interface Failures {
        /** Receives rows that can't go on; may throw what prevents it, which ends the batch. */
        void failed(List<GenerationRow> rows, RuntimeException cause);
    }

    /** The lanes of some rows, in their order, a twin after its row. */
    static List<Lane> of(List<GenerationRow> rows) {
        return rows.stream().flatMap(Lane::of).toList();
    }

    private static Stream<Lane> of(GenerationRow row) {
        return row.request().reporting().twin() == null
                ? Stream.of(new Lane(row, false))
                : Stream.of(new Lane(row, false), new Lane(row, true));
    }

    /** The number of lanes of a row. */
    static int count(GenerationRow row) {
        return row.request().reporting().twin() == null ? 1 : 2;
    }

    boolean hasEnded() {
        return row.hasEnded();
    }

    int[] prompt() {
        return row.request().prompt();
    }

    int promptLength() {
        return prompt().length;
    }

    /** Index, within the original batch, of the request. */
    int index() {
        return row.index();
    }

    /** Its hooks, after those of all rows. */
    List<? extends Hook> hooks() {
        return isTwin
                ? Objects.requireNonNull(row.request().reporting().twin())
                : row.request().hooks();
    }

    /** Says with how many tokens that were known already its prompt began. */
    void began(int known) {
        if (!isTwin) {
            row.beganWith(known);
        }
    }

    static RowHooks hooksOf(List<Lane> lanes) {
        return new RowHooks(lanes.stream().map(Lane::hooks).toList());
    }

    static int[] each(List<Lane> lanes, ToIntFunction<Lane> number) {
        return lanes.stream().mapToInt(number).toArray();
    }

    /** Removes an element; the last one takes its place. */
    static <T> void replaceByLast(List<T> list, int at) {
        T last = list.remove(list.size() - 1);
        if (at < list.size()) {
            list.set(at, last);
        }
    }

    /** Ends rows whose own hooks, or whose twin's, have failed. */
    static void fail(List<Lane> lanes, RowHooks own, Failures failures) {
        own.failures().forEach((at, cause) -> fail(lanes.get(at).row(), cause, failures));
    }

    /**
     * Chooses and takes the next token of each row that has not ended.
     *
     * @param logits `[dVocab]` of each lane
     * @return the token that each lane is fed next; 0 for one that took none
     */
    static List<Integer> take(List<Lane> lanes, IntFunction<float[]> logits, Overflow overflow, Failures failures) {
        Map<GenerationRow, float[]> twins = new IdentityHashMap<>();
        for (int at = 0; at < lanes.size(); at++) {
            if (lanes.get(at).isTwin()) {
                twins.put(lanes.get(at).row(), logits.apply(at));
            }
        }
        Map<GenerationRow, Integer> chosen = new IdentityHashMap<>();
        for (int at = 0; at < lanes.size(); at++) {
            GenerationRow row = lanes.get(at).row();
            if (!lanes.get(at).isTwin() && !row.hasEnded()) {
                try {
                    chosen.put(row, take(row, logits.apply(at), twins, overflow));
                } catch (RuntimeException e) {
                    fail(row, e, failures);
                }
            }
        }
        return new ArrayList<>(
                lanes.stream().map(lane -> chosen.getOrDefault(lane.row(), 0)).toList());
    }

    private static int take(GenerationRow row, float[] logits, Map<GenerationRow, float[]> twins, Overflow overflow) {
        NextToken predicted = NextToken.of(logits);
        Choice choice = row.sampler().next(predicted);
        take(row, choice, predicted, twins.get(row), overflow);
        return choice.id();
    }

    /**
     * Takes a token that was chosen elsewhere, with all that is to be reported of it.
     *
     * @param logits `[dVocab]`
     * @param twin logits of the row's twin, or null
     */
    static void take(GenerationRow row, int id, float[] logits, float @Nullable [] twin, Overflow overflow) {
        NextToken predicted = NextToken.of(logits);
        take(row, new Choice(id, predicted.logProbability(id)), predicted, twin, overflow);
    }

    private static void take(
            GenerationRow row, Choice choice, NextToken predicted, float @Nullable [] twin, Overflow overflow) {
        int alternatives = row.request().reporting().alternatives();
        row.take(
                choice,
                predicted.mostProbable(alternatives),
                twin == null ? null : twin(choice.id(), predicted, NextToken.of(twin), alternatives),
                overflow);
    }

    private static TwinToken twin(int id, NextToken first, NextToken twin, int alternatives) {
        List<Alternative> its = twin.mostProbable(alternatives);
        return new TwinToken(twin.logProbability(id), first.divergenceFrom(twin), its);
    }

    /** Ends a row that can't go on. */
    static void fail(GenerationRow row, RuntimeException cause, Failures failures) {
        if (!row.hasEnded()) {
            failures.failed(List.of(row), cause);
            row.fail();
        }
    }
}
