package dev.pintle.steering;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Which positions of a prompt are read. Positions are absolute: the first token is at 0, with and without a chat
 * template.
 */
public sealed interface Positions {
    /** Names of the kinds that work on a single prompt. */
    String ONE_PROMPT = TokenName.SHARED + ", answer-letter, answer-word, answer-mean";

    /** Names of all kinds. */
    String NAMES =
            TokenName.SHARED + ", first-difference, after-last-difference, answer-letter, answer-word, answer-mean";

    /** The name in files and on the command line, as {@link #parse} accepts it. */
    String name();

    /**
     * The positions of a pair to compare with each other.
     *
     * @throws PintleException if the pair has no such positions, or the prompts have different numbers of them
     */
    default Selection of(TokenPair pair) {
        int[] positive = in(pair.positive());
        int[] negative = in(pair.negative());
        if (positive.length != negative.length) {
            throw Problem.of("The prompts have different numbers of positions to compare.")
                    .fact("positions", name())
                    .fact("positive", positive.length + " of " + pair.positive().length() + " tokens")
                    .fact("negative", negative.length + " of " + pair.negative().length() + " tokens")
                    .fact("try", "positions counted from the end, padded prompts, or diff-mean, which compares classes")
                    .toException();
        }
        return new Selection(positive, negative);
    }

    /**
     * The positions of one prompt.
     *
     * @throws PintleException if the prompt has no such positions, or the kind compares two prompts
     */
    int[] in(TokenizedPrompt prompt);

    /** Whether the mean over the positions of each prompt is read, instead of one activation per position. */
    default boolean averaged() {
        return false;
    }

    /**
     * Positions to compare: one by one or, if {@link #averaged}, by their means.
     *
     * @param positive positions in the positive prompt
     * @param negative positions in the negative prompt; equally many unless they are averaged
     */
    record Selection(int[] positive, int[] negative) {}

    /** Decides whether to read a token. */
    @FunctionalInterface
    interface TokenPredicate {
        /** Whether to read the token at a position. */
        boolean test(TokenizedPrompt prompt, int position);
    }

    /** Every position, including those that both prompts share. */
    record All() implements Positions {
        @Override
        public String name() {
            return "all";
        }

        @Override
        public Selection of(TokenPair pair) {
            return aligned(pair, 0, this);
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return IntStream.range(0, prompt.length()).toArray();
        }
    }

    /** From the first position at which the prompts differ. */
    record FromFirstDifference() implements Positions {
        @Override
        public String name() {
            return "first-difference";
        }

        @Override
        public Selection of(TokenPair pair) {
            return aligned(pair, pair.firstDifference(), this);
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            throw needsPair(this);
        }
    }

    /** The positions after the last difference, where both prompts have the same tokens but different context. */
    record AfterLastDifference() implements Positions {
        @Override
        public String name() {
            return "after-last-difference";
        }

        @Override
        public Selection of(TokenPair pair) {
            return fromEnd(pair, pair.equalTail(), this);
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            throw needsPair(this);
        }
    }

    /** The last position of each prompt. */
    record Last() implements Positions {
        @Override
        public String name() {
            return "last";
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return new int[] {prompt.length() - 1};
        }
    }

    /**
     * The letter that names a choice in the answer: the B of {@code (B) I agree}. In a conversation, the answer is the
     * assistant's last message; in a pair of plain texts, everything from their first difference on.
     */
    record AnswerLetter() implements Positions {
        @Override
        public String name() {
            return "answer-letter";
        }

        @Override
        public Selection of(TokenPair pair) {
            return inAnswers(pair, answer -> new int[] {answer.letter()});
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return new int[] {Answer.of(prompt).letter()};
        }
    }

    /**
     * The first word of the answer, at its last token: the Yes of {@code Yes, I do}. For what an answer is, see
     * {@link AnswerLetter}.
     */
    record AnswerWord() implements Positions {
        @Override
        public String name() {
            return "answer-word";
        }

        @Override
        public Selection of(TokenPair pair) {
            return inAnswers(pair, answer -> new int[] {answer.word()});
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return new int[] {Answer.of(prompt).word()};
        }
    }

    /**
     * All tokens of the answer, whose mean is read, so that answers of different lengths can be compared. For what an
     * answer is, see {@link AnswerLetter}.
     */
    record AnswerMean() implements Positions {
        @Override
        public String name() {
            return "answer-mean";
        }

        @Override
        public boolean averaged() {
            return true;
        }

        @Override
        public Selection of(TokenPair pair) {
            return inAnswers(pair, Answer::all);
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return Answer.of(prompt).all();
        }
    }

    /**
     * A range of positions.
     *
     * @param from the first position, 0-based
     * @param to the position after the last one
     */
    record Range(int from, int to) implements Positions {
        /** @throws IllegalArgumentException if the range is empty or starts below 0 */
        public Range {
            if (from < 0 || to <= from) {
                throw Problem.of("A range of positions must start at 0 or later and end after its start.")
                        .fact("from", from)
                        .fact("to", to)
                        .toIllegalArgument();
            }
        }

        @Override
        public String name() {
            return "range:" + from + "-" + to;
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            if (to > prompt.length()) {
                throw Problem.of("The range of positions extends beyond the prompt.")
                        .fact("range", from + " up to " + to)
                        .fact("prompt", prompt)
                        .toException();
            }
            return IntStream.range(from, to).toArray();
        }
    }

    /**
     * All positions from a given one on.
     *
     * @param first the first position, 0-based
     */
    record From(int first) implements Positions {
        /** @throws IllegalArgumentException if the position is negative */
        public From {
            if (first < 0) {
                throw Problem.of("Positions count from 0.")
                        .fact("but was", first)
                        .toIllegalArgument();
            }
        }

        @Override
        public String name() {
            return "from:" + first;
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return matching(prompt, (p, position) -> position >= first, this);
        }
    }

    /** The tokens of one role, or those that the chat template adds. */
    record ByRole(Role role) implements Positions {
        @Override
        public String name() {
            return "role:" + role.label();
        }

        @Override
        public int[] in(TokenizedPrompt prompt) {
            return matching(prompt, (p, position) -> p.role(position) == role, this);
        }
    }

    /**
     * Positions selected by a predicate.
     *
     * @param name a name for the record
     */
    record Matching(String name, TokenPredicate predicate) implements Positions {
        @Override
        public int[] in(TokenizedPrompt prompt) {
            return matching(prompt, predicate, this);
        }
    }

    /** Every position. */
    static Positions all() {
        return new All();
    }

    /** Every position from the first difference on. */
    static Positions fromFirstDifference() {
        return new FromFirstDifference();
    }

    /** The positions after the last difference. */
    static Positions afterLastDifference() {
        return new AfterLastDifference();
    }

    /** The last position. */
    static Positions last() {
        return new Last();
    }

    /** The letter that names a choice in the answer. */
    static Positions answerLetter() {
        return new AnswerLetter();
    }

    /** The first word of the answer. */
    static Positions answerWord() {
        return new AnswerWord();
    }

    /** The mean over the answer's tokens. */
    static Positions answerMean() {
        return new AnswerMean();
    }

    /** Positions {@code from} to {@code to}, exclusive. */
    static Positions range(int from, int to) {
        return new Range(from, to);
    }

    /** All positions from {@code first} on. */
    static Positions from(int first) {
        return new From(first);
    }

    /** The tokens of a role. */
    static Positions byRole(Role role) {
        return new ByRole(role);
    }

    /**
     * Parses a name: {@code last}, {@code role:assistant}, {@code range:4-9}, {@code from:4}.
     *
     * @throws IllegalArgumentException listing the names
     */
    static Positions parse(String name) {
        TokenName parsed = TokenName.parse(name);
        if (parsed instanceof TokenName.Range range) {
            return range(range.from(), range.to());
        }
        if (parsed instanceof TokenName.From from) {
            return from(from.first());
        }
        if (parsed instanceof TokenName.OfRole words) {
            return byRole(words.role());
        }
        return switch (name) {
            case "all" -> all();
            case "first-difference" -> fromFirstDifference();
            case "after-last-difference" -> afterLastDifference();
            case "last" -> last();
            case "answer-letter" -> answerLetter();
            case "answer-word" -> answerWord();
            case "answer-mean" -> answerMean();
            default ->
                throw Problem.of("This is not a valid name of positions.")
                        .fact("but was", Tokens.WORDS.contains(name) ? name + ", which is for steering" : name)
                        .fact("choose", NAMES)
                        .toIllegalArgument();
        };
    }

    private static Selection inAnswers(TokenPair pair, Function<Answer, int[]> positions) {
        Answer[] answers = Answer.ofPair(pair);
        return new Selection(positions.apply(answers[0]), positions.apply(answers[1]));
    }

    private static Selection aligned(TokenPair pair, int from, Positions kind) {
        if (pair.positive().length() != pair.negative().length()) {
            throw Problem.of("The prompts have different lengths, so their positions cannot be compared one by one.")
                    .fact("positive", pair.positive().length() + " tokens")
                    .fact("negative", pair.negative().length() + " tokens")
                    .fact("try", "ContrastPair.ofSystemPrompts, which pads, or positions counted from the end")
                    .toException();
        }
        return fromEnd(pair, pair.positive().length() - from, kind);
    }

    private static Selection fromEnd(TokenPair pair, int count, Positions kind) {
        if (count == 0) {
            throw Problem.of("The pair has no such positions to read.")
                    .fact("positions", kind.name())
                    .fact("pair", pair)
                    .toException();
        }
        int positive = pair.positive().length();
        int negative = pair.negative().length();
        return new Selection(
                IntStream.range(positive - count, positive).toArray(),
                IntStream.range(negative - count, negative).toArray());
    }

    private static int[] matching(TokenizedPrompt prompt, TokenPredicate predicate, Positions kind) {
        int[] found = IntStream.range(0, prompt.length())
                .filter(position -> predicate.test(prompt, position))
                .toArray();
        if (found.length == 0) {
            throw none(prompt, kind);
        }
        return found;
    }

    private static PintleException none(TokenizedPrompt prompt, Positions kind) {
        return Problem.of("The prompt has no such positions to read.")
                .fact("positions", kind.name())
                .fact("prompt", prompt + ", ending " + prompt.shownTail())
                .toException();
    }

    private static IllegalArgumentException needsPair(Positions kind) {
        return Problem.of("These positions compare two prompts, so they are not defined for one.")
                .fact("positions", kind.name())
                .fact("choose", ONE_PROMPT)
                .toIllegalArgument();
    }
}
