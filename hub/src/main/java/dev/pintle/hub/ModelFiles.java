package dev.pintle.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The files a model folder needs in order to be loaded. */
final class ModelFiles {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final int DEEPEST = 16;
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(2_000_000, 20, 1 << 20);

    private ModelFiles() {}

    /** The names of missing files, according to the folder's own index; empty if it is complete. */
    static List<String> missingFrom(Path folder) {
        List<String> missing = new ArrayList<>();
        for (String name : List.of("config.json", "tokenizer.json")) {
            if (!Files.isRegularFile(folder.resolve(name))) {
                missing.add(name);
            }
        }
        if (Files.isRegularFile(folder.resolve(SINGLE))) {
            return missing;
        }
        if (!Files.isRegularFile(folder.resolve(INDEX))) {
            if (!holdsOtherSafetensors(folder)) {
                missing.add(SINGLE);
            }
            return missing;
        }
        for (String shard : shards(folder.resolve(INDEX))) {
            if (!SafeNames.isSafe(shard) || !Files.isRegularFile(folder.resolve(shard))) {
                missing.add(shard);
            }
        }
        return missing;
    }

    /** Shards without an index, or a file of another name; the safetensors reader checks whether they are complete. */
    private static boolean holdsOtherSafetensors(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> String.valueOf(file.getFileName()).endsWith(".safetensors"));
        } catch (IOException e) {
            return false;
        }
    }

    /** All files of a snapshot, as sorted paths with slashes. */
    static List<String> below(Path snapshot) {
        return FolderFiles.below(snapshot, DEEPEST);
    }

    private static Set<String> shards(Path index) {
        Set<String> shards = new TreeSet<>();
        try {
            for (JsonNode shard : ForeignJson.read(ForeignFile.bytes(index, 64L << 20), LIMITS)
                    .path("weight_map")) {
                shards.add(shard.asText());
            }
        } catch (IOException e) {
            // an unreadable index counts as missing
            return Set.of(INDEX + " (unreadable)");
        }
        return shards;
    }
}
