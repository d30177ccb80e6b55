package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Excerpt;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.gguf.GgufModel;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.ModelPlace;
import dev.pintle.hub.OllamaModel;
import dev.pintle.text.ChatTemplate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Folders in the Hugging Face format that describe GGUF files: configuration, tokenizer and chat template, made once for each
 * file, and where the weights are. They lie in the folder {@code gguf} of Pintle's cache: {@code PINTLE_CACHE}, else below
 * {@code XDG_CACHE_HOME}, else the operating system's usual place.
 */
public final class GgufFolder {
    private static final String MARK = "pintle-gguf.json"; // written last, so a folder with it is complete
    private static final int VERSION = 2; // of what is written, so that later versions write it again
    private static final String TOKENIZERS = "tokenizers";
    private static final String NOT_APPLIED = "not_applied";

    private GgufFolder() {}

    /** A folder in the Hugging Face format as it is; for a GGUF file, the folder that describes it, made if need be. */
    public static Path of(ModelPlace place) {
        return place instanceof ModelPlace.GgufFile file ? describe(file) : place.path();
    }

    /**
     * The folder that describes a GGUF file, made if need be: if it is not there, or if the cache has other tokenizers now.
     *
     * @param place the file, or one of several
     * @throws PintleException if the file cannot be read, or the folder cannot be written
     */
    static Path describe(ModelPlace.GgufFile place) {
        List<Path> files = GgufModel.files(place.path());
        Path first = files.get(0).toAbsolutePath().normalize();
        String revision = Fingerprint.ofFiles(files);
        OllamaModel ollama = place.ollama();
        String beside = ollama == null
                ? ""
                : ollama.template() + ollama.system() + new TreeMap<>(ollama.parameters()) + ollama.others();
        String key = Integer.toHexString((first + beside).hashCode());
        Path folder = cache().resolve(first.getFileName() + "." + revision.replace("content-", "") + "-" + key);
        JsonNode mark = mark(folder);
        if (mark.path("version").asInt() == VERSION && isCurrent(mark.path(TOKENIZERS), place.cache())) {
            return folder;
        }
        List<String> stops = ollama == null ? List.of() : ollama.parameters().getOrDefault("stop", List.of());
        GgufModel.Description model =
                GgufModel.describe(place.path(), stops, repository -> tokenizer(place.cache(), repository));
        model.files().forEach((name, text) -> write(folder.resolve(name), text));
        if (ollama != null && !ollama.template().isBlank() && !model.hasTemplate()) {
            write(folder.resolve(ChatTemplate.IN_GO), ollama.template());
        }
        ObjectNode made = Json.object().put("version", VERSION).put("file", first.toString());
        made.put("revision", revision).put("tokenizer", model.tokenizer());
        ObjectNode tokenizers = made.putObject(TOKENIZERS);
        model.tokenizers().forEach(tokenizers::put);
        ObjectNode notApplied = made.putObject(NOT_APPLIED);
        if (ollama != null) {
            notApplied(ollama, model.otherStops()).forEach(notApplied::put);
        }
        write(folder.resolve(MARK), Json.text(made));
        return folder;
    }

    private static Optional<Path> tokenizer(Path cache, String repository) {
        return ModelFolders.cachedFile(cache, repository, "tokenizer.json");
    }

    /** Whether the tokenizers that were looked at are those of the cache. */
    private static boolean isCurrent(JsonNode tokenizers, Path cache) {
        return tokenizers.properties().stream()
                .allMatch(entry -> tokenizer(cache, entry.getKey())
                        .map(Path::toString)
                        .orElse("")
                        .equals(entry.getValue().asText()));
    }

    /** What Ollama does with a conversation and Pintle does not, by its name. */
    private static Map<String, String> notApplied(OllamaModel ollama, List<String> otherStops) {
        Map<String, String> left = new LinkedHashMap<>();
        new TreeMap<>(ollama.parameters()).forEach((name, values) -> {
            List<String> kept = name.equals("stop") ? otherStops : values;
            if (!kept.isEmpty()) {
                left.put(name, String.join(", ", kept));
            }
        });
        if (!ollama.system().isBlank()) {
            left.put("system prompt", ollama.system().strip());
        }
        ollama.others().forEach(kind -> left.put(kind, "a layer of the manifest"));
        return left;
    }

    /** What is to be told of a model whose folder this is, if it is a GGUF file's. */
    static Optional<Problem> note(Path folder) {
        JsonNode left = mark(folder).path(NOT_APPLIED);
        if (left.isEmpty()) {
            return Optional.empty();
        }
        Problem note = Problem.of("Ollama applies settings to this model that are not applied here.");
        for (Map.Entry<String, JsonNode> one : left.properties()) {
            note = note.fact(Excerpt.of(one.getKey()), Excerpt.of(one.getValue().asText()));
        }
        return Optional.of(
                note.fact("try", "giving those that matter: a system prompt, --temperature, --top-p, --stop"));
    }

    /** Where the tokenizer of a GGUF file's folder is from: a repository, or "" for the file itself. */
    static String tokenizer(Path folder) {
        return mark(folder).path("tokenizer").asText("");
    }

    private static void write(Path file, String text) {
        try {
            AtomicFile.writeText(file, text);
        } catch (PintleException e) {
            throw Problem.of("What a GGUF file says of its model cannot be kept.")
                    .fact("file", file)
                    .fact("try", "PINTLE_CACHE=FOLDER, a folder that can be written")
                    .toException(e);
        }
    }

    /** The GGUF file that a folder of this kind describes; empty for other folders. */
    static Optional<Path> fileOf(Path folder) {
        JsonNode file = mark(folder).path("file");
        return file.isTextual() ? Optional.of(Path.of(file.textValue())) : Optional.empty();
    }

    /** The fingerprint of the weights that a folder of this kind describes. */
    static String revision(Path folder) {
        return mark(folder).path("revision").asText();
    }

    private static JsonNode mark(Path folder) {
        Path mark = folder.resolve(MARK);
        try {
            return folder.toAbsolutePath().startsWith(cache()) && Files.isRegularFile(mark)
                    ? Json.parse(Files.readString(mark, StandardCharsets.UTF_8))
                    : Json.object();
        } catch (IOException e) {
            return Json.object(); // made again
        }
    }

    private static Path cache() {
        Map<String, String> environment = System.getenv();
        String own = environment.getOrDefault("PINTLE_CACHE", "");
        if (!own.isBlank()) {
            return Path.of(own, "gguf").toAbsolutePath();
        }
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        Path home = Path.of(System.getProperty("user.home", ""));
        Path caches = !xdg.isBlank()
                ? Path.of(xdg)
                : system.startsWith("windows") && !local.isBlank()
                        ? Path.of(local)
                        : system.startsWith("mac") ? home.resolve("Library").resolve("Caches") : home.resolve(".cache");
        return caches.resolve("pintle").resolve("gguf").toAbsolutePath();
    }
}
