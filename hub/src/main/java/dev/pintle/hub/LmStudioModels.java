package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** LM Studio's models: {@code PUBLISHER/MODEL/FILE.gguf}, or a folder in the Hugging Face format. */
public final class LmStudioModels implements ModelStore {
    static final String PREFIX = "lmstudio:";
    private static final int DEPTH = 3; // below the folder of a model

    private final List<Path> folders;
    private final Path cache;

    LmStudioModels(HubSettings settings) {
        this.folders = settings.stores().lmStudioModels();
        this.cache = settings.cache();
    }

    @Override
    public String program() {
        return "LM Studio";
    }

    @Override
    public String prefix() {
        return PREFIX;
    }

    @Override
    public List<Path> folders() {
        return folders;
    }

    @Override
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (Path folder : folders) {
            for (String publisher : FolderFiles.foldersIn(folder)) {
                for (String model : FolderFiles.foldersIn(folder.resolve(publisher))) {
                    String name = PREFIX + publisher + "/" + model;
                    List<GgufSet> sets = sets(folder.resolve(publisher).resolve(model));
                    if (sets.size() == 1 || (sets.isEmpty() && isFolder(folder, publisher, model))) {
                        names.add(name);
                    } else {
                        sets.forEach(set -> names.add(name + "/" + set.first()));
                    }
                }
            }
        }
        return names.stream().distinct().sorted().toList();
    }

    private static boolean isFolder(Path folder, String publisher, String model) {
        return Files.isRegularFile(folder.resolve(publisher).resolve(model).resolve("config.json"));
    }

    private static List<GgufSet> sets(Path model) {
        return GgufSet.among(FolderFiles.below(model, DEPTH));
    }

    @Override
    public ModelPlace find(String name) {
        String path = name.substring(PREFIX.length());
        int first = path.indexOf('/');
        int second = path.indexOf('/', first + 1);
        String model = second < 0 ? path : path.substring(0, second);
        if (first <= 0 || !SafeNames.isSafe(path)) {
            throw Problem.of("This is not a name of a model of LM Studio.")
                    .fact("expected", PREFIX + "PUBLISHER/MODEL or " + PREFIX + "PUBLISHER/MODEL/FILE")
                    .fact("but was", name)
                    .toException();
        }
        for (Path folder : folders) {
            Path place = folder.resolve(model);
            if (Files.isDirectory(place)) {
                return find(name, place, second < 0 ? "" : path.substring(second + 1));
            }
        }
        throw missing("LM Studio has no such model.", name, names());
    }

    /** @param word file or quantisation; "" for the only one */
    private ModelPlace find(String name, Path model, String word) {
        List<GgufSet> all = sets(model);
        if (all.isEmpty() && word.isEmpty() && Files.isRegularFile(model.resolve("config.json"))) {
            return new ModelPlace.Folder(model);
        }
        List<GgufSet> found = word.isEmpty() ? all : GgufSet.matching(all, word);
        if (found.size() == 1) {
            return new ModelPlace.GgufFile(model.resolve(found.get(0).first()), cache, null);
        }
        throw Problem.of("The folder of LM Studio has " + (found.isEmpty() ? "no such model." : "several such models."))
                .fact("model", name)
                .fact("looked in", model.toAbsolutePath())
                .fact("it has", GgufSet.listed(found.isEmpty() ? all : found))
                .toException();
    }

    private RuntimeException missing(String sentence, String name, List<String> names) {
        Problem problem = Problem.of(sentence).fact("model", name);
        for (Path folder : folders) {
            problem = problem.fact("looked in", folder.toAbsolutePath());
        }
        return problem.fact("it has", names.isEmpty() ? "no models" : String.join("\n", names))
                .toException();
    }
}
