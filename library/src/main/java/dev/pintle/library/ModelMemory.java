package dev.pintle.library;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where models were loaded from, by name and revision: a vector records the two, which do not say in which folder they lie. */
final class ModelMemory {
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(20, 3, 10_000);

    private final Path folder;

    ModelMemory(Path folder) {
        this.folder = folder;
    }

    private Path file(String name, String revision) {
        String key = new Digest()
                .add((name + "\n" + revision).getBytes(StandardCharsets.UTF_8))
                .hex();
        return folder.resolve(key.substring(0, 32) + ".json");
    }

    /** @param load what loads it: a name or an absolute folder */
    void remember(String name, String revision, String load) {
        try {
            Files.createDirectories(folder);
            AtomicFile.writeText(
                    file(name, revision),
                    JsonNodeFactory.instance
                                    .objectNode()
                                    .put("model", name)
                                    .put("revision", revision)
                                    .put("load", load)
                                    .toPrettyString()
                            + "\n");
        } catch (IOException e) {
            throw Problem.of("Where a vector's model lies cannot be kept.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /** What loads a model; empty where it is not known. */
    Optional<String> recall(String name, String revision) {
        Path file = file(name, revision);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            JsonNode known = ForeignJson.read(RegularFile.text(file).getBytes(StandardCharsets.UTF_8), LIMITS);
            boolean same = known.path("model").asText("").equals(name)
                    && known.path("revision").asText("").equals(revision);
            return Optional.of(known.path("load").asText("")).filter(load -> same && !load.isEmpty());
        } catch (JsonProcessingException e) {
            return Optional.empty(); // damaged: as good as not known
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
