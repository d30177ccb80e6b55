package dev.pintle.sae;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What latents may stand for, in words. Labels are guesses of a person or a program; several latents may share one. */
public final class LatentLabels {
    private final Map<Integer, String> labels;

    private LatentLabels(Map<Integer, String> labels) {
        this.labels = labels;
    }

    /** No labels. */
    public static LatentLabels none() {
        return new LatentLabels(Map.of());
    }

    /**
     * Reads a JSONL file with an object {@code {"index": 12, "label": "…"}} a line; other keys are left alone.
     *
     * @throws PintleException naming the line that cannot be used
     */
    public static LatentLabels readJsonl(Path file) {
        ObjectMapper json = new ObjectMapper();
        Map<Integer, String> labels = new LinkedHashMap<>();
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            try {
                JsonNode node = json.readTree(lines.get(i));
                if (!node.path("index").canConvertToInt()
                        || node.path("index").intValue() < 0
                        || !node.path("label").isTextual()) {
                    throw badLine(file, i + 1, lines.get(i), "an object with index and label");
                }
                labels.put(node.get("index").intValue(), node.get("label").textValue());
            } catch (JsonProcessingException e) {
                throw badLine(file, i + 1, lines.get(i), "JSON");
            }
        }
        return new LatentLabels(labels);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw Problem.of("The labels cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static PintleException badLine(Path file, int number, String line, String expected) {
        return Problem.of("A line of the labels cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("line", number)
                .fact("expected", expected)
                .fact("but was", line.length() > 80 ? line.substring(0, 80) + "…" : line)
                .toException();
    }

    /** Number of latents that have a label. */
    public int size() {
        return labels.size();
    }

    /** The label of a latent, if it has one. */
    public Optional<String> label(int latent) {
        return Optional.ofNullable(labels.get(latent));
    }

    /** The label, or words that say there is none. */
    public String labelOrAbsence(int latent) {
        return label(latent).orElse("(no label)");
    }
}
