package dev.pintle.steering;

import dev.pintle.model.Layout;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.Tensor;
import java.util.function.UnaryOperator;

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

    /** The tokens after the prompt, as they are read to write the next. */
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

    /** Those from a position on. */
    static Tokens from(int first) {
        return new From(first);
    }

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException listing them
     */
    static Tokens parse(String name) {
        if (name.matches("from:\\d{1,7}")) {
            return from(Integer.parseInt(name.substring("from:".length())));
        }
        return switch (name) {
            case "all" -> all();
            case "prompt" -> prompt();
            case "generated" -> generated();
            default ->
                throw Problem.of("There are no such tokens to steer.")
                        .fact("but was", name)
                        .fact("choose", "all, prompt, generated, from:N")
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
