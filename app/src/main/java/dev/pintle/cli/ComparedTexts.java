package dev.pintle.cli;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.weights.ModelComparison;
import dev.pintle.sae.corpus.Document;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.text.ChatTemplate;
import dev.pintle.text.Message;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The texts that two sets of weights are compared on. */
@HelpSection.In(HelpSection.INPUT)
final class ComparedTexts {
    @Option(names = "--text", paramLabel = "TEXT", description = "A text to compare on; may be repeated.")
    private List<String> given = new ArrayList<>();

    @Option(
            names = "--texts",
            paramLabel = "PATH",
            description = "Texts: a file with one per line, a .jsonl file with text or messages, or a folder of files"
                    + " (default: the conversations bundled with Pintle).")
    private @Nullable Path file;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Number of tokens to read at most (default: ${DEFAULT-VALUE}).")
    private int most = 2000;

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of a passage; longer texts are cut, and each piece is read as a text of its own"
                    + " (default: ${DEFAULT-VALUE}).")
    private int window = 512;

    /** Texts that are being read. */
    static final class Opened implements AutoCloseable, Iterator<Document> {
        private final String name;
        private final Iterator<Document> documents;
        private final Texts.@Nullable Reading reading;
        private final boolean plain;

        private Opened(String name, Iterator<Document> documents, Texts.@Nullable Reading reading, boolean plain) {
            this.name = name;
            this.documents = documents;
            this.reading = reading;
            this.plain = plain;
        }

        /** Where they come from. */
        String name() {
            return name;
        }

        @Override
        public boolean hasNext() {
            return documents.hasNext();
        }

        @Override
        public Document next() {
            Document next = documents.next();
            return plain && next instanceof Document.Chat chat
                    ? new Document.Plain(
                            chat.messages().stream().map(Message::content).collect(Collectors.joining("\n\n")))
                    : next;
        }

        @Override
        public void close() {
            if (reading != null) {
                reading.close();
            }
        }
    }

    /**
     * Opens them.
     *
     * @param folder of the model whose chat template renders conversations; without one, the bundled conversations are read as
     *     plain text, which is said
     */
    Opened open(Path folder, PrintWriter err) {
        if (!given.isEmpty()) {
            List<Document> documents = given.stream()
                    .map(text -> (Document) new Document.Plain(text))
                    .toList();
            return new Opened("--text", documents.iterator(), null, false);
        }
        boolean plain = file == null && !hasTemplate(folder);
        if (plain) {
            err.println(
                    "Note: A has no chat template, so the bundled conversations are read as plain text. --texts PATH reads others.");
        }
        Texts texts = file == null ? TextsOptions.embedded() : Texts.of(file);
        Texts.Reading reading = texts.open();
        return new Opened(texts.name(), reading, reading, plain);
    }

    private static boolean hasTemplate(Path folder) {
        try {
            ChatTemplate.load(folder);
            return true;
        } catch (PintleException e) {
            return false;
        }
    }

    ModelComparison compare(Opened texts) {
        if (window < 2 || most < 2) {
            throw Problem.of("A comparison needs two tokens or more, of which the first is left out.")
                    .fact("--window", window)
                    .fact("--max-tokens", most)
                    .toIllegalArgument();
        }
        return ModelComparison.on(texts, window, most);
    }
}
