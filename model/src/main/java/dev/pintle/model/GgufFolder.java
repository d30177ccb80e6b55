package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.gguf.GgufModel;
import dev.pintle.hub.ModelFolders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Folders in the Hugging Face format that describe GGUF files: configuration, tokenizer and chat template, made once for each
 * file, and where the weights are. They lie in the folder {@code gguf} of Pintle's cache: {@code PINTLE_CACHE}, else below
 * {@code XDG_CACHE_HOME}, else the operating system's usual place.
 */
public final class GgufFolder {
    private static final String MARK = "pintle-gguf.json"; // written last, so a folder with it is complete
    private static final int VERSION = 1; // of what is written, so that later versions write it again

    private GgufFolder() {}

    /** A folder in the Hugging Face format as it is; for a GGUF file, the folder that describes it. */
    public static Path of(Path folderOrFile) {
        return ModelFolders.isGguf(folderOrFile) ? describe(folderOrFile) : folderOrFile;
    }

    /**
     * The folder that describes a GGUF file, made if need be.
     *
     * @param file the file, or one of several
     * @throws PintleException if the file cannot be read, or the folder cannot be written
     */
    public static Path describe(Path file) {
        List<Path> files = GgufModel.files(file);
        Path first = files.get(0).toAbsolutePath().normalize();
        String revision = Fingerprint.ofFiles(files);
        String place = Integer.toHexString(first.toString().hashCode());
        Path folder = cache().resolve(first.getFileName() + "." + revision.replace("content-", "") + "-" + place);
        if (mark(folder).path("version").asInt() == VERSION) {
            return folder;
        }
        for (Map.Entry<String, String> one : GgufModel.description(file).entrySet()) {
            write(folder.resolve(one.getKey()), one.getValue());
        }
        ObjectNode mark = Json.object().put("version", VERSION);
        write(folder.resolve(MARK), Json.text(mark.put("file", first.toString()).put("revision", revision)));
        return folder;
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
