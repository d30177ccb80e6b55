package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** llama.cpp's own cache: GGUF files in one folder, whose names begin with that of the repository, {@code org_name_FILE.gguf}. */
public final class LlamaCppModels implements ModelStore {
    static final String PREFIX = "llama.cpp:";

    private final Path folder;
    private final Path cache;

    LlamaCppModels(HubSettings settings) {
        this.folder = settings.stores().llamaCpp();
        this.cache = settings.cache();
    }

    @Override
    public String program() {
        return "llama.cpp";
    }

    @Override
    public String prefix() {
        return PREFIX;
    }

    @Override
    public List<Path> folders() {
        return List.of(folder);
    }

    private List<GgufSet> sets() {
        return GgufSet.among(FolderFiles.below(folder, 1));
    }

    @Override
    public List<String> names() {
        return sets().stream().map(set -> PREFIX + set.first()).toList();
    }

    @Override
    public ModelPlace find(String name) {
        String file = name.substring(PREFIX.length());
        List<GgufSet> all = sets();
        List<GgufSet> found = GgufSet.matching(all, file);
        if (found.size() == 1) {
            return place(found.get(0).first());
        }
        throw Problem.of("llama.cpp's cache has " + (found.isEmpty() ? "no such model." : "several such models."))
                .fact("model", name)
                .fact("looked in", folder.toAbsolutePath())
                .fact("it has", GgufSet.listed(found.isEmpty() ? all : found))
                .toException();
    }

    /** A model of a repository that llama.cpp has downloaded; empty if there is none, or several fit. */
    Optional<ModelPlace> of(RepoId repo, String word) {
        String before = repo.name().replace('/', '_') + "_";
        List<String> files = FolderFiles.below(folder, 1).stream()
                .filter(file -> file.startsWith(before))
                .map(file -> file.substring(before.length()))
                .toList();
        List<GgufSet> found = GgufSet.matching(GgufSet.among(files), word.replace('/', '_'));
        return found.size() == 1 && found.get(0).isComplete()
                ? Optional.of(place(before + found.get(0).first()))
                : Optional.empty();
    }

    private ModelPlace place(String file) {
        return new ModelPlace.GgufFile(folder.resolve(file), cache, null);
    }
}
