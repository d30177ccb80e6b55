package dev.pintle.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where other programs keep models.
 *
 * @param ollama Ollama's folders ({@code OLLAMA_MODELS}, otherwise {@code ~/.ollama/models} and that of the system's service)
 * @param lmStudio the folder that LM Studio's settings lie in, by default {@code ~/.lmstudio}
 * @param oldLmStudio the folder of LM Studio's models before that
 * @param llamaCpp llama.cpp's cache ({@code LLAMA_CACHE}, otherwise {@code llama.cpp} in the system's folder for caches)
 */
public record ModelStores(List<Path> ollama, Path lmStudio, Path oldLmStudio, Path llamaCpp) {
    private static final Path OLLAMA_SERVICE = Path.of("/usr/share/ollama/.ollama/models");
    private static final ForeignJson.Limits SETTINGS = new ForeignJson.Limits(100_000, 64, 100_000);

    /** @param ollama copied */
    public ModelStores {
        ollama = List.copyOf(ollama);
    }

    /**
     * @param variables by name
     * @param userHome the meaning of {@code ~}
     */
    static ModelStores read(Map<String, String> variables, Path userHome) {
        String ollama = variables.getOrDefault("OLLAMA_MODELS", "").strip();
        String llama = variables.getOrDefault("LLAMA_CACHE", "").strip();
        return new ModelStores(
                ollama.isEmpty()
                        ? List.of(userHome.resolve(".ollama").resolve("models"), OLLAMA_SERVICE)
                        : List.of(Path.of(ollama)),
                userHome.resolve(".lmstudio"),
                userHome.resolve(".cache").resolve("lm-studio").resolve("models"),
                llama.isEmpty() ? caches(variables, userHome).resolve("llama.cpp") : Path.of(llama));
    }

    private static Path caches(Map<String, String> variables, Path userHome) {
        String xdg = variables.getOrDefault("XDG_CACHE_HOME", "").strip();
        String local = variables.getOrDefault("LOCALAPPDATA", "").strip();
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        if (system.startsWith("windows") && !local.isEmpty()) {
            return Path.of(local);
        }
        if (system.startsWith("mac")) {
            return userHome.resolve("Library").resolve("Caches");
        }
        return xdg.isEmpty() ? userHome.resolve(".cache") : Path.of(xdg);
    }

    /** The folders of LM Studio's models: the one that its settings name, or else the usual one, and the older one. */
    List<Path> lmStudioModels() {
        Path home = lmStudio;
        Path pointer = lmStudio.resolveSibling(".lmstudio-home-pointer");
        try {
            if (Files.isRegularFile(pointer)) {
                Path named = Path.of(ForeignFile.text(pointer, 10_000).strip());
                home = Files.isDirectory(named) ? named : home;
            }
        } catch (IOException | InvalidPathException e) {
            // as if there were none, which LM Studio does too
        }
        Path chosen = downloads(home.resolve("settings.json"));
        List<Path> folders = new ArrayList<>();
        folders.add(chosen == null ? home.resolve("models") : chosen);
        folders.add(oldLmStudio);
        return folders.stream().distinct().toList();
    }

    private static @Nullable Path downloads(Path settings) {
        try {
            if (!Files.isRegularFile(settings)) {
                return null;
            }
            JsonNode folder = ForeignJson.read(ForeignFile.bytes(settings, 1 << 20), SETTINGS)
                    .path("downloadsFolder");
            return folder.isTextual() && !folder.textValue().isBlank() ? Path.of(folder.textValue()) : null;
        } catch (JsonProcessingException e) {
            return null; // the usual folder
        } catch (IOException | InvalidPathException e) {
            return null;
        }
    }
}
