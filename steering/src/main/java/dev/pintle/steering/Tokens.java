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

    /**
     * Reads a name, which may ask for a role in a prompt: {@code role:user}.
     *
     * @throws IllegalArgumentException listing them
     */
    static Tokens parse(String name, TokenizedPrompt prompt) {
        return name.startsWith("role:") ? ofRole(Role.parse(name.substring("role:".length())), prompt) : parse(name);
    }

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException listing them
     */
    static Tokens parse(String name) {
        if (name.startsWith("role:")) {
            throw Problem.of("Whose words a token is part of can be told of one prompt only.")
                    .fact("but was", name)
                    .fact("choose", "all, prompt, generated, generated+1, from:N")
                    .fact("try", "pintle generate, whose prompt is known")
                    .toIllegalArgument();
        }
        if (name.matches("from:\\d{1,7}")) {
            return from(Integer.parseInt(name.substring("from:".length())));
        }
        return switch (name) {
            case "all" -> all();
            case "prompt" -> prompt();
            case "generated" -> generated();
            case "generated+1" -> generatedAndLast();
            default ->
                throw Problem.of("There are no such tokens to steer.")
                        .fact("but was", name)
                        .fact("choose", "all, prompt, generated, generated+1, from:N, role:ROLE")
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
