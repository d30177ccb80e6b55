package dev.pintle.model;

import dev.pintle.text.ChatTemplate;
import dev.pintle.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What turns text into a model's tokens and back. Read when first needed, so that a folder without a tokenizer or a template
 * still serves whoever brings token ids.
 */
final class ModelText implements AutoCloseable {
    private final Path folder;
    private @Nullable Tokenizer tokenizer;
    private @Nullable ChatTemplate template;

    ModelText(Path folder) {
        this.folder = folder;
    }

    synchronized Tokenizer tokenizer() {
        Tokenizer known = tokenizer;
        if (known == null) {
            known = Tokenizer.open(folder);
            tokenizer = known;
        }
        return known;
    }

    /** Whether there is a tokenizer, so that tokens can be shown as text. */
    boolean hasTokenizer() {
        return Files.isRegularFile(folder.resolve("tokenizer.json"));
    }

    synchronized ChatTemplate template() {
        ChatTemplate known = template;
        if (known == null) {
            known = ChatTemplate.load(folder);
            template = known;
        }
        return known;
    }

    @Override
    public synchronized void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
    }
}
