package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.Layout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens of a sequence an intervention applies to. Positions are absolute, so the choice is the same with and
 * without a KV cache.
 */
public sealed interface Tokens {
    /**
     * Whether a token is included.
     *
     * @param position absolute position of the token
     * @param promptLength length of the row's prompt, in tokens
     */
    boolean include(int position, int promptLength);

    /** The name on the command line, as {@link #parse} accepts it. */
    String name();

    /** Every token, including the prompt and BOS. */
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
     * The tokens after the prompt. The first token of an answer is predicted at the prompt's last token, so this does
     * not steer it; {@link GeneratedAndLast} does.
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
     * The prompt's last token and those after it: all tokens at which a token of the answer is predicted. These are
     * steered by the published code of contrastive activation addition and in most papers.
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
     * All tokens from a position on.
     *
     * @param first the first position, 0-based
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
     * The tokens from one position to another.
     *
     * @param from the first position, 0-based
     * @param to the position after the last one
     */
    record Range(int from, int to) implements Tokens {
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
        public boolean include(int position, int promptLength) {
            return position >= from && position < to;
        }

        @Override
        public String name() {
            return "range:" + from + "-" + to;
        }
    }

    /** The prompt's last token, at which the first token of the answer is predicted. */
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
     * Tokens of one specific prompt, optionally with what is generated after it.
     *
     * @param positions positions in the prompt, 0-based
     * @param generated whether the tokens after the prompt are included
     * @param name a name for the record
     */
    record OfOnePrompt(Set<Integer> positions, boolean generated, String name) implements Tokens {
        /** Copies the set. */
        public OfOnePrompt {
            positions = Set.copyOf(positions);
        }

        @Override
        public boolean include(int position, int promptLength) {
            return position < promptLength ? positions.contains(position) : generated;
        }
    }

    /**
     * A half-open range of positions. In a prompt, negative numbers count from its end.
     *
     * @param from the first position
     * @param to the position after the last one; null for the end
     */
    record Window(int from, @Nullable Integer to) {
        boolean includes(int position, int length) {
            int first = from < 0 ? from + length : from;
            int end = to == null ? Integer.MAX_VALUE : to < 0 ? to + length : to;
            return position >= first && position < end;
        }

        @Override
        public String toString() {
            return "[" + from + "," + to + "]";
        }
    }

    /**
     * Windows of the prompt and of what is generated after it, or single tokens of one specific prompt.
     *
     * @param prompt windows of the prompt; negative numbers count from its end
     * @param generated windows of what is generated, counted from its first token
     * @param ofOnePrompt further tokens, all or none of them of one specific prompt
     * @param except tokens to leave out
     */
    record Windows(
            List<Window> prompt, List<Window> generated, List<OfOnePrompt> ofOnePrompt, List<? extends Tokens> except)
            implements Tokens {
        /**
         * Copies the lists.
         *
         * @throws IllegalArgumentException for a negative position of a generated token
         */
        public Windows {
            prompt = List.copyOf(prompt);
            generated = List.copyOf(generated);
            ofOnePrompt = List.copyOf(ofOnePrompt);
            except = List.copyOf(except);
            for (Window window : generated) {
                Integer to = window.to();
                if (window.from() < 0 || (to != null && to < 0)) {
                    throw Problem.of("Generated tokens count from 0: where the last one will be is not known yet.")
                            .fact("but was", window)
                            .toIllegalArgument();
                }
            }
        }

        @Override
        public boolean include(int position, int promptLength) {
            boolean chosen = position < promptLength
                    ? prompt.stream().anyMatch(window -> window.includes(position, promptLength))
                    : generated.stream().anyMatch(window -> window.includes(position - promptLength, 0));
            return (chosen || ofOnePrompt.stream().anyMatch(tokens -> tokens.include(position, promptLength)))
                    && except.stream().noneMatch(tokens -> tokens.include(position, promptLength));
        }

        @Override
        public String name() {
            List<String> parts = new ArrayList<>();
            if (!prompt.isEmpty()) {
                parts.add("prompt" + prompt);
            }
            if (!generated.isEmpty()) {
                parts.add("generated" + generated);
            }
            ofOnePrompt.forEach(tokens -> parts.add(tokens.name()));
            String name = String.join(" and ", parts);
            String without = except.stream().map(Tokens::name).collect(Collectors.joining(" and "));
            return without.isEmpty() ? name : name + " except " + without;
        }
    }

    /** Every token. */
    static Tokens all() {
        return new All();
    }

    /** The prompt's tokens. */
    static Tokens prompt() {
        return new OfPrompt();
    }

    /** The tokens after the prompt. */
    static Tokens generated() {
        return new Generated();
    }

    /** The prompt's last token and those after it. */
    static Tokens generatedAndLast() {
        return new GeneratedAndLast();
    }

    /** All tokens from {@code first} on. */
    static Tokens from(int first) {
        return new From(first);
    }

    /** The tokens at positions {@code from} to {@code to}, exclusive. */
    static Tokens range(int from, int to) {
        return new Range(from, to);
    }

    /** The prompt's last token. */
    static Tokens last() {
        return new Last();
    }

    /**
     * The tokens of one role in one prompt; what is generated after it counts as the assistant's.
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

    /** Words that are valid for steering but not for reading. */
    Set<String> WORDS = Set.of("prompt", "generated", "generated+1");

    /**
     * Parses a name, which may refer to a role in a prompt: {@code role:user}.
     *
     * @throws IllegalArgumentException listing the names
     */
    static Tokens parse(String name, TokenizedPrompt prompt) {
        return TokenName.parse(name) instanceof TokenName.OfRole words ? ofRole(words.role(), prompt) : parse(name);
    }

    /**
     * Parses a name.
     *
     * @throws IllegalArgumentException listing the names
     */
    static Tokens parse(String name) {
        TokenName parsed = TokenName.parse(name);
        if (parsed instanceof TokenName.OfRole) {
            throw Problem.of("Roles are only known for a single prompt.")
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
                throw Problem.of("This is not a valid name of tokens to steer.")
                        .fact("but was", name)
                        .fact("choose", TokenName.SHARED + ", prompt, generated, generated+1")
                        .toIllegalArgument();
        };
    }

    /** Applies a change at these tokens; returns the activation itself if the pass contains none of them. */
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
