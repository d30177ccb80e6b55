package dev.pintle.steering;

import dev.pintle.base.PintleException;
import dev.pintle.text.ModelText;
import dev.pintle.text.TokenizedPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a fit will read, before anything is run.
 *
 * @param rows one per pair; of two classes, the i-th texts of both stand together
 */
public record FitPlan(List<Row> rows) {
    /** Copies the list. */
    public FitPlan {
        rows = List.copyOf(rows);
    }

    /**
     * A prompt and where it is read.
     *
     * @param at positions; empty where the model's answer to the prompt is read
     */
    public record Side(TokenizedPrompt prompt, int[] at) {}

    /**
     * A pair.
     *
     * @param firstDifference first position at which the tokens differ
     * @param equalTail number of equal tokens at the end
     * @param readsTheSame whether both sides are read where their tokens are the same so far, which gives a zero direction
     * @param problem why it cannot be read, in words; empty if it can
     */
    public record Row(
            Side positive, Side negative, int firstDifference, int equalTail, boolean readsTheSame, String problem) {}

    /** The plan of a method's fit. */
    public static FitPlan of(ModelText text, SteeringMethod method) {
        List<Row> rows = new ArrayList<>();
        if (method instanceof DiffMean classes) {
            for (int i = 0;
                    i < Math.min(classes.positive().size(), classes.negative().size());
                    i++) {
                TokenPair pair = new TokenPair(
                        classes.positive().get(i).tokenized(text),
                        classes.negative().get(i).tokenized(text));
                rows.add(row(
                        pair,
                        () -> new Positions.Selection(
                                classes.positions().in(pair.positive()),
                                classes.positions().in(pair.negative()))));
            }
        } else if (method instanceof Contrast contrast) {
            for (ContrastPair pair : contrast.pairs()) {
                TokenPair tokens = pair.tokens(text);
                rows.add(row(tokens, () -> contrast.positions().of(tokens)));
            }
        } else if (method instanceof GeneratedTokens generated) {
            for (ContrastPair pair : generated.pairs()) {
                rows.add(row(pair.tokens(text), () -> new Positions.Selection(new int[0], new int[0])));
            }
        }
        return new FitPlan(rows);
    }

    private interface Chosen {
        Positions.Selection of();
    }

    private static Row row(TokenPair pair, Chosen chosen) {
        int first = pair.firstDifference();
        try {
            Positions.Selection at = chosen.of();
            boolean same = at.positive().length > 0
                    && Arrays.equals(at.positive(), at.negative())
                    && Arrays.stream(at.positive()).allMatch(position -> position < first);
            return new Row(
                    new Side(pair.positive(), at.positive()),
                    new Side(pair.negative(), at.negative()),
                    first,
                    pair.equalTail(),
                    same,
                    "");
        } catch (PintleException e) {
            return new Row(
                    new Side(pair.positive(), new int[0]),
                    new Side(pair.negative(), new int[0]),
                    first,
                    pair.equalTail(),
                    false,
                    e.problem().toString());
        }
    }
}
