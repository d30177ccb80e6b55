package dev.pintle.steering;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.pintle.base.FileEnding;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The rows of a data file, each with the line it begins at: JSON lines, a JSON list, CSV or TSV with a header, or the
 * lines of a text file. A file that is one JSON object is one row, whose lists have rows of their own.
 *
 * @param file where they come from
 * @param rows in the order of the file
 * @param lists the lists by name of a file that is one object, each item with its line
 */
record DataRows(Path file, List<Row> rows, Map<String, List<Row>> lists) {
    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();
    private static final int BYTE_ORDER_MARK = 0xFEFF;
    private static final int SHOWN = 80;

    /** One item of a file. */
    record Row(int line, JsonNode value) {}

    /** @throws PintleException naming the file and line that is not valid JSON, CSV or text */
    static DataRows read(Path file) {
        try (Reader text = open(file)) {
            return switch (FileEnding.of(file)) {
                case "csv" -> new DataRows(file, csv(text, file, ','), Map.of());
                case "tsv" -> new DataRows(file, csv(text, file, '\t'), Map.of());
                case "txt" -> new DataRows(file, lines(text), Map.of());
                default -> json(text, file);
            };
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String where = at == null ? "" : " (column " + at.getColumnNr() + ")";
            throw unusable(file, at == null ? 1 : at.getLineNr(), "JSON or CSV", ForeignJson.why(e) + where);
        } catch (CharacterCodingException e) {
            throw Problem.of("The contrast data cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "UTF-8 text")
                    .fact("but was", "invalid bytes")
                    .toException(e);
        } catch (IOException e) {
            throw Problem.of("The contrast data cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", Files.isDirectory(file) ? "it is a folder" : reason(e))
                    .toException(e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof NoSuchFileException ? "there is no such file" : String.valueOf(e.getMessage());
    }

    private static Reader open(Path file) throws IOException {
        RegularFile.require(file);
        PushbackReader reader = new PushbackReader(Files.newBufferedReader(file, StandardCharsets.UTF_8), 1);
        int first = reader.read();
        if (first >= 0 && first != BYTE_ORDER_MARK) {
            reader.unread(first);
        }
        return reader;
    }

    private static List<Row> lines(Reader text) throws IOException {
        List<Row> rows = new ArrayList<>();
        BufferedReader lines = new BufferedReader(text);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (!line.isBlank()) {
                rows.add(new Row(number, TextNode.valueOf(line.strip())));
            }
        }
        return rows;
    }

    private static DataRows json(Reader text, Path file) throws IOException {
        List<Row> roots = new ArrayList<>();
        Map<String, List<Row>> lists = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(text)) {
            while (parser.nextToken() != null) {
                int line = parser.currentTokenLocation().getLineNr();
                if (parser.currentToken() == JsonToken.START_ARRAY && roots.isEmpty()) {
                    List<Row> items = items(parser);
                    if (parser.nextToken() == null) {
                        return new DataRows(file, items, Map.of());
                    }
                    roots.add(new Row(line, array(items))); // lists below one another, each of which is a row
                    roots.add(value(parser));
                } else if (parser.currentToken() == JsonToken.START_OBJECT && roots.isEmpty()) {
                    roots.add(object(parser, lists));
                } else {
                    roots.add(value(parser));
                }
            }
        }
        return new DataRows(file, roots, roots.size() == 1 ? lists : Map.of());
    }

    private static Row value(JsonParser parser) throws IOException {
        int line = parser.currentTokenLocation().getLineNr();
        return new Row(line, JSON.readTree(parser));
    }

    private static Row object(JsonParser parser, Map<String, List<Row>> lists) throws IOException {
        int line = parser.currentTokenLocation().getLineNr();
        ObjectNode object = JSON.createObjectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (parser.nextToken() == JsonToken.START_ARRAY) {
                List<Row> items = items(parser);
                lists.put(name, items);
                object.set(name, array(items));
            } else {
                object.set(name, JSON.readTree(parser));
            }
        }
        return new Row(line, object);
    }

    private static List<Row> items(JsonParser parser) throws IOException {
        List<Row> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(parser));
        }
        return items;
    }

    private static ArrayNode array(List<Row> items) {
        return JSON.createArrayNode().addAll(items.stream().map(Row::value).toList());
    }

    /** A list in a file that is one object; empty if there is none of that name. */
    List<Row> list(String name) {
        return lists.getOrDefault(name, List.of());
    }

    private static List<Row> csv(Reader text, Path file, char separator) throws IOException {
        CsvMapper mapper = new CsvMapper();
        List<Row> rows = new ArrayList<>();
        List<String> header = List.of();
        try (MappingIterator<List<String>> lines = mapper.readerForListOf(String.class)
                .with(CsvParser.Feature.WRAP_AS_ARRAY)
                .with(CsvParser.Feature.SKIP_EMPTY_LINES)
                .with(CsvSchema.emptySchema().withColumnSeparator(separator))
                .readValues(text)) {
            while (lines.hasNextValue()) {
                int line = lines.getParser().currentTokenLocation().getLineNr();
                List<String> values = lines.nextValue();
                if (header.isEmpty()) {
                    header = header(values, file, line);
                    continue;
                }
                if (values.size() > header.size()) {
                    throw unusable(
                            file, line, header.size() + " columns, as in the header", values.size() + " columns");
                }
                ObjectNode row = JsonNodeFactory.instance.objectNode();
                for (int i = 0; i < values.size(); i++) {
                    row.put(header.get(i), values.get(i));
                }
                rows.add(new Row(line, row));
            }
        }
        return rows;
    }

    private static List<String> header(List<String> names, Path file, int line) {
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (name == null || name.isBlank() || !seen.add(name.strip())) {
                throw unusable(file, line, "a header that names each column once", shown(String.join(", ", names)));
            }
        }
        return names.stream().map(String::strip).toList();
    }

    /** A value on one line, truncated if long. */
    static String shown(JsonNode value) {
        return value.isMissingNode() ? "none" : shown(value.toString());
    }

    private static String shown(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }

    PintleException unusable(int line, String expected, String found) {
        return unusable(file, line, expected, found);
    }

    private static PintleException unusable(Path file, int line, String expected, String found) {
        return Problem.of("The contrast pairs cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("line", line)
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
