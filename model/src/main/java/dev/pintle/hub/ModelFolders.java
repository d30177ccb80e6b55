package dev.pintle.hub;

import dev.pintle.problem.Problem;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds a model by name: a folder in the Hugging Face format, or a model that travels with Pintle, in {@code models/} of its
 * home. Home is the system property {@code pintle.home}, the environment's {@code PINTLE_HOME}, or the nearest folder above
 * Pintle's own classes or the working folder that has such a model.
 */
public final class ModelFolders {
    /** The model that travels with Pintle. */
    public static final String EMBEDDED = "parley-7m";

    private ModelFolders() {}

    /**
     * The folder of a model.
     *
     * @param nameOrFolder {@code parley-7m} or a path
     * @throws dev.pintle.problem.PintleException if there is none, with the places that were tried
     */
    public static Path find(String nameOrFolder) {
        Path given = Path.of(nameOrFolder);
        if (Files.isRegularFile(given.resolve("config.json"))) {
            return given;
        }
        List<Path> tried = new ArrayList<>();
        tried.add(given.toAbsolutePath());
        for (Path home : homes()) {
            Path folder = home.resolve("models").resolve(nameOrFolder);
            if (Files.isRegularFile(folder.resolve("config.json"))) {
                return folder;
            }
        }
        Problem problem = Problem.of("There is no such model.")
                .fact("model", nameOrFolder)
                .fact("expected", "a folder with config.json, tokenizer.json and *.safetensors, or " + EMBEDDED);
        for (Path path : tried) {
            problem = problem.fact("looked in", path);
        }
        throw problem.toException();
    }

    /** A file of the embedded model's folder, such as its autoencoder, if {@code name} is one. */
    public static Optional<Path> embeddedFile(String name) {
        return homes().stream()
                .map(home -> home.resolve("models").resolve(EMBEDDED).resolve(name))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static List<Path> homes() {
        List<Path> homes = new ArrayList<>();
        add(homes, System.getProperty("pintle.home"));
        add(homes, System.getenv("PINTLE_HOME"));
        CodeSource source = ModelFolders.class.getProtectionDomain().getCodeSource();
        try {
            if (source != null && source.getLocation() != null) {
                addUpward(homes, Path.of(source.getLocation().toURI()));
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            // classes that are not in a file have no folder to look above
        }
        addUpward(homes, Path.of("").toAbsolutePath());
        return homes;
    }

    private static void add(List<Path> homes, @Nullable String folder) {
        if (folder != null && !folder.isBlank()) {
            homes.add(Path.of(folder));
        }
    }

    private static void addUpward(List<Path> homes, @Nullable Path from) {
        for (Path folder = from; folder != null; folder = folder.getParent()) {
            homes.add(folder);
        }
    }
}
