package dev.pintle.steering;

import dev.pintle.problem.Problem;

/** Which positions of a contrast pair are compared. */
public sealed interface Positions {
    /** Every position, the part both prompts share included. */
    record All() implements Positions {
        @Override
        public Span of(TokenPair pair) {
            return aligned(pair, 0, this);
        }
    }

    /** From the first position at which the prompts differ. */
    record FromFirstDifference() implements Positions {
        @Override
        public Span of(TokenPair pair) {
            return aligned(pair, pair.firstDifference(), this);
        }
    }

    /** The positions after the last difference, where both prompts have the same tokens but not the same past. */
    record AfterLastDifference() implements Positions {
        @Override
        public Span of(TokenPair pair) {
            return span(pair, pair.equalTail(), this);
        }
    }

    /** The last position of each prompt. */
    record Last() implements Positions {
        @Override
        public Span of(TokenPair pair) {
            return span(pair, 1, this);
        }
    }

    /** Every position. */
    static Positions all() {
        return new All();
    }

    /** From the first difference on. */
    static Positions fromFirstDifference() {
        return new FromFirstDifference();
    }

    /** After the last difference. */
    static Positions afterLastDifference() {
        return new AfterLastDifference();
    }

    /** The last one. */
    static Positions last() {
        return new Last();
    }

    /**
     * The positions of one pair.
     *
     * @throws dev.pintle.problem.PintleException if the pair has none of this kind
     */
    Span of(TokenPair pair);

    /**
     * Positions to compare one by one.
     *
     * @param positiveFrom first position in the positive prompt
     * @param negativeFrom first position in the negative prompt
     * @param count how many
     */
    record Span(int positiveFrom, int negativeFrom, int count) {}

    private static Span aligned(TokenPair pair, int from, Positions kind) {
        if (pair.positive().length != pair.negative().length) {
            throw Problem.of("The prompts have different lengths, so their positions cannot be compared one by one.")
                    .fact("positive", pair.positive().length + " tokens")
                    .fact("negative", pair.negative().length + " tokens")
                    .fact("try", "ContrastPair.ofSystemPrompts, which pads, or positions counted from the end")
                    .toException();
        }
        return span(pair, pair.positive().length - from, kind);
    }

    private static Span span(TokenPair pair, int count, Positions kind) {
        if (count == 0) {
            throw Problem.of("The pair has no position to read.")
                    .fact("positions", kind)
                    .fact("pair", pair)
                    .toException();
        }
        return new Span(pair.positive().length - count, pair.negative().length - count, count);
    }
}
