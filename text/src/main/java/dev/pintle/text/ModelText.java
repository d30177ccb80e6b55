package dev.pintle.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What turns text into a model's tokens and back: its tokenizer and its chat template. Each is read on first use, so that a
 * folder that lacks one still serves callers who bring token ids.
 */
public final class ModelText implements AutoCloseable {
    private final Path folder;
    private final String name;
    private @Nullable Tokenizer tokenizer;
    private @Nullable ChatTemplate template;

    /**
     * @param folder that holds tokenizer.json, tokenizer_config.json and chat_template.jinja, as far as they exist
     * @param name of the model, for messages
     */
    public ModelText(Path folder, String name) {
        this.folder = folder;
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
            known = ChatTemplate.load(folder);
            template = known;
        }
        return known;
    }

    /** Token ids of a conversation as the chat template renders it; the template writes the special tokens itself. */
    public int[] tokens(List<Message> messages, ChatOptions options) {
        return tokenizer().encode(chatTemplate().render(messages, options), SpecialTokens.NONE);
    }

    /** Releases the tokenizer, if it was opened. A loaded model does so when it is closed. */
    @Override
    public synchronized void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
    }
}
