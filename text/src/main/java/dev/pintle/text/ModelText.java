package dev.pintle.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokenizer and chat template. Each is read on first use, so a folder without one still works for callers
 * that pass token ids.
 */
public final class ModelText implements AutoCloseable {
    private final Path folder;
    private final @Nullable Path otherTemplate;
    private final String name;
    private @Nullable Tokenizer tokenizer;
    private @Nullable ChatTemplate template;

    /**
     * @param folder may contain tokenizer.json, tokenizer_config.json and chat_template.jinja
     * @param name name of the model, for messages
     */
    public ModelText(Path folder, String name) {
        this(folder, null, name);
    }

    /**
     * @param folder may contain tokenizer.json and tokenizer_config.json
     * @param otherTemplate a Jinja template, or the folder of another model whose chat template to use; null for this one's
     * @param name name of the model, for messages
     */
    public ModelText(Path folder, @Nullable Path otherTemplate, String name) {
        this.folder = folder;
        this.otherTemplate = otherTemplate;
        this.name = name;
    }

    /** Name of the model, for messages. */
    public String name() {
        return name;
    }

    /**
     * The tokenizer.
     *
     * @throws TokenizerException if the folder has none
     */
    public synchronized Tokenizer tokenizer() {
        Tokenizer known = tokenizer;
        if (known == null) {
            known = Tokenizer.open(folder);
            tokenizer = known;
        }
        return known;
    }

    /** Whether there is a tokenizer, so that tokens can be shown as text. */
    public boolean hasTokenizer() {
        return Files.isRegularFile(folder.resolve("tokenizer.json"));
    }

    /**
     * The chat template.
     *
     * @throws ChatTemplateException if the folder has none
     */
    public synchronized ChatTemplate chatTemplate() {
        ChatTemplate known = template;
        if (known == null) {
            known = otherTemplate == null ? ChatTemplate.load(folder) : ChatTemplate.load(folder, otherTemplate);
            template = known;
        }
        return known;
    }

    /** The file or the folder of another model that the chat template is from, if it is not this model's. */
    public Optional<Path> otherTemplate() {
        return Optional.ofNullable(otherTemplate);
    }

    /** Token ids of a conversation rendered with the chat template, which writes the special tokens itself. */
    public int[] tokens(List<Message> messages, ChatOptions options) {
        return tokenizer().encode(chatTemplate().render(messages, options), SpecialTokens.NONE);
    }

    /** Closes the tokenizer if it was opened. Closing a loaded model does this. */
    @Override
    public synchronized void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
    }
}
