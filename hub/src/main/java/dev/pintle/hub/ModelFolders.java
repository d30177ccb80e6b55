package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds a model by name: a folder in Hugging Face format, the embedded model in {@code models/} of Pintle's home, or a
 * cached repository. Never accesses the network; {@link HubClient} does that. Home is the system property {@code
 * pintle.home}, the environment variable {@code PINTLE_HOME}, or the nearest folder above Pintle's own classes or the
 * working directory that contains the embedded model.
 */
public final class ModelFolders {
    /** The embedded model. */
    public static final String EMBEDDED = "parley-7m";

    private static final List<String> TEXT =
            List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json");

    private ModelFolders() {}

    /**
     * The folder of a model, or its GGUF file.
     *
     * @param nameOrFolder {@code parley-7m}, a path, or a cached repository {@code org/name[@revision]}
     * @throws dev.pintle.base.PintleException if there is none, listing where it was searched for; a {@link
     *     HubException} if it is a repository that is not cached, or only partially
     */
    public static Path find(String nameOrFolder) {
        Optional<Path> local = local(nameOrFolder);
        return local.isPresent() ? local.get() : find(nameOrFolder, HubSettings.fromEnvironment());
    }

    /** As {@link #find(String)}, with the cache from {@code settings}. */
    public static Path find(String nameOrFolder, HubSettings settings) {
        Optional<Path> local = local(nameOrFolder);
        if (local.isPresent()) {
            return local.get();
        }
        Optional<RepoId> repo = RepoId.tryParse(nameOrFolder);
        Optional<Path> snapshot = repo.flatMap(HubClient.of(settings)::cached);
        if (snapshot.isPresent()) {
            return requireWhole(snapshot.get(), repo.get());
        }
        if (repo.filter(RepoId::hasOwner).isPresent()) {
            throw HubException.of(
                    HubException.Reason.NOT_CACHED,
                    Problem.of("The model is not in the cache.")
                            .fact("model", repo.get())
                            .fact("looked in", Path.of(nameOrFolder).toAbsolutePath())
                            .fact("looked in", settings.cache().toAbsolutePath())
                            .fact("try", "pintle pull " + repo.get()));
        }
        throw Problem.of("There is no such model.")
                .fact("model", nameOrFolder)
                .fact(
                        "expected",
                        "a folder with config.json, tokenizer.json and *.safetensors; a *.gguf file; " + EMBEDDED
                                + "; or a repository such as org/name")
                .fact("looked in", Path.of(nameOrFolder).toAbsolutePath())
                .toException();
    }

    /**
     * The folder of a tokenizer: a model as in {@link #find(String)}, or any folder with a {@code tokenizer.json} or a
     * chat template; configuration and weights are not needed.
     */
    public static Path findText(String nameOrFolder) {
        return findText(nameOrFolder, HubSettings.fromEnvironment());
    }

    /** As {@link #findText(String)}, with the cache from {@code settings}. */
    public static Path findText(String nameOrFolder, HubSettings settings) {
        Optional<Path> local = local(nameOrFolder, TEXT);
        if (local.isPresent()) {
            return local.get();
        }
        Optional<Path> snapshot = RepoId.tryParse(nameOrFolder)
                .flatMap(HubClient.of(settings)::cached)
                .filter(folder -> holdsAny(folder, TEXT));
        return snapshot.isPresent() ? snapshot.get() : find(nameOrFolder, settings);
    }

    private static boolean holdsAny(Path folder, List<String> files) {
        return files.stream().anyMatch(file -> Files.isRegularFile(folder.resolve(file)));
    }

    private static Optional<Path> local(String nameOrFolder) {
        return local(nameOrFolder, List.of("config.json"));
    }

    private static Optional<Path> local(String nameOrFolder, List<String> signs) {
        Path given;
        try {
            given = Path.of(nameOrFolder);
        } catch (InvalidPathException e) {
            throw Problem.of("There is no such model.")
                    .fact("model", nameOrFolder)
                    .fact("cause", e.getReason())
                    .toException(e);
        }
        if (holdsAny(given, signs) || isGguf(given)) {
            return Optional.of(given);
        }
        return homes().stream()
                .map(home -> home.resolve("models").resolve(nameOrFolder))
                .filter(folder -> holdsAny(folder, signs))
                .findFirst();
    }

    /** Whether a path is a GGUF file by its name. */
    public static boolean isGguf(Path path) {
        return Files.isRegularFile(path)
                && String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    private static Path requireWhole(Path snapshot, RepoId repo) {
        List<String> missing = ModelFiles.missingFrom(snapshot);
        if (missing.isEmpty()) {
            return snapshot;
        }
        Problem problem = Problem.of("The model is only partially in the cache.")
                .fact("model", repo)
                .fact("folder", snapshot);
        for (String file : missing) {
            problem = problem.fact("missing", file);
        }
        throw HubException.of(HubException.Reason.NOT_CACHED, problem.fact("try", "pintle pull " + repo));
    }

    /** A file in the embedded model's folder, such as its autoencoder, if {@code name} is one. */
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
            // classes that do not come from a file have no folder to search from
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
