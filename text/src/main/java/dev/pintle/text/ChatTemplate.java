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
 * Renders a conversation into the text format a model was trained on, using the model's own Jinja template, exactly as
 * Hugging Face transformers does.
 *
 * <p>User input is data; Jinja syntax inside a message has no effect. A template that refers to something undefined, or
 * that raises an exception because it does not accept the conversation, fails with its line and column. Immutable and
 * thread-safe.
 */
public final class ChatTemplate {
    /** A file in a model's folder: a template of Ollama's, in Go's template language, which is not read here. */
    public static final String IN_GO = "chat_template.go";

    /** Appended to the last message while rendering, to find where that message ends. */
    private static final String END_OF_FINAL_MESSAGE = "CONTINUE_FINAL_MESSAGE_TAG ";

    private record Named(String source, Template template) {}

    private final Map<String, Named> templates;
    private final Map<String, Object> specialTokens;

    private ChatTemplate(Map<String, Named> templates, Map<String, Object> specialTokens) {
        this.templates = templates;
        this.specialTokens = specialTokens;
    }

    /** Parses a template. It has no special tokens until {@link #withSpecialToken} adds some. */
    public static ChatTemplate parse(String source) {
        return new ChatTemplate(Map.of("default", named(source)), Map.of());
    }

    /**
     * Loads a model folder's template, with the special tokens from its {@code tokenizer_config.json}. If the folder
     * has several templates, {@code tool_use} renders conversations with tools and {@code default} all others.
     *
     * @throws ChatTemplateException if there is none, or it cannot be read
     */
    public static ChatTemplate load(Path modelFolder) {
        TokenizerConfig config = TokenizerConfig.read(modelFolder);
        return of(config.templates(), config.specialTokens(), modelFolder);
    }

    /**
     * A template in place of a model's own, with the model's special tokens.
     *
     * @param modelFolder has the special tokens, in {@code tokenizer_config.json}
     * @param other a Jinja template, or the folder of a model whose template it is
     * @throws ChatTemplateException if there is none, or it cannot be read
     */
    public static ChatTemplate load(Path modelFolder, Path other) {
        Map<String, String> templates = Files.isDirectory(other)
                ? TokenizerConfig.read(other).templates()
                : Map.of("default", TokenizerConfig.text(other));
        return of(templates, TokenizerConfig.read(modelFolder).specialTokens(), other);
    }

    private static ChatTemplate of(Map<String, String> sources, Map<String, Object> specialTokens, Path modelFolder) {
        if (sources.isEmpty() && Files.exists(modelFolder.resolve(IN_GO))) {
            throw new ChatTemplateException(
                    "The model has no chat template that can be read: Ollama's is in the template language of Go.",
                    "file",
                    modelFolder.resolve(IN_GO).toString(),
                    "expected",
                    "a Jinja template, as models in the Hugging Face format have",
                    "try",
                    "--chat-template FILE, or org/name of the model that this one was made from, once pulled; a raw prompt"
                            + " (--prompt) needs none");
        }
        if (sources.isEmpty()) {
            throw new ChatTemplateException(
                    "The model has no chat template.",
                    "folder",
                    modelFolder.toString(),
                    "looked in",
                    Files.exists(modelFolder.resolve("tokenizer_config.json"))
                            ? "tokenizer_config.json, chat_template.jinja, chat_template.json"
                            : "chat_template.jinja, chat_template.json (there is no tokenizer_config.json)",
                    "try",
                    "--chat-template FILE with one, or an instruction-tuned model; base models often have none");
        }
        Map<String, Named> templates = new LinkedHashMap<>();
        sources.forEach((name, source) -> templates.put(name, named(source)));
        return new ChatTemplate(templates, specialTokens);
    }

    private static Named named(String source) {
        try {
            return new Named(source, Template.parse(source));
        } catch (JinjaException e) {
            throw ChatTemplateException.of(e);
        }
    }

    /** A copy with one more special token, given by its name in the template, such as {@code bos_token}. */
    public ChatTemplate withSpecialToken(String name, String token) {
        Map<String, Object> more = new LinkedHashMap<>(specialTokens);
        more.put(name, token);
        return new ChatTemplate(templates, more);
    }

    /** Renders the messages, followed by the header of the assistant's answer. */
    public String render(List<Message> messages) {
        return render(messages, ChatOptions.forAnswer());
    }

    /**
     * Renders a conversation. If the template writes the BOS token, it is part of the text, so encode the text with
     * {@link SpecialTokens#NONE}.
     *
     * @throws ChatTemplateException if the template does not accept this conversation
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
                    "The template does not use the content of messages, so no message can be continued.");
        }
        return upToMark(render(named, conversation, options), text);
    }

    private Named choose(boolean withTools) {
        Named chosen = withTools ? templates.get("tool_use") : null;
        chosen = chosen == null ? templates.get("default") : chosen;
        if (chosen == null) {
            throw new ChatTemplateException(
                    "The model has several chat templates, and none of them is named default.",
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

    // ---- text that ends inside the last message

    /** Appends the marker to the last text of a message and returns that text without it. */
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
                    "The template does not write the last message verbatim, so it cannot be continued.",
                    "last message",
                    Excerpt.of(stripped(text)));
        }
        String before = rendered.substring(0, end);
        // A template that trims messages has also trimmed the marker's own space, and with it any white space after the
        // text.
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

    /** What Python considers white space; Java's {@code strip} keeps no-break spaces. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
