package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.pintle.base.BoundedStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads labels in any of these formats, detected by content; gzip is decompressed.
 *
 * <ul>
 *   <li>JSON objects with index and label, one per line or in any other sequence, as in Neuronpedia's exports, or in a
 *       list;
 *   <li>JSON objects from index to label, as in community dumps;
 *   <li>CSV: with a header that names the columns, or with index and label in the first two.
 * </ul>
 *
 * The key of the index may be {@code index}, {@code latent}, {@code feature} or {@code index_in_sae}, that of the label
 * {@code label}, {@code description} or {@code explanation}.
 *
 * <p>Nothing is skipped silently: whatever is not a label is reported with its location, and so is damage after which
 * the rest cannot be read. Only the current value is held in memory, however long the text.
 */
final class LabelReader {
    static final List<String> INDEX = List.of("index", "latent", "feature", "index_in_sae");
    static final List<String> LABEL = List.of("label", "description", "explanation");
    static final StreamReadConstraints CONSTRAINTS = StreamReadConstraints.builder()
            .maxStringLength(4 << 20)
            .maxNameLength(50_000)
            .maxNestingDepth(200)
            .build();
    private static final JsonFactory JSON =
            JsonFactory.builder().streamReadConstraints(CONSTRAINTS).build();
    private static final long MOST_TEXT = 2L << 30; // a small gzip file can decompress to almost any size
    private static final int MOST_UNUSABLE = 100_000;

    private final Sink sink;

    /** Receives what is read. */
    interface Sink {
        /** A label; the index is never negative. */
        void label(int index, String label);

        /**
         * Something that is not a label.
         *
         * @param place such as {@code line 3}
         */
        void unusable(String place, String expected, String found);

        /** Damage after which nothing more can be read; always the last call. */
        void damaged(String place, String expected, String found);
    }

    LabelReader(Sink sink) {
        this.sink = new Counting(sink);
    }

    /** @throws IOException if the text cannot be read to its end */
    void read(InputStream bytes) throws IOException {
        InputStream unpacked = new BoundedStream(
                unpacked(new BufferedInputStream(bytes)),
                MOST_TEXT,
                () -> new IOException("more than " + MOST_TEXT + " bytes of text"));
        RecentText text = new RecentText(new InputStreamReader(unpacked, StandardCharsets.UTF_8));
        int first = text.firstShown();
        try {
            if (first == '{' || first == '[') {
                json(text);
            } else if (first >= 0) {
                new CsvLabels(sink).read(text);
            }
        } catch (Counting.TooMany e) {
            sink.damaged(e.place, "labels", "more than " + MOST_UNUSABLE + " entries that are not labels");
        }
    }

    private static InputStream unpacked(BufferedInputStream bytes) throws IOException {
        bytes.mark(2);
        boolean gzip = bytes.read() == 0x1f && bytes.read() == 0x8b;
        bytes.reset();
        return gzip ? new GZIPInputStream(bytes, 1 << 16) : bytes;
    }

    // ---- JSON, one value after another

    /**
     * Reads the top-level values, which may or may not be separated by line breaks. After a broken line, tries the
     * next.
     */
    private void json(RecentText text) throws IOException {
        boolean more = true;
        while (more) {
            Root root = new Root(text.line());
            try (JsonParser parser = JSON.createParser(text.rest())) {
                more = values(parser, text, root);
            }
        }
    }

    /** @return whether there is more text after a broken line */
    private boolean values(JsonParser parser, RecentText text, Root root) throws IOException {
        try {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                root.begin(parser);
                if (token == JsonToken.START_OBJECT) {
                    object(parser, text, root, "line " + root.line);
                } else if (token == JsonToken.START_ARRAY) {
                    list(parser, text, root);
                } else {
                    sink.unusable("line " + root.line, "an object with index and label", shown(parser.getText()));
                }
                root.ended = true;
            }
            return false;
        } catch (JsonProcessingException e) {
            // The exception's own offset is relative to the parser's current buffer.
            JsonLocation at = parser.currentLocation();
            int line = root.firstLine + at.getLineNr() - 1;
            long offset = Math.max(0, at.getCharOffset() - 1);
            if (!root.ended && root.holdsOthers) {
                sink.damaged("line " + line, "JSON", text.around(offset));
                return false;
            }
            if (!root.ended && text.knows(root.start)) {
                // The line in which the value began is broken; what follows may be intact.
                line = root.line;
                offset = root.start;
            }
            sink.unusable("line " + line, "JSON", text.lineAt(offset));
            return text.skipLine(offset, line);
        }
    }

    /** The top-level value that is being read. */
    private static final class Root {
        private final int firstLine;
        private int line;
        private long start;
        private boolean ended = true;
        private boolean holdsOthers;

        Root(int firstLine) {
            this.firstLine = firstLine;
            this.line = firstLine;
        }

        void begin(JsonParser parser) {
            line = firstLine + parser.currentTokenLocation().getLineNr() - 1;
            start = parser.currentTokenLocation().getCharOffset();
            ended = false;
            holdsOthers = false;
        }
    }

    private void list(JsonParser parser, RecentText text, Root root) throws IOException {
        root.holdsOthers = true;
        int item = 0;
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            if (token == JsonToken.START_OBJECT) {
                object(parser, text, root, "item " + item);
            } else {
                String found = token.isScalarValue() ? parser.getText() : "a list";
                parser.skipChildren();
                sink.unusable("item " + item, "an object with index and label", shown(found));
            }
            item++;
        }
    }

    /** An object with index and label, or one from indices to labels, as its first keys tell. */
    private void object(JsonParser parser, RecentText text, Root root, String place) throws IOException {
        long start = parser.currentTokenLocation().getCharOffset();
        @Nullable String[] index = new String[INDEX.size()];
        @Nullable String[] label = new String[LABEL.size()];
        boolean map = false;
        boolean item = false;
        String strange = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            boolean known = INDEX.contains(name) || LABEL.contains(name);
            if (!map && !item) {
                map = !known && index(name).isPresent();
                item = known;
                root.holdsOthers |= map;
                if (map && strange != null) {
                    sink.unusable("key " + shown(strange), "the index of a latent", shown(strange));
                }
            }
            if (map) {
                entry(parser, name, value);
                continue;
            }
            if (!known) {
                strange = strange == null ? name : strange;
            } else if (value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                if (INDEX.contains(name)) {
                    index[INDEX.indexOf(name)] = parser.getText();
                } else if (value == JsonToken.VALUE_STRING) {
                    label[LABEL.indexOf(name)] = parser.getText();
                }
            }
            parser.skipChildren();
        }
        if (!map) {
            item(
                    first(index),
                    first(label),
                    place,
                    text.between(start, parser.currentLocation().getCharOffset()));
        }
    }

    private static @Nullable String first(@Nullable String[] values) {
        for (String value : values) {
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private void item(@Nullable String index, @Nullable String label, String place, String found) {
        OptionalInt latent = index == null ? OptionalInt.empty() : index(index);
        if (latent.isEmpty() || label == null) {
            sink.unusable(place, "an object with index and label", shown(found));
        } else {
            sink.label(latent.getAsInt(), label);
        }
    }

    private void entry(JsonParser parser, String key, JsonToken value) throws IOException {
        OptionalInt index = index(key);
        if (index.isEmpty()) {
            parser.skipChildren();
            sink.unusable("key " + shown(key), "the index of a latent", shown(key));
        } else if (value == JsonToken.VALUE_STRING) {
            sink.label(index.getAsInt(), parser.getText());
        } else if (value != JsonToken.VALUE_NULL) { // some files write null for "none"
            parser.skipChildren();
            sink.unusable("key " + key, "a label", value.toString());
        }
    }

    /** Parses a latent's index, if the text is one. */
    static OptionalInt index(String text) {
        return text.length() <= 9 && text.matches("[0-9]{1,9}")
                ? OptionalInt.of(Integer.parseInt(text))
                : OptionalInt.empty();
    }

    static String shown(String text) {
        String clean = LabelText.clean(text.length() > 400 ? text.substring(0, 400) : text)
                .orElse("");
        return clean.length() > 80 ? clean.substring(0, 80) + "…" : clean;
    }

    /** Gives up on a file once too many entries are not labels. */
    private static final class Counting implements Sink {
        private final Sink sink;
        private int unusable;

        Counting(Sink sink) {
            this.sink = sink;
        }

        private static final class TooMany extends RuntimeException {
            private static final long serialVersionUID = 1L;
            private final String place;

            TooMany(String place) {
                this.place = place;
            }
        }

        @Override
        public void label(int index, String label) {
            sink.label(index, label);
        }

        @Override
        public void unusable(String place, String expected, String found) {
            sink.unusable(place, expected, found);
            if (++unusable > MOST_UNUSABLE) {
                throw new TooMany(place);
            }
        }

        @Override
        public void damaged(String place, String expected, String found) {
            sink.damaged(place, expected, found);
        }
    }
}
