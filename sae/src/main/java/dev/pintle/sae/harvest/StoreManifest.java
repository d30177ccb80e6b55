package dev.pintle.sae.harvest;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.sae.corpus.Part;
import dev.pintle.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a store, or a part of one, holds: {@code manifest.json}, or {@code manifest-3-of-7.json} for a part.
 *
 * @param format {@value #FORMAT}
 * @param origin what decides the rows and their bytes; equal in all parts of a store
 * @param texts where the texts came from
 * @param part {@code 3/7}; {@code 1/1} for a whole store
 * @param documents number of texts read, those of other parts included
 * @param chain hash chain over the contents of these texts
 * @param finished whether the end of the texts, or the token limit, was reached
 * @param shards in the order in which they were written
 */
public record StoreManifest(
        String format,
        Origin origin,
        String texts,
        String part,
        long documents,
        String chain,
        boolean finished,
        List<Shard> shards) {
    static final String FORMAT = "pintle-activations-1";
    private static final long LONGEST = 1L << 30;

    /** Copies the list. */
    public StoreManifest {
        shards = List.copyOf(shards);
    }

    /**
     * What decides the rows and their bytes.
     *
     * @param model as the user named it
     * @param revision of the model's files
     * @param modelDtype dtype of the model's weights
     * @param device kind of device
     * @param points hook points with the shape of a row, in the order in which a shard has them
     * @param dtype of the stored activations
     * @param window maximum number of tokens per sequence
     * @param tokensAtOnce approximate number of tokens per batch
     * @param startWithBos whether plain texts get a start token that the tokenizer does not add
     * @param specialTokens whether special tokens have rows
     * @param roles whose tokens have rows, sorted
     */
    public record Origin(
            String model,
            String revision,
            @JsonProperty("model_dtype") String modelDtype,
            String device,
            List<Point> points,
            String dtype,
            int window,
            @JsonProperty("tokens_at_once") int tokensAtOnce,
            @JsonProperty("start_with_bos") boolean startWithBos,
            @JsonProperty("special_tokens") boolean specialTokens,
            List<String> roles) {
        /** Copies the lists. */
        public Origin {
            points = List.copyOf(points);
            roles = List.copyOf(roles);
        }

        /** Bytes of a row at all hook points, with document, position and token. */
        long rowBytes() {
            return ShardFile.METADATA_BYTES
                    + points.stream()
                            .mapToLong(point -> point.width() * storedAs().bytes())
                            .sum();
        }

        DType storedAs() {
            return DType.parse(dtype, HarvestSettings.DTYPES);
        }

        /** The first thing in which another origin differs, with both values; empty if it does not. */
        Map<String, List<String>> difference(Origin other) {
            JsonNode mine = tree(this);
            JsonNode its = tree(other);
            for (String name : JsonRecords.fields(Origin.class)) {
                boolean folders =
                        name.equals("model") && revision.equals(other.revision) && revision.startsWith("content-");
                if (!folders && !mine.get(name).equals(its.get(name))) {
                    return Map.of(
                            name,
                            List.of(mine.get(name).toString(), its.get(name).toString()));
                }
            }
            return Map.of();
        }
    }

    /**
     * A hook point of the store.
     *
     * @param name such as {@code blocks.3.hook_resid_post}
     * @param shape of a row: {@code [dModel]}, or several axes such as {@code [nHeads, dHead]}
     */
    public record Point(String name, List<Long> shape) {
        /** Copies the list. */
        public Point {
            shape = List.copyOf(shape);
        }

        /** Numbers in a row. */
        public long width() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }
    }

    /**
     * A file of the store.
     *
     * @param file its name
     * @param rows how many it has
     * @param bytes its size
     * @param sha256 of its content, in hexadecimal digits
     * @param firstDocument the smallest number of a document that has rows in it
     * @param lastDocument the largest
     * @param next where the texts go on after it
     */
    public record Shard(
            String file,
            long rows,
            long bytes,
            String sha256,
            @JsonProperty("first_document") long firstDocument,
            @JsonProperty("last_document") long lastDocument,
            Place next) {}

    /**
     * A place in the texts.
     *
     * @param documents how many documents come before the current batch
     * @param runs how many runs of that batch are done
     * @param chain hash chain over the contents of those documents
     */
    public record Place(long documents, int runs, String chain) {
        static final Place BEGINNING = new Place(0, 0, "");
    }

    /** Number of rows. */
    public long rows() {
        return shards.stream().mapToLong(Shard::rows).sum();
    }

    /** Size of its files in bytes. */
    public long bytes() {
        return shards.stream().mapToLong(Shard::bytes).sum();
    }

    Place next() {
        return shards.isEmpty()
                ? Place.BEGINNING
                : shards.get(shards.size() - 1).next();
    }

    /** The name of a part's manifest. */
    static String fileName(Part part) {
        return part.isWhole() ? "manifest.json" : "manifest-" + part.number() + "-of-" + part.of() + ".json";
    }

    /** The name of a part's shard. */
    static String shardName(Part part, int number) {
        String of = part.isWhole() ? "" : part.number() + "-of-" + part.of() + "-";
        return "activations-" + of + String.format(Locale.ROOT, "%06d", number) + ".safetensors";
    }

    void write(Path file) {
        AtomicFile.writeText(file, Json.text(fields()) + "\n");
    }

    private Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("format", format);
        fields.put("origin", tree(origin));
        fields.put("texts", texts);
        fields.put("part", part);
        fields.put("documents", documents);
        fields.put("chain", chain);
        fields.put("finished", finished);
        fields.put("rows", rows());
        List<Object> all = new ArrayList<>();
        shards.forEach(shard -> all.add(tree(shard)));
        fields.put("shards", all);
        return fields;
    }

    private static JsonNode tree(Object record) {
        try {
            return Json.parse(Json.line(record));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What was written as JSON can be read.", e);
        }
    }

    /**
     * Reads a manifest.
     *
     * @throws PintleException if it is none
     */
    static StoreManifest read(Path file) {
        try {
            JsonNode json = Json.parse(ForeignFile.text(file, LONGEST));
            if (!FORMAT.equals(json.path("format").asText())) {
                throw Problem.of("This is not a manifest of a store of activations.")
                        .fact("file", file.toAbsolutePath())
                        .fact("expected", "\"format\": \"" + FORMAT + "\"")
                        .fact("but was", json.path("format"))
                        .toException();
            }
            if (json instanceof ObjectNode object) {
                object.remove("rows"); // for readers of the file; known from the shards
            }
            StoreManifest manifest = JsonRecords.read(json, StoreManifest.class, "");
            for (Shard shard : manifest.shards()) {
                if (!shard.file().matches("[\\w.-]+") || shard.rows() < 1) {
                    throw Problem.of("The manifest names a shard that cannot be.")
                            .fact("file", file.toAbsolutePath())
                            .fact("shard", shard.file())
                            .toException();
                }
            }
            return manifest;
        } catch (IOException e) {
            throw Problem.of("The manifest cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
    }

    /** The manifests in a folder, by name; empty if there are none. */
    static Map<Path, StoreManifest> in(Path folder) {
        Map<Path, StoreManifest> all = new LinkedHashMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> String.valueOf(file.getFileName()).matches("manifest(-\\d+-of-\\d+)?\\.json"))
                        .sorted()
                        .forEach(file -> all.put(file, read(file)));
            } catch (IOException e) {
                throw Problem.of("The folder cannot be read.")
                        .fact("folder", folder.toAbsolutePath())
                        .fact("cause", ForeignFile.why(e))
                        .toException(e);
            }
        }
        return all;
    }
}
