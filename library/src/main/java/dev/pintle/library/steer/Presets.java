package dev.pintle.library.steer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Nearest;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Steering kept under a name, so that clients which can only choose a model can choose it: {@code parley-7m:pirate}. */
public final class Presets {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private final Path folder;

    /** @param folder is made when the first preset is kept */
    public Presets(Path folder) {
        this.folder = folder;
    }

    /**
     * A preset.
     *
     * @param model the model it is for
     * @param steering what it does, as in a request
     * @param system system prompt of conversations that have none; null for none
     * @param defaults fields of a request, such as {@code temperature}, for requests that leave them out; null for none
     */
    public record Preset(
            String model,
            JsonNode steering,
            @Nullable String system,
            @Nullable ObjectNode defaults) {
        /** @throws FieldException for a field that is missing or can't be used */
        public Preset {
            if (model == null || steering == null) {
                throw new FieldException(
                        model == null ? "model" : "steering", Problem.of("A preset needs a model and steering."));
            }
            SteeringSpec.of(steering, "steering");
        }
    }

    /**
     * Keeps a preset, in place of one of the same name.
     *
     * @throws IllegalArgumentException for a name with other characters than letters, digits, dots, dashes, underscores
     */
    public void keep(String name, Preset preset) {
        requireName(name);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw unusable(e);
        }
        AtomicFile.writeText(file(name), Json.text(json(preset)) + "\n");
    }

    /** The preset as JSON. */
    public static ObjectNode json(Preset preset) {
        ObjectNode json = Json.object().put("model", preset.model());
        json.set("steering", preset.steering());
        if (preset.system() != null) {
            json.put("system", preset.system());
        }
        if (preset.defaults() != null) {
            json.set("defaults", preset.defaults());
        }
        return json;
    }

    /**
     * The preset of a name.
     *
     * @throws dev.pintle.base.PintleException with the nearest names if there is none
     */
    public Preset find(String name) {
        requireExists(name);
        try {
            return JsonRecords.read(Json.file(file(name)), Preset.class, "");
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /** @throws dev.pintle.base.PintleException with the nearest names if there is none */
    public void remove(String name) {
        requireExists(name);
        try {
            Files.delete(file(name));
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /** The names, sorted. */
    public List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.endsWith(".json"))
                    .map(file -> file.substring(0, file.length() - ".json".length()))
                    .filter(name -> NAME.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private void requireExists(String name) {
        if (!NAME.matcher(name).matches() || !Files.isRegularFile(file(name))) {
            List<String> names = names();
            List<String> nearest = Nearest.to(name, names);
            throw Problem.of("There is no such preset.")
                    .fact("but was", name)
                    .fact(
                            nearest.isEmpty() ? "presets" : "nearest",
                            names.isEmpty() ? "none" : String.join(", ", nearest.isEmpty() ? names : nearest))
                    .toException();
        }
    }

    private static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.of("A preset cannot have that name.")
                    .fact(
                            "expected",
                            "up to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
    }

    private Path file(String name) {
        return folder.resolve(name + ".json");
    }

    private RuntimeException unusable(IOException e) {
        return Problem.of("The presets cannot be used.")
                .fact("folder", folder)
                .fact("cause", e)
                .toException(e);
    }
}
