package dev.pintle.testkit;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Reference values computed with PyTorch and Hugging Face transformers, in {@code testdata/golden}; {@code make_golden.py}
 * there says how. {@code PINTLE_GOLDEN} names another folder made with another seed.
 */
public final class Golden {
    // Python writes NaN where a cosine has no value
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private static final Set<String> OF_FAST_TIER = Set.of(
            "gemma2",
            "llama31",
            "olmo2",
            "families/gpt2",
            "families/gpt_oss",
            "families/qwen2_moe",
            "families/qwen3_5_text");

    private Golden() {}

    /** Folder of reference values. */
    public static Path folder() {
        String other = System.getenv("PINTLE_GOLDEN");
        return other == null ? projectRoot().resolve("testdata/golden") : Path.of(other);
    }

    /**
     * Folders of small random models under {@link #folder}, by name: {@code llama31}, {@code families/granite}. Of another folder of
     * reference values those count that the project has too, and in the fast tier of tests only a few that differ most.
     */
    public static List<String> models() {
        Path own = projectRoot().resolve("testdata/golden");
        List<String> names = new ArrayList<>();
        for (String parent : List.of("", "families/")) {
            try (Stream<Path> folders = Files.list(own.resolve(parent))) {
                folders.filter(model -> Files.isRegularFile(model.resolve("config.json")))
                        .map(model -> parent + model.getFileName())
                        .filter(name ->
                                Files.isRegularFile(folder().resolve(name).resolve("config.json")))
                        .filter(name -> !Boolean.getBoolean("pintle.tests.fast") || OF_FAST_TIER.contains(name))
                        .sorted()
                        .forEach(names::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return names;
    }

    /** The demo model's folder. */
    public static Path parley() {
        return projectRoot().resolve("models/parley-7m");
    }

    /** A JSON file of reference values. */
    public static JsonNode json(String name) {
        try {
            return JSON.readTree(Files.readString(folder().resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ids in a JSON array. */
    public static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = array.get(i).asInt();
        }
        return ids;
    }

    /** The checkout: the nearest folder upward that holds {@code testdata}. */
    public static Path projectRoot() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("testdata"))) {
                return folder;
            }
        }
        throw new IllegalStateException("Tests run inside the checkout, which holds a folder testdata.");
    }
}
