package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.zip.GZIPInputStream;

/**
 * Reads labels from text of any of these forms, told apart by content; gzip is unpacked.
 *
 * <ul>
 *   <li>JSONL: an object with index and label a line, such as Neuronpedia's exports have;
 *   <li>a JSON object from index to label, as the community's dumps have, or a JSON list of objects as above;
 *   <li>CSV: with a header that names the columns, or index and label in the first two.
 * </ul>
 *
 * The index may be called index, latent, feature or index_in_sae, the label label, description or explanation.
 */
final class LabelReader {
    private static final List<String> INDEX = List.of("index", "latent", "feature", "index_in_sae");
    private static final List<String> LABEL = List.of("label", "description", "explanation");
    private static final int LONGEST_LINE = 1 << 20;
    private static final long MOST_TEXT = 2L << 30; // a small packed file can unpack without end
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Sink sink;

    /** Takes what is read. */
    interface Sink {
        /** A label; index is not negative. */
        void label(int index, String label);

        /**
         * Something that is no label.
         *
         * @param place such as {@code line 3}
         */
        void unusable(String place, String expected, String found);
    }

    LabelReader(Sink sink) {
        this.sink = sink;
    }

    /** @throws IOException if the text cannot be read to its end */
    void read(InputStream bytes) throws IOException {
        InputStream unpacked = new AtMost(unpacked(new BufferedInputStream(bytes)));
        PushbackReader text = new PushbackReader(
                new BufferedReader(new InputStreamReader(unpacked, StandardCharsets.UTF_8)), LONGEST_LINE + 2);
        int first = skipBlank(text);
        if (first == '{') {
            object(text);
        } else if (first == '[') {
            list(text);
        } else if (first >= 0) {
            csv(text);
        }
    }

    private static InputStream unpacked(BufferedInputStream bytes) throws IOException {
        bytes.mark(2);
        boolean gzip = bytes.read() == 0x1f && bytes.read() == 0x8b;
        bytes.reset();
        return gzip ? new GZIPInputStream(bytes, 1 << 16) : bytes;
    }

    private static int skipBlank(PushbackReader text) throws IOException {
        int c = text.read();
        while (c >= 0 && (Character.isWhitespace(c) || c == '\ufeff')) {
            c = text.read();
        }
        if (c >= 0) {
            text.unread(c);
        }
        return c;
    }

    /** One object a line, or one object over all lines. */
    private void object(PushbackReader text) throws IOException {
        String first = line(text);
        boolean wholeLine = false;
        try {
            JsonNode node = JSON.readTree(first);
            wholeLine = node.isObject() && (has(node, INDEX) || has(node, LABEL));
        } catch (JsonProcessingException e) {
            // the object goes on in the next line, or the line is broken: the map's parser will say
        }
        text.unread((first + "\n").toCharArray());
        if (wholeLine) {
            lines(text);
        } else {
            map(text);
        }
    }

    private void lines(PushbackReader text) throws IOException {
        int number = 0;
        for (String line = line(text); !line.isEmpty() || peek(text) >= 0; line = line(text)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            try {
                item(JSON.readTree(line), "line " + number, line);
            } catch (JsonProcessingException e) {
                sink.unusable("line " + number, "JSON", shown(line));
            }
        }
    }

    private static int peek(PushbackReader text) throws IOException {
        int c = text.read();
        if (c >= 0) {
            text.unread(c);
        }
        return c;
    }

    /** A line without its end; of one longer than is sane, the beginning, which will not be JSON. */
    private static String line(Reader text) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = text.read(); c >= 0 && c != '\n'; c = text.read()) {
            if (line.length() < LONGEST_LINE) {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private void map(Reader text) throws IOException {
        try (JsonParser parser = JSON.getFactory().createParser(text)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                OptionalInt index = index(key);
                parser.nextToken();
                if (index.isEmpty()) {
                    sink.unusable("key " + shown(key), "the index of a latent", shown(key));
                    parser.skipChildren();
                } else if (parser.currentToken() == JsonToken.VALUE_STRING) {
                    sink.label(index.getAsInt(), parser.getText());
                } else if (parser.currentToken() != JsonToken.VALUE_NULL) { // null is how some say "none"
                    sink.unusable("key " + key, "a label", parser.currentToken().toString());
                    parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            sink.unusable("line " + e.getLocation().getLineNr(), "JSON", e.getOriginalMessage());
        }
    }

    private void list(Reader text) throws IOException {
        try (JsonParser parser = JSON.getFactory().createParser(text)) {
            parser.nextToken();
            for (int i = 0; parser.nextToken() == JsonToken.START_OBJECT; i++) {
                JsonNode node = JSON.readTree(parser);
                item(node, "item " + i, node.toString());
            }
        } catch (JsonProcessingException e) {
            sink.unusable("line " + e.getLocation().getLineNr(), "JSON", e.getOriginalMessage());
        }
    }

    private void item(JsonNode node, String place, String shown) {
        OptionalInt index = index(text(node, INDEX));
        JsonNode label = value(node, LABEL);
        if (index.isEmpty() || !label.isTextual()) {
            sink.unusable(place, "an object with index and label", shown(shown));
        } else {
            sink.label(index.getAsInt(), label.textValue());
        }
    }

    private void csv(Reader text) throws IOException {
        CsvMapper csv = new CsvMapper();
        try (MappingIterator<List<String>> rows = csv.readerForListOf(String.class)
                .with(CsvParser.Feature.WRAP_AS_ARRAY)
                .with(CsvParser.Feature.SKIP_EMPTY_LINES)
                .readValues(text)) {
            int index = 0;
            int label = 1;
            for (int number = 1; rows.hasNextValue(); number++) {
                List<String> row = rows.nextValue();
                if (number == 1 && index(row.get(0)).isEmpty() && column(row, LABEL) >= 0) {
                    index = Math.max(0, column(row, INDEX));
                    label = column(row, LABEL);
                    continue;
                }
                OptionalInt latent = index < row.size() ? index(row.get(index).strip()) : OptionalInt.empty();
                if (latent.isEmpty() || label >= row.size()) {
                    sink.unusable("line " + number, "index,label", shown(String.join(",", row)));
                } else {
                    sink.label(latent.getAsInt(), row.get(label));
                }
            }
        } catch (JsonProcessingException e) {
            sink.unusable("line " + e.getLocation().getLineNr(), "CSV", e.getOriginalMessage());
        }
    }

    private static int column(List<String> row, List<String> names) {
        for (int i = 0; i < row.size(); i++) {
            if (names.contains(row.get(i).strip())) {
                return i;
            }
        }
        return -1;
    }

    private static boolean has(JsonNode node, List<String> names) {
        return !value(node, names).isMissingNode();
    }

    private static String text(JsonNode node, List<String> names) {
        return value(node, names).asText("");
    }

    private static JsonNode value(JsonNode node, List<String> names) {
        for (String name : names) {
            if (node.has(name)) {
                return node.get(name);
            }
        }
        return node.path(names.get(0));
    }

    /** A latent's index from text, if it is one. */
    static OptionalInt index(String text) {
        return text.matches("\\d{1,9}") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
    }

    private static String shown(String text) {
        String clean = LabelText.clean(text).orElse("");
        return clean.length() > 80 ? clean.substring(0, 80) + "…" : clean;
    }

    /** A stream that refuses to go on for ever. */
    private static final class AtMost extends InputStream {
        private final InputStream in;
        private long left = MOST_TEXT;

        AtMost(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            int got = in.read(bytes, from, count);
            left -= Math.max(0, got);
            if (left < 0) {
                throw new IOException("more than " + MOST_TEXT + " bytes of text");
            }
            return got;
        }
    }
}
