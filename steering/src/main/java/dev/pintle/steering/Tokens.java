package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.Layout;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * On which tokens of a sequence an intervention acts. Positions are absolute, so that it acts on the same tokens with and
 * without a key-value cache.
 */
public sealed interface Tokens {
    /**
     * Whether it acts on a token.
     *
     * @param promptLength tokens of the row's prompt
     */
    boolean include(int position, int promptLength);

    /** The name on the command line, as {@link #parse} reads it. */
    String name();

    /** Every token, prompt and beginning-of-sequence token included. */
    record All() implements Tokens {
        @Override
        public boolean include(int position, int promptLength) {
            return true;
        }

        @Override
        public String name() {
            return "all";
        }
    }

    /** The prompt's tokens. */
    record OfPrompt() implements Tokens {
        @Override
        public boolean include(int position, int promptLength) {
            return position < promptLength;
        }

        @Override
        public String name() {
            return "prompt";
        }
    }

    /**
     * The tokens after the prompt, as they are read to write the next. The first token of an answer is written from the
     * prompt's last one, so it is not steered by this; {@link GeneratedAndLast} steers it too.
     */
    record Generated() implements Tokens {
        @Override
        public boolean include(int position, int promptLength) {
            return position >= promptLength;
        }

        @Override
        public String name() {
            return "generated";
        }
    }

    /**
     * The prompt's last token and those after it: all from which a token of the answer is written. The published code of
     * contrastive activation addition steers these, as most papers do.
     */
    record GeneratedAndLast() implements Tokens {
        @Override
        public boolean include(int position, int promptLength) {
            return position >= promptLength - 1;
        }

        @Override
        public String name() {
            return "generated+1";
        }
    }

    /**
     * Tokens from a position on.
     *
     * @param first the first, from 0
     */
    record From(int first) implements Tokens {
        /** @throws IllegalArgumentException if the position is negative */
        public From {
            if (first < 0) {
                throw Problem.of("Positions count from 0.")
                        .fact("but was", first)
                        .toIllegalArgument();
            }
        }

        @Override
        public boolean include(int position, int promptLength) {
            return position >= first;
        }

        @Override
        public String name() {
            return "from:" + first;
        }
    }

    /**
     * Tokens from a position up to another.
     *
     * @param from the first, from 0
     * @param to the first one after it
     */
    record Range(int from, int to) implements Tokens {
        /** @throws IllegalArgumentException if the range is empty or begins before the sequence */
        public Range {
            if (from < 0 || to <= from) {
                throw Problem.of("A range of positions begins at 0 or later and ends after it begins.")
                        .fact("from", from)
                        .fact("to", to)
                        .toIllegalArgument();
            }
        }

        @Override
        public boolean include(int position, int promptLength) {
            return position >= from && position < to;
        }

        @Override
        public String name() {
            return "range:" + from + "-" + to;
        }
    }

    /** The prompt's last token, from which the first of the answer is written. */
    record Last() implements Tokens {
        @Override
        public boolean include(int position, int promptLength) {
            return position == promptLength - 1;
        }

        @Override
        public String name() {
            return "last";
        }
    }

    /**
     * Tokens of one prompt, and what is generated after it or not.
     *
     * @param positions of the prompt, from 0
     * @param generated whether the tokens after the prompt are among them
     * @param name what they are called
     */
    record OfOnePrompt(Set<Integer> positions, boolean generated, String name) implements Tokens {
        /** Keeps a copy. */
        public OfOnePrompt {
            positions = Set.copyOf(positions);
        }

        @Override
        public boolean include(int position, int promptLength) {
            return position < promptLength ? positions.contains(position) : generated;
        }
    }

    /** Every token. */
    static Tokens all() {
        return new All();
    }

    /** The prompt's. */
    static Tokens prompt() {
        return new OfPrompt();
    }

    /** Those after the prompt. */
    static Tokens generated() {
        return new Generated();
    }

    /** The prompt's last and those after it. */
    static Tokens generatedAndLast() {
        return new GeneratedAndLast();
    }

    /** Those from a position on. */
    static Tokens from(int first) {
        return new From(first);
    }

    /** Those from a position up to another, which is left out. */
    static Tokens range(int from, int to) {
        return new Range(from, to);
    }

    /** The prompt's last one. */
    static Tokens last() {
        return new Last();
    }

    /**
     * The tokens of one role in one prompt; what is generated after it is the assistant's.
     *
     * @throws dev.pintle.base.PintleException if the prompt is a plain text, or its roles cannot be told apart
     */
    static Tokens ofRole(Role role, TokenizedPrompt prompt) {
        return new OfOnePrompt(
                IntStream.range(0, prompt.length())
                        .filter(position -> prompt.role(position) == role)
                        .boxed()
                        .collect(Collectors.toSet()),
                role == Role.ASSISTANT,
                "role:" + role.label());
    }

    /** Words for what is steered and not read. */
    Set<String> WORDS = Set.of("prompt", "generated", "generated+1");

    /**
     * Reads a name, which may ask for a role in a prompt: {@code role:user}.
     *
     * @throws IllegalArgumentException listing them
     */
    static Tokens parse(String name, TokenizedPrompt prompt) {
        return TokenName.parse(name) instanceof TokenName.OfRole words ? ofRole(words.role(), prompt) : parse(name);
    }

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException listing them
     */
    static Tokens parse(String name) {
        TokenName parsed = TokenName.parse(name);
        if (parsed instanceof TokenName.OfRole) {
            throw Problem.of("Whose words a token is part of can be told of one prompt only.")
                    .fact("but was", name)
                    .fact("choose", "all, last, prompt, generated, generated+1, from:N, range:FROM-TO")
                    .fact("try", "pintle generate, whose prompt is known")
                    .toIllegalArgument();
        }
        if (parsed instanceof TokenName.From from) {
            return from(from.first());
        }
        if (parsed instanceof TokenName.Range range) {
            return range(range.from(), range.to());
        }
        return switch (name) {
            case "all" -> all();
            case "last" -> last();
            case "prompt" -> prompt();
            case "generated" -> generated();
            case "generated+1" -> generatedAndLast();
            default ->
                throw Problem.of("There are no such tokens to steer.")
                        .fact("but was", name)
                        .fact("choose", TokenName.SHARED + ", prompt, generated, generated+1")
                        .toIllegalArgument();
        };
    }

    /** The activation with a change made at these tokens; itself where there are none in the pass. */
    default Tensor change(Tensor activation, Layout layout, UnaryOperator<Tensor> change) {
        if (this instanceof All) {
            return change.apply(activation);
        }
        boolean[] mask = new boolean[layout.batch() * layout.tokens()];
        int included = 0;
        for (int row = 0; row < layout.batch(); row++) {
            for (int t = 0; t < layout.tokens(); t++) {
                int position = layout.position(row, t);
                if (position != Layout.PADDING && include(position, layout.promptLength(row))) {
                    mask[row * layout.tokens() + t] = true;
                    included++;
                }
            }
        }
        if (included == 0) {
            return activation;
        }
        Tensor where = Tensor.of(mask, layout.batch(), layout.tokens(), 1).to(activation.device());
        return where.choose(change.apply(activation), activation); // [batch, tokens, dModel]
    }
}
