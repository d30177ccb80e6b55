package dev.pintle.text;

import dev.pintle.base.Excerpt;
import dev.pintle.jinja.JinjaException;
import dev.pintle.jinja.Limits;
import dev.pintle.jinja.Template;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a conversation into the text that a model was trained on: the Jinja template that came with the model, rendered
 * as Hugging Face transformers renders it.
 *
 * <p>What a user types is data; Jinja inside a message stays as it is. A template that asks for what does not exist, or
 * raises an exception because it does not take the conversation, is an error with its line and column. Immutable, and
 * safe to use from many threads.
 */
public final class ChatTemplate {
    /** Stands at the end of the last message while it is rendered, to tell where that message ends. */
    private static final String END_OF_FINAL_MESSAGE = "CONTINUE_FINAL_MESSAGE_TAG ";

    private record Named(String source, Template template) {}

    private final Map<String, Named> templates;
    private final Map<String, Object> specialTokens;

    private ChatTemplate(Map<String, Named> templates, Map<String, Object> specialTokens) {
        this.templates = templates;
        this.specialTokens = specialTokens;
    }

    /** The template with this source, and no special tokens until {@link #withSpecialToken} gives some. */
    public static ChatTemplate parse(String source) {
        return new ChatTemplate(Map.of("default", named(source)), Map.of());
    }

    /**
     * The template of a model folder, with the special tokens named in its {@code tokenizer_config.json}. Where the folder
     * has several, the one named {@code tool_use} renders conversations with tools and {@code default} the others.
     *
     * @throws ChatTemplateException when there is none, or it cannot be read
     */
    public static ChatTemplate load(Path modelFolder) {
        TokenizerConfig config = TokenizerConfig.read(modelFolder);
        if (config.templates().isEmpty()) {
            throw new ChatTemplateException(
                    "The model has no chat template.",
                    "folder",
                    modelFolder.toString(),
                    "looked in",
                    Files.exists(modelFolder.resolve("tokenizer_config.json"))
                            ? "tokenizer_config.json, chat_template.jinja, chat_template.json"
                            : "chat_template.jinja, chat_template.json (there is no tokenizer_config.json)",
                    "try",
                    "an instruction-tuned model; base models often have no template");
        }
        Map<String, Named> templates = new LinkedHashMap<>();
        config.templates().forEach((name, source) -> templates.put(name, named(source)));
        return new ChatTemplate(templates, config.specialTokens());
    }

    private static Named named(String source) {
        try {
            return new Named(source, Template.parse(source));
        } catch (JinjaException e) {
            throw ChatTemplateException.of(e);
        }
    }

    /** This template with one more special token, by its name in the template: {@code bos_token}, for example. */
    public ChatTemplate withSpecialToken(String name, String token) {
        Map<String, Object> more = new LinkedHashMap<>(specialTokens);
        more.put(name, token);
        return new ChatTemplate(templates, more);
    }

    /** The messages and the header of the assistant's answer. */
    public String render(List<Message> messages) {
        return render(messages, ChatOptions.forAnswer());
    }

    /**
     * The text of a conversation. It begins with the model's BOS token where the template writes one, so encode it with
     * {@link SpecialTokens#NONE}.
     *
     * @throws ChatTemplateException when the template does not take this conversation
     */
    public String render(List<Message> messages, ChatOptions options) {
        Named named = choose(!options.tools().isEmpty());
        List<Map<String, @Nullable Object>> conversation = new ArrayList<>();
        messages.forEach(message -> conversation.add(message.asMap()));
        if (!options.continueFinalMessage()) {
            return render(named, conversation, options);
        }
        if (options.addGenerationPrompt()) {
            throw new ChatTemplateException(
                    "A conversation cannot both continue its last message and begin a new answer.",
                    "try",
                    "either continueFinalMessage or addGenerationPrompt");
        }
        if (conversation.isEmpty()) {
            throw new ChatTemplateException("The conversation has no last message to continue.");
        }
        String text = markEnd(conversation.get(conversation.size() - 1));
        if (!named.source().contains("content")) {
            throw new ChatTemplateException(
                    "The template does not use the content of messages, so none can be continued.");
        }
        return upToMark(render(named, conversation, options), text);
    }

    private Named choose(boolean withTools) {
        Named chosen = withTools ? templates.get("tool_use") : null;
        chosen = chosen == null ? templates.get("default") : chosen;
        if (chosen == null) {
            throw new ChatTemplateException(
                    "The model has several chat templates and none of them is the default.",
                    "templates",
                    Excerpt.of(String.join(", ", templates.keySet())));
        }
        return chosen;
    }

    private String render(Named named, List<Map<String, @Nullable Object>> conversation, ChatOptions options) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(specialTokens);
        variables.put("messages", conversation);
        variables.put("tools", options.tools().isEmpty() ? null : options.tools());
        variables.put("documents", null);
        variables.put("add_generation_prompt", options.addGenerationPrompt());
        variables.putAll(options.variables());
        try {
            return named.template().render(variables, options.clock(), Limits.STANDARD);
        } catch (JinjaException e) {
            throw ChatTemplateException.of(e);
        }
    }

    // ---- a text that ends inside the last message

    /** Puts the mark behind the last text of a message and gives that text without it. */
    private static String markEnd(Map<String, @Nullable Object> message) {
        Object content = message.get("content");
        if (content instanceof String text) {
            message.put("content", text + END_OF_FINAL_MESSAGE);
            return text;
        }
        if (content instanceof List<?> parts) {
            for (int i = parts.size() - 1; i >= 0; i--) {
                if (parts.get(i) instanceof Map<?, ?> part && part.get("text") instanceof String text) {
                    Map<Object, @Nullable Object> marked = new LinkedHashMap<>(part);
                    marked.put("text", text + END_OF_FINAL_MESSAGE);
                    List<@Nullable Object> all = new ArrayList<>(parts);
                    all.set(i, marked);
                    message.put("content", all);
                    return text;
                }
            }
        }
        throw new ChatTemplateException("The last message of the conversation has no text to continue.");
    }

    private static String upToMark(String rendered, String text) {
        String mark = END_OF_FINAL_MESSAGE.strip();
        int end = rendered.lastIndexOf(mark);
        if (end < 0 || !Template.contains(rendered, stripped(text))) {
            throw new ChatTemplateException(
                    "The template does not write the last message as it is, so it cannot be continued.",
                    "last message",
                    Excerpt.of(stripped(text)));
        }
        String before = rendered.substring(0, end);
        // A template that trims messages has trimmed the mark's own space, and with it what would follow the text.
        return rendered.startsWith(END_OF_FINAL_MESSAGE, end) ? before : before.substring(0, endWithoutSpace(before));
    }

    private static String stripped(String text) {
        int end = endWithoutSpace(text);
        int start = 0;
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start, end);
    }

    private static int endWithoutSpace(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    /** What Python calls white space; Java's own {@code strip} keeps no-break spaces. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
