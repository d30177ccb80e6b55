package dev.pintle.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.JsonLines;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.library.steer.SteeringEntry;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.library.steer.VectorRef;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Steering of a job, in the JSON that {@code --steer} takes.
 *
 * @param json a list of entries, on one line
 */
public record JobSteering(String json) implements Serializable {
    /** Nothing is steered. */
    public static final JobSteering NONE = new JobSteering("[]");

    private static final String LINE = "[{\"vector\": \"pirate\", \"strength\": 0.45}]";

    /** @throws PintleException naming the field that can't be used */
    public JobSteering {
        SteeringSpec.of(parsed(json), "steering");
    }

    /** Steering as it was parsed. */
    public static JobSteering of(JsonNode json) {
        return new JobSteering(Json.line(json));
    }

    /**
     * Steering as JSON, or from a file: one that ends in {@code .jsonl} has one on each line.
     *
     * @throws PintleException naming the line or field that can't be used
     */
    public static List<JobSteering> read(String jsonOrFile) {
        if (jsonOrFile.strip().startsWith("[") || !JsonLines.isNameOf(Path.of(jsonOrFile))) {
            return List.of(of(SteeringSpec.json(jsonOrFile)));
        }
        Path file = Path.of(jsonOrFile);
        List<JobSteering> all = new ArrayList<>();
        try {
            for (JsonLines.Line line : JsonLines.read(file, LINE)) {
                try {
                    all.add(of(line.json()));
                } catch (PintleException e) {
                    throw e.problem()
                            .fact("file", file.toAbsolutePath())
                            .fact("line", line.number())
                            .toException(e);
                }
            }
        } catch (IOException e) {
            throw Problem.of("The steering cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
        if (all.isEmpty()) {
            throw Problem.of("There is no steering in the file.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "lines such as " + LINE)
                    .toException();
        }
        return all;
    }

    private static JsonNode parsed(String json) {
        try {
            return Json.parse(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    JsonNode parsed() {
        return parsed(json);
    }

    SteeringSpec spec() {
        return SteeringSpec.of(parsed(), "steering");
    }

    /** What it is called: its vectors and latents. */
    public String name() {
        return spec().entries().stream()
                .map(entry -> entry.sae() != null
                        ? entry.sae() + " " + entry.latent()
                        : entry.vector() instanceof VectorRef.Kept kept ? kept.name() : "inline")
                .map(name -> name.substring(name.lastIndexOf('/') + 1))
                .collect(Collectors.joining(", "));
    }

    /** Names of vectors. */
    Set<String> vectors() {
        return spec().entries().stream()
                .flatMap(entry -> {
                    SteeringEntry.When when = entry.when();
                    return Stream.of(entry.vector(), when == null ? null : when.vector());
                })
                .flatMap(vector -> vector instanceof VectorRef.Kept kept ? Stream.of(kept.name()) : Stream.empty())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Names of autoencoders. */
    Set<String> autoencoders() {
        return spec().entries().stream()
                .flatMap(entry -> Stream.ofNullable(entry.sae()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * What its vectors are: hashes of their files by name, for a manifest.
     *
     * @throws PintleException if a vector is not in the library
     */
    ObjectNode hashes(Library library) {
        ObjectNode hashes = Json.object();
        vectors().forEach(name -> hashes.put(name, new SharedFile(library.vectorFile(name)).hash()));
        return hashes;
    }

    /**
     * Copies its vectors into the output folder.
     *
     * @throws PintleException if a vector is not in the library, or cannot be copied
     */
    Placed in(Path out, Library library) {
        Map<String, String> places = new TreeMap<>();
        for (String name : vectors()) {
            Path copy = new SharedFile(library.vectorFile(name)).copyTo(out.resolve("vectors"), name);
            places.put(name, copy.toString());
        }
        autoencoders().forEach(name -> places.put(name, ModelsOption.seenByAll(name)));
        return new Placed(json, places);
    }

    /**
     * Steering whose vectors lie where executors find them.
     *
     * @param json a list of entries
     * @param places files of vectors, and files or names of autoencoders, by the names in the entries
     */
    record Placed(String json, Map<String, String> places) implements Serializable {
        static final Placed NONE = new Placed(JobSteering.NONE.json(), Map.of());

        SteeringSpec spec() {
            return new JobSteering(json).spec();
        }
    }
}
