package dev.pintle.text;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A prompt as a model reads it: token ids, their text, and whose words they are. */
public final class TokenizedPrompt {
    private final ModelText model;
    private final Prompt prompt;
    private final int[] ids;
    private Role @Nullable [] roles;

    TokenizedPrompt(ModelText model, Prompt prompt, int[] ids) {
        this.model = model;
        this.prompt = prompt;
        this.ids = ids;
    }

    /** What was tokenized. */
    public Prompt prompt() {
        return prompt;
    }

    /** Token ids, a copy. */
    public int[] ids() {
        return ids.clone();
    }

    /** Number of tokens. */
    public int length() {
        return ids.length;
    }

    /** The token id at a position. */
    public int id(int position) {
        return ids[position];
    }

    /** A token's text; a special token's own name. */
    public String text(int position) {
        return model.tokenizer().decode(new int[] {ids[position]}, false);
    }

    /** The text whose tokens these are: a conversation as the chat template renders it, or a plain text. */
    public String rendered() {
        return prompt.ending() == Prompt.Ending.PLAIN
                ? prompt.messages().get(0).content()
                : model.chatTemplate().render(prompt.messages(), prompt.options());
    }

    /**
     * The tokens with the characters of a text that each stands for.
     *
     * @param text what {@link #rendered} gave
     */
    public List<Token> placed(String text) {
        SpecialTokens added = prompt.ending() == Prompt.Ending.PLAIN ? SpecialTokens.ADD : SpecialTokens.NONE;
        return model.tokenizer().tokens(text, added);
    }

    /** The last few tokens, for messages. */
    public String shownTail() {
        return IntStream.range(Math.max(0, ids.length - 4), ids.length)
                .mapToObj(this::text)
                .toList()
                .toString();
    }

    /**
     * Whose words a token is part of.
     *
     * @throws PintleException if the prompt is a plain text, or the template changes what messages say
     */
    public Role role(int position) {
        Role[] known = roles;
        if (known == null) {
            known = new Roles().find();
            roles = known;
        }
        return known[position];
    }

    @Override
    public String toString() {
        return ids.length + " tokens";
    }

    /*
     * A template is a program, so where it puts a message cannot be read off it. The conversation is rendered a second
     * time with a mark in place of each message; what stands between the marks is what the template wrote, and the real
     * rendering must be the same pieces with the messages between them.
     */
    private final class Roles {
        private final List<Message> messages = prompt.messages();

        Role[] find() {
            if (prompt.ending() == Prompt.Ending.PLAIN) {
                throw Problem.of("A plain text has no roles.")
                        .fact("text", messages.get(0).content())
                        .fact("try", "a conversation, or positions that do not ask for roles")
                        .toException();
            }
            String text = rendered();
            int[] bounds = bounds(text); // start and end of each message's text
            List<Token> tokens = placed(text);
            Role[] found = new Role[ids.length];
            Arrays.fill(found, Role.HEADER);
            for (int i = 0; i < found.length; i++) {
                Token.Span span = tokens.get(i).span();
                for (int m = 0; span != null && m < messages.size(); m++) {
                    if (span.start() >= bounds[2 * m] && span.start() < bounds[2 * m + 1]) {
                        found[i] = Role.of(messages.get(m).role());
                    }
                }
            }
            return found;
        }

        private int[] bounds(String text) {
            List<Message> marked = new ArrayList<>();
            for (int m = 0; m < messages.size(); m++) {
                marked.add(new Message(messages.get(m).role(), mark(m)));
            }
            String frame = model.chatTemplate().render(marked, prompt.options());
            int[] bounds = new int[2 * messages.size()];
            int inFrame = 0;
            int inText = 0;
            for (int m = 0; m < messages.size(); m++) {
                int at = frame.indexOf(mark(m), inFrame);
                if (at < 0 || !text.startsWith(frame.substring(inFrame, at), inText)) {
                    throw unclear(m);
                }
                inText += at - inFrame;
                inFrame = at + mark(m).length();
                String content = messages.get(m).content();
                String written = text.startsWith(content, inText) ? content : content.strip();
                if (!text.startsWith(written, inText)) {
                    throw unclear(m);
                }
                bounds[2 * m] = inText;
                inText += written.length();
                bounds[2 * m + 1] = inText;
            }
            if (!text.substring(inText).strip().equals(frame.substring(inFrame).strip())) {
                throw unclear(messages.size() - 1);
            }
            return bounds;
        }

        private String mark(int message) {
            return "MESSAGE" + message + "MARK";
        }

        private PintleException unclear(int message) {
            return Problem.of("It is not clear which tokens are whose words: the chat template rewrites a message.")
                    .fact("message", message)
                    .fact("model", model.name())
                    .fact("try", "positions that do not ask for roles")
                    .toException();
        }
    }
}
