package dev.pintle.text;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A prompt as tokens: their ids, text and roles. */
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

    /** The prompt that was tokenized. */
    public Prompt prompt() {
        return prompt;
    }

    /**
     * These tokens after one more, such as a BOS token that the model's tokenizer does not add. Only plain text can be preceded
     * by a token: a chat template writes its own.
     *
     * @throws IllegalArgumentException if the prompt is a conversation, or there is no such token
     */
    public TokenizedPrompt after(int id) {
        if (prompt.ending() != Prompt.Ending.PLAIN || !model.tokenizer().knows(id)) {
            throw Problem.of("The token cannot be put before the prompt.")
                    .fact("token", id)
                    .fact("expected", "a token of the model, before plain text")
                    .toIllegalArgument();
        }
        int[] all = new int[ids.length + 1];
        all[0] = id;
        System.arraycopy(ids, 0, all, 1, ids.length);
        return new TokenizedPrompt(model, prompt, all);
    }

    /** A copy of the token ids. */
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

    /** The text of a token; a special token has its own name. */
    public String text(int position) {
        return model.tokenizer().decode(new int[] {ids[position]}, false);
    }

    /** The texts of all tokens. */
    public List<String> texts() {
        return IntStream.range(0, ids.length).mapToObj(this::text).toList();
    }

    /** The tokenized text: a conversation rendered with the chat template, or plain text. */
    public String rendered() {
        return prompt.rendered(model);
    }

    /**
     * The tokens with their positions in a text.
     *
     * @param text the result of {@link #rendered}
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
     * The role a token belongs to.
     *
     * @throws PintleException if the prompt is plain text, or the template changes the text of messages
     */
    public Role role(int position) {
        Role[] known = roles;
        if (known == null) {
            known = new Roles().find();
            roles = known;
        }
        return known[position];
    }

    /**
     * The roles of all tokens.
     *
     * @throws PintleException as {@link #role}
     */
    public List<Role> roles() {
        return IntStream.range(0, ids.length).mapToObj(this::role).toList();
    }

    @Override
    public String toString() {
        return ids.length + " tokens";
    }

    /*
     * A template is a program, so the position of a message cannot be inferred from its source. The conversation is
     * rendered a second time with a marker in place of each message; the text between the markers was written by the
     * template, and the real rendering must consist of the same pieces with the messages between them.
     */
    private final class Roles {
        private final List<Message> messages = prompt.messages();

        Role[] find() {
            if (prompt.ending() == Prompt.Ending.PLAIN) {
                throw Problem.of("Plain text has no roles.")
                        .fact("text", messages.get(0).content())
                        .fact("try", "a conversation, or positions that do not depend on roles")
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
            return Problem.of("The role of each token cannot be determined: the chat template rewrites a message.")
                    .fact("message", message)
                    .fact("model", model.name())
                    .fact("try", "positions that do not depend on roles")
                    .toException();
        }
    }
}
