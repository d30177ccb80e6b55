package dev.pintle.sae.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.JsonLines;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import dev.pintle.hub.ModelFolders;
import dev.pintle.text.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A collection of texts, read one by one and never loaded as a whole. A {@code .jsonl} file has one object per line,
 * with {@code text} or {@code messages}; any other file has one text per line. A folder's files are read in order of
 * their names; in a folder, each file that does not end in {@code .jsonl} is one text.
 */
public final class Texts {
    private final String name;
    private final List<Path> files;
    private final boolean folder;

    private Texts(String name, List<Path> files, boolean folder) {
        this.name = name;
        this.files = files;
        this.folder = folder;
    }

    /**
     * The collection in a file or folder.
     *
     * @throws PintleException if it does not exist or cannot be read
     */
    public static Texts of(Path fileOrFolder) {
        if (Files.isRegularFile(fileOrFolder)) {
            return new Texts(fileOrFolder.toString(), List.of(fileOrFolder), false);
        }
        if (!Files.isDirectory(fileOrFolder)) {
            throw Problem.of("There are no such texts.")
                    .fact("but was", fileOrFolder.toAbsolutePath())
                    .fact("expected", "a file with one text per line, a .jsonl file, or a folder of files")
                    .toException();
        }
        try (Stream<Path> below = Files.walk(fileOrFolder)) {
            List<Path> files = below.filter(Files::isRegularFile)
                    .filter(file -> !String.valueOf(file.getFileName()).startsWith("."))
                    .sorted()
                    .toList();
            return new Texts(fileOrFolder.toString(), files, true);
        } catch (IOException e) {
            throw unreadable(fileOrFolder, e);
        }
    }

    /** The 1,500 conversations that ship with Pintle, if its models are installed. */
    public static Optional<Texts> embedded() {
        return ModelFolders.embeddedFile("texts.jsonl").map(file -> new Texts("embedded texts", List.of(file), false));
    }

    /** Where the texts come from. */
    public String name() {
        return name;
    }

    /** Total size of the files in bytes, for progress. */
    public long bytes() {
        return files.stream().mapToLong(file -> file.toFile().length()).sum();
    }

    /** Opens the collection for reading. */
    public Reading open() {
        return new Reading();
    }

    /** Reads the documents one by one. */
    public final class Reading implements AutoCloseable, Iterator<Document> {
        private static final int LONGEST = 64 << 20;
        private static final String LINE =
                "{\"text\": \"…\"} or {\"messages\": [{\"role\": \"…\", \"content\": \"…\"}]}";

        private final Deque<Path> left = new ArrayDeque<>(files);
        private @Nullable BufferedReader lines;
        private Path file = Path.of("");
        private int number;
        private @Nullable Document next;
        private long bytes;

        private Reading() {}

        /** Whether there is another document. */
        @Override
        public boolean hasNext() {
            try {
                while (next == null && (lines != null || !left.isEmpty())) {
                    next = read();
                }
                return next != null;
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }

        /** The next document. */
        @Override
        public Document next() {
            if (!hasNext()) {
                throw new NoSuchElementException("There are no more texts.");
            }
            Document document = Objects.requireNonNull(next);
            next = null;
            return document;
        }

        /** Approximate number of bytes read, for progress. */
        public long bytes() {
            return bytes;
        }

        private @Nullable Document read() throws IOException {
            if (lines == null) {
                file = left.remove();
                number = 0;
                boolean whole = folder && !JsonLines.isNameOf(file);
                if (whole && Files.size(file) > LONGEST) {
                    throw new IOException("larger than " + LONGEST + " bytes; split it");
                }
                BufferedReader reader = reader(file);
                if (whole) {
                    try (reader) {
                        StringBuilder text = new StringBuilder();
                        char[] some = new char[1 << 16];
                        for (int n = reader.read(some); n >= 0; n = reader.read(some)) {
                            text.append(some, 0, n);
                        }
                        bytes += Files.size(file);
                        return text.toString().isBlank() ? null : new Document.Plain(text.toString());
                    }
                }
                lines = reader;
            }
            String line = lines.readLine();
            if (line == null) {
                lines.close();
                lines = null;
                return null;
            }
            number++;
            bytes += line.length() + 1;
            if (line.isBlank()) {
                return null;
            }
            return JsonLines.isNameOf(file) ? parse(line) : new Document.Plain(line);
        }

        private Document parse(String line) {
            JsonNode node = JsonLines.parse(line, file, number, LINE);
            if (node.path("text").isTextual()) {
                return new Document.Plain(node.get("text").textValue());
            }
            List<Message> messages = new ArrayList<>();
            for (JsonNode message : node.path("messages")) {
                if (!message.path("role").isTextual()
                        || !message.path("content").isTextual()) {
                    throw unusable(line);
                }
                messages.add(new Message(
                        message.get("role").textValue(), message.get("content").textValue()));
            }
            if (messages.isEmpty()) {
                throw unusable(line);
            }
            return new Document.Chat(List.copyOf(messages));
        }

        private PintleException unusable(String line) {
            return Problem.of("A line of the texts cannot be used.")
                    .fact("file", file.toAbsolutePath())
                    .fact("line", number)
                    .fact("expected", LINE)
                    .fact("but was", line.length() > 80 ? line.substring(0, 80) + "…" : line)
                    .toException();
        }

        @Override
        public void close() {
            try {
                if (lines != null) {
                    lines.close();
                }
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }
    }

    /** Bytes that are not valid UTF-8 become U+FFFD; collections from the web contain some. */
    private static BufferedReader reader(Path file) throws IOException {
        RegularFile.require(file);
        return new BufferedReader(new InputStreamReader(
                Files.newInputStream(file),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .onUnmappableCharacter(CodingErrorAction.REPLACE)));
    }

    private static PintleException unreadable(Path file, IOException e) {
        return Problem.of("The texts cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("cause", ForeignFile.why(e))
                .toException(e);
    }
}
