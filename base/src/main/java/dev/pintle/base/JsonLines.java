package dev.pintle.base;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Files with one JSON document a line ({@code .jsonl}); blank lines are skipped. */
public final class JsonLines {
    private JsonLines() {}

    /**
     * A line.
     *
     * @param number from 1
     */
    public record Line(int number, JsonNode json) {}

    /** Whether a file has JSON lines, by its name. */
    public static boolean isNameOf(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".jsonl");
    }

    /**
     * All lines of a file.
     *
     * @param expected what a line looks like, for messages
     * @throws PintleException naming the line and column where one is not JSON
     * @throws IOException if the file can't be read or is not UTF-8
     */
    public static List<Line> read(Path file, String expected) throws IOException {
        List<Line> lines = new ArrayList<>();
        int number = 0;
        for (String line : RegularFile.text(file).lines().toList()) {
            number++;
            if (!line.isBlank()) {
                lines.add(new Line(number, parse(line, file, number, expected)));
            }
        }
        return lines;
    }

    /**
     * One line of a file.
     *
     * @param number of the line, from 1
     * @param expected what a line looks like, for messages
     * @throws PintleException naming the column where it is not JSON
     */
    public static JsonNode parse(String line, Path file, int number, String expected) {
        try {
            return Json.parse(line);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            Problem problem = Problem.of("A line is not JSON.")
                    .fact("file", file.toAbsolutePath())
                    .fact("line", number);
            problem = at == null ? problem : problem.fact("column", at.getColumnNr());
            throw problem.fact("expected", expected)
                    .fact("but was", ForeignJson.why(e))
                    .toException(e);
        }
    }
}
