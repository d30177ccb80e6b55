package dev.pintle.hub;

import dev.pintle.base.PintleException;
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
 * Finds a model by name: a folder in Hugging Face format or a GGUF file, the embedded model in {@code models/} of Pintle's
 * home, a cached repository, or a model that Ollama, LM Studio or llama.cpp keeps. Never accesses the network; {@link HubClient} does that. Home is the system property {@code
 * pintle.home}, the environment variable {@code PINTLE_HOME}, or the nearest folder above Pintle's own classes or the
 * working directory that contains the embedded model.
 */
public final class ModelFolders {
    /** The embedded model. */
    public static final String EMBEDDED = "parley-7m";

    private static final List<String> STORES =
            List.of(OllamaModels.PREFIX, LmStudioModels.PREFIX, LlamaCppModels.PREFIX);
    private static final List<String> TEXT =
            List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "chat_template.json");

    private ModelFolders() {}

    /**
     * Where a model lies.
     *
     * @param name {@code parley-7m}; a path; a cached repository {@code org/name[@revision]}, or one of its GGUF files,
     *     {@code org/name:FILE.gguf} or {@code org/name:Q4_K_M}; or a model of another program, such as {@code
     *     ollama:llama3.1:8b} ({@link ModelStore})
     * @throws dev.pintle.base.PintleException if there is none, listing where it was searched for; a {@link
     *     HubException} if it is a repository that is not cached, or only partially
     */
    public static ModelPlace find(String name) {
        Optional<Path> local = isOfStore(name) ? Optional.empty() : local(name).filter(Files::isDirectory);
        return local.isPresent() ? new ModelPlace.Folder(local.get()) : find(name, HubSettings.fromEnvironment());
    }

    /** The folder of the embedded model. @throws PintleException if this installation lacks it */
    public static Path embedded() {
        return find(EMBEDDED).path();
    }

    /** As {@link #find(String)}, with the cache and the folders of other programs from {@code settings}. */
    public static ModelPlace find(String name, HubSettings settings) {
        Optional<ModelStore> store = ModelStore.of(name, settings);
        if (store.isPresent()) {
            return store.get().find(name);
        }
        Optional<Path> local = local(name);
        if (local.isPresent()) {
            return at(local.get(), settings);
        }
        Optional<HubModel> wanted = HubModel.tryParse(name);
        if (wanted.isPresent() && wanted.get().gguf() != null) {
            return gguf(wanted.get().repo(), String.valueOf(wanted.get().gguf()), settings);
        }
        Optional<RepoId> repo = wanted.map(HubModel::repo);
        Optional<Path> snapshot = repo.flatMap(HubClient.of(settings)::cached);
        if (snapshot.isPresent()) {
            return new ModelPlace.Folder(requireWhole(snapshot.get(), repo.get()));
        }
        if (repo.filter(RepoId::hasOwner).isPresent()) {
            throw HubException.of(
                    HubException.Reason.NOT_CACHED,
                    Problem.of("The model is not in the cache.")
                            .fact("model", repo.get())
                            .fact("looked in", Path.of(name).toAbsolutePath())
                            .fact("looked in", settings.cache().toAbsolutePath())
                            .fact("try", "pintle pull " + repo.get()));
        }
        throw Problem.of("There is no such model.")
                .fact("model", name)
                .fact(
                        "expected",
                        "a folder with config.json, tokenizer.json and *.safetensors; a *.gguf file; " + EMBEDDED
                                + "; a repository such as org/name or org/name:Q4_K_M; or ollama:NAME, lmstudio:NAME or"
                                + " llama.cpp:NAME")
                .fact("looked in", Path.of(name).toAbsolutePath())
                .fact("try", "pintle models, which lists the models on this machine")
                .toException();
    }

    /** Whether a name is that of a GGUF file in a repository or of a model of another program, and the model is here. */
    public static boolean isHere(String name, HubSettings settings) {
        try {
            Optional<ModelStore> store = ModelStore.of(name, settings);
            if (store.isPresent()) {
                store.get().find(name);
                return true;
            }
            Optional<HubModel> model = HubModel.tryParse(name).filter(wanted -> wanted.gguf() != null);
            model.ifPresent(wanted -> gguf(wanted.repo(), String.valueOf(wanted.gguf()), settings));
            return model.isPresent();
        } catch (PintleException e) {
            return false;
        }
    }

    private static boolean isOfStore(String name) {
        return STORES.stream().anyMatch(name::startsWith);
    }

    private static ModelPlace at(Path path, HubSettings settings) {
        return isGguf(path) ? new ModelPlace.GgufFile(path, settings.cache(), null) : new ModelPlace.Folder(path);
    }

    /** A GGUF file of a repository, in the cache or in that of llama.cpp, which takes the same names. */
    private static ModelPlace gguf(RepoId repo, String word, HubSettings settings) {
        Optional<Path> snapshot = HubClient.of(settings).cached(repo);
        List<GgufSet> all = snapshot.map(GgufSet::in).orElse(List.of());
        List<GgufSet> found = GgufSet.matching(all, word);
        if (found.size() == 1 && found.get(0).isComplete()) {
            return new ModelPlace.GgufFile(snapshot.get().resolve(found.get(0).first()), settings.cache(), null);
        }
        if (found.size() > 1) {
            throw Selection.ForModel.ofGguf("The repository has several such GGUF files.", repo, found)
                    .fact("but was", word)
                    .toException();
        }
        Optional<ModelPlace> other = new LlamaCppModels(settings).of(repo, word);
        if (other.isPresent()) {
            return other.get();
        }
        Problem problem = Problem.of(
                        found.isEmpty()
                                ? "The model is not in the cache."
                                : "The model is only partially in the cache.")
                .fact("model", new HubModel(repo, word));
        if (!all.isEmpty()) {
            problem = problem.fact("cached", GgufSet.listed(all));
        }
        throw HubException.of(
                HubException.Reason.NOT_CACHED,
                problem.fact("looked in", settings.cache().toAbsolutePath())
                        .fact("looked in", settings.stores().llamaCpp().toAbsolutePath())
                        .fact("try", "pintle pull " + new HubModel(repo, word)));
    }

    /** A file of the revision of a repository that is cached as its main one; empty if it is not here. */
    public static Optional<Path> cachedFile(Path cache, String repo, String file) {
        return RepoId.tryParse(repo)
                .flatMap(id -> new RepoFolder(cache, id.name()).snapshotOf(id.revision()))
                .map(snapshot -> snapshot.resolve(file))
                .filter(Files::isRegularFile);
    }

    /**
     * Where a tokenizer lies: that of a model as in {@link #find(String)}, or any folder with a {@code tokenizer.json} or a
     * chat template; configuration and weights are not needed.
     */
    public static ModelPlace findText(String name) {
        return findText(name, HubSettings.fromEnvironment());
    }

    /** As {@link #findText(String)}, with the cache from {@code settings}. */
    public static ModelPlace findText(String name, HubSettings settings) {
        Optional<Path> local = isOfStore(name) ? Optional.empty() : local(name, TEXT);
        if (local.isPresent()) {
            return at(local.get(), settings);
        }
        Optional<Path> snapshot =
                RepoId.tryParse(name).flatMap(HubClient.of(settings)::cached).filter(folder -> holdsAny(folder, TEXT));
        return snapshot.isPresent() ? new ModelPlace.Folder(snapshot.get()) : find(name, settings);
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
            if (HubModel.tryParse(nameOrFolder).isPresent()) {
                return Optional.empty(); // Windows allows no colon in a path
            }
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
        List<GgufSet> ggufs = GgufSet.in(snapshot);
        if (!ggufs.isEmpty() && missing.contains("config.json")) {
            throw Selection.ForModel.ofGguf(
                            "The cache has the model in GGUF files, of which one has to be named.", repo, ggufs)
                    .toException();
        }
        Problem problem = Problem.of("The model is only partially in the cache.")
                .fact("model", repo)
                .fact("folder", snapshot);
        for (String file : missing) {
            problem = problem.fact("missing", file);
        }
        if (!ggufs.isEmpty()) {
            problem = problem.fact("GGUF files", GgufSet.listed(ggufs))
                    .fact("try", repo + ":" + ggufs.get(0).wordAmong(ggufs));
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
