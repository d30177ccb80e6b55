package dev.pintle.library;

import dev.pintle.base.Nearest;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.evaluation.weights.ModelWeights;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubException;
import dev.pintle.hub.HubListener;
import dev.pintle.hub.HubModel;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.ModelPlace;
import dev.pintle.hub.Selection;
import dev.pintle.hub.Variables;
import dev.pintle.library.steer.Presets;
import dev.pintle.library.steer.VectorRef;
import dev.pintle.model.GgufFolder;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.ModelId;
import dev.pintle.run.RunStore;
import dev.pintle.run.StoredRun;
import dev.pintle.sae.SaeFolders;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * The data folder:
 *
 *   vectors/names/NAME            the hash of a vector file
 *   vectors/objects/HASH.safetensors
 *   models/KEY.json               from where a vector's model was loaded
 *   presets/NAME.json             steering that a server offers as a model
 *   profiles/NAME.sqlite          what an autoencoder's latents fire on
 *   labels.sqlite                 labels from files and services, searchable
 *   runs/ID/                      studies, one folder each
 *   sweeps/                       answers of sweeps, so that one that was stopped resumes
 *
 * Models and autoencoders themselves lie in folders of the user's or in the Hugging Face cache.
 */

/**
 * The user's data folder: finds and keeps models, vectors, autoencoders, labels and runs by name. The same names work in the
 * {@code pintle} command, a server, a notebook and a Spark job. May be used by several threads; close it when labels are no
 * longer needed.
 */
public final class Library implements AutoCloseable {
    private static final String EMBEDDED_AUTOENCODER = "parley-7m-sae-l3.pth";
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern PROFILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    private final Path folder;
    private final HubSettings hub;
    private final LabelSettings labelSettings;
    private final Map<ModelId, String> loaded = new ConcurrentHashMap<>();
    private @Nullable LabelLibrary labels; // opened with the first source

    private Library(Path folder, HubSettings hub, LabelSettings labelSettings) {
        this.folder = folder;
        this.hub = hub;
        this.labelSettings = labelSettings;
    }

    /**
     * The library that the {@code pintle} command uses too: the folder {@code PINTLE_DATA}, else {@code pintle} below {@code
     * XDG_DATA_HOME}, else the operating system's usual place, such as {@code ~/.local/share/pintle}.
     *
     * @throws PintleException if that is a file
     */
    public static Library open() {
        return open(defaultFolder());
    }

    /** A library in any folder, which is made when something is kept; the hub's cache and services as the environment says. */
    public static Library open(Path folder) {
        HubSettings hub = HubSettings.fromEnvironment();
        return open(folder, hub, LabelSettings.of(Variables.ofProcess(), hub));
    }

    /**
     * A library in any folder.
     *
     * @param hub where cached models and autoencoders lie
     * @param labels where services of labels are
     */
    public static Library open(Path folder, HubSettings hub, LabelSettings labels) {
        return new Library(folder, hub, labels);
    }

    /** The folder that {@link #open()} opens. */
    public static Path defaultFolder() {
        return DataFolder.find();
    }

    /** The data folder. */
    public Path folder() {
        return folder;
    }

    // ---------------------------------------------------------------- models

    /**
     * The folder of a model. The network is never asked.
     *
     * @param model {@code parley-7m}, a folder in the Hugging Face format or a GGUF file, a repository {@code
     *     org/name[@revision]} in the cache, one of its GGUF files ({@code org/name:Q4_K_M}), or a model of another program
     *     ({@code ollama:llama3.1:8b}, {@code lmstudio:publisher/model}, {@code llama.cpp:FILE})
     * @throws PintleException with the places that were tried and the nearest names; a {@link dev.pintle.hub.HubException} if
     *     it is a repository that is not in the cache, or only in part
     */
    public Path modelFolder(String model) {
        return GgufFolder.of(modelPlace(model));
    }

    /** Where a model lies. */
    private ModelPlace modelPlace(String model) {
        try {
            return ModelFolders.find(model, hub);
        } catch (HubException e) {
            throw e;
        } catch (PintleException e) {
            throw e.problem().facts().containsKey("looked in") && model.indexOf(':') < 0
                    ? withNearest(e, model, modelNames())
                    : e;
        }
    }

    /** The folder of a model's tokenizer and chat template, which may be all that is there of the model. */
    public Path textFolder(String model) {
        return GgufFolder.of(ModelFolders.findText(model, hub));
    }

    /**
     * Loads a model, and remembers from where for the vectors that are kept later.
     *
     * @param model as for {@link #modelFolder}
     */
    public LanguageModel model(String model, LoadOptions options) {
        ModelPlace found = modelPlace(model);
        LanguageModel result = LanguageModel.load(model, found, options);
        loaded.put(result.id(), isName(model, found) ? model : absolute(found.path()));
        return result;
    }

    /**
     * A model's weights for a {@link dev.pintle.evaluation.weights.ModelComparison}, which loads them when their turn comes.
     *
     * @param name what the result calls them
     * @param model as for {@link #modelFolder}
     */
    public ModelWeights weights(String name, String model, LoadOptions options) {
        return new ModelWeights(name, modelFolder(model), () -> model(model, options));
    }

    /** Whether a model was given by a name, which means the same in every folder. */
    private static boolean isName(String model, ModelPlace found) {
        if (model.equals(ModelFolders.EMBEDDED)
                || HubClient.repositoryOf(found.path()).isPresent()) {
            return true;
        }
        try {
            return model.indexOf(':') > 1 && !absolute(Path.of(model)).equals(absolute(found.path()));
        } catch (InvalidPathException e) {
            return true;
        }
    }

    /**
     * What loads the model that a vector was fitted on: a name or folder for {@link #model}; empty where it is not on this
     * machine any more. Known for every vector whose model has a name of its own, and for those kept here after {@link #model}
     * loaded theirs from a folder.
     */
    public Optional<String> modelOf(SteeringVector vector) {
        ModelId id = vector.origin().model();
        Optional<String> known =
                Optional.ofNullable(loaded.get(id)).or(() -> memory().recall(id.name(), id.revision()));
        Optional<String> atRevision = COMMIT.matcher(id.revision()).matches()
                ? Optional.of(id.name() + "@" + id.revision())
                : Optional.empty();
        return Stream.of(known, atRevision, Optional.of(id.name()))
                .flatMap(Optional::stream)
                .filter(this::isModel)
                .findFirst();
    }

    private boolean isModel(String model) {
        try {
            ModelFolders.find(model, hub);
            return true;
        } catch (PintleException e) {
            return false;
        }
    }

    /** Number of blocks as the model's config.json states it, without reading weights; empty where it does not. */
    public OptionalInt blocks(String model) {
        return LocalModels.blocks(modelFolder(model));
    }

    /**
     * What can be told of a model without reading its weights.
     *
     * @param model as for {@link #modelFolder}; who keeps it is not told
     * @throws PintleException if it is not here
     */
    public KnownModel known(String model) {
        return LocalModels.of(model, modelPlace(model));
    }

    /**
     * Models on this machine that have a name: the embedded one, those in the Hugging Face cache, and those of Ollama, LM
     * Studio and llama.cpp. Only configurations and the beginnings of files are read.
     */
    public List<KnownModel> models() {
        return LocalModels.all(hub);
    }

    /** Bytes that downloads may still take on the disk of the cache; empty where that cannot be told. */
    public OptionalLong roomForModels() {
        Path place = hub.cache().toAbsolutePath();
        while (place != null && !Files.isDirectory(place)) {
            place = place.getParent();
        }
        try {
            return place == null
                    ? OptionalLong.empty()
                    : OptionalLong.of(Files.getFileStore(place).getUsableSpace());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Their names. */
    public List<String> modelNames() {
        return LocalModels.names(hub);
    }

    /** Whether a model on this machine has that name, written in any way that {@link #model} takes; a path is no name. */
    public boolean hasModel(String name) {
        return modelNames().contains(name) || ModelFolders.isHere(name, hub);
    }

    /**
     * Downloads a model, or some files of a repository, into the cache; what is there already is not downloaded again.
     *
     * @param repository {@code org/name[@revision]}, or one of its GGUF files: {@code org/name:Q4_K_M}
     * @param files names or patterns such as {@code *.safetensors}; none for what is needed to run a model
     * @return the folder of the files
     * @throws dev.pintle.hub.HubException saying what is wrong and what to do
     */
    public Path pull(String repository, List<String> files, HubListener listener) {
        HubModel model = HubModel.parse(repository);
        if (model.gguf() != null && !files.isEmpty()) {
            throw Problem.of("Files are named twice.")
                    .fact("model", model)
                    .fact("files", String.join(", ", files))
                    .fact("try", model.repo() + " with the files")
                    .toIllegalArgument();
        }
        return HubClient.of(hub)
                .snapshot(model.repo(), files.isEmpty() ? model.selection() : Selection.matching(files), listener);
    }

    // ---------------------------------------------------------------- vectors

    /** Names of vectors, and the files that they stand for. */
    public VectorLibrary vectors() {
        return VectorLibrary.in(folder.resolve("vectors"));
    }

    /**
     * The one vector of a name or file.
     *
     * @throws PintleException with the nearest names if there is none; with its layers if it has several
     */
    public SteeringVector vector(String nameOrFile) {
        List<SteeringVector> found = vectors(nameOrFile, VectorHints.none());
        if (found.size() > 1) {
            throw Problem.of("There are vectors of several layers, and one was expected.")
                    .fact("vector", nameOrFile)
                    .fact("has", places(found))
                    .fact("try", "Library.vectors with one layer of them")
                    .toException();
        }
        return found.get(0);
    }

    /**
     * The vectors of a name or file: one, or one a layer.
     *
     * @param hints what the files of other tools leave open
     * @throws PintleException with the nearest names if there is none
     */
    public List<SteeringVector> vectors(String nameOrFile, VectorHints hints) {
        return VectorFiles.readAll(vectorFile(nameOrFile), hints);
    }

    /**
     * Where a steering specification finds its vectors and autoencoders.
     *
     * @param model the model that is steered
     * @param files whether a vector may also be the name of a file
     */
    public OpenSources sources(LanguageModel model, boolean files) {
        return new OpenSources(this, model.device(), model.config().nLayers(), files);
    }

    /** @throws PintleException with the nearest names, unless it is the name of a vector */
    public void requireVector(String name) {
        try {
            vectors().requireNamed(name);
        } catch (PintleException e) {
            throw withNearest(e, name, vectors().names());
        }
    }

    /**
     * The file that holds the vectors of a name.
     *
     * @param nameOrFile a name, {@code sha256:} and the hash of a kept file, or a file itself
     * @throws PintleException with the nearest names if there is none
     */
    public Path vectorFile(String nameOrFile) {
        if (nameOrFile.startsWith(VectorRef.HASH)) {
            return vectors().ofHash(nameOrFile.substring(VectorRef.HASH.length()));
        }
        try {
            return vectors().find(nameOrFile);
        } catch (PintleException e) {
            throw withNearest(e, nameOrFile, vectors().names());
        }
    }

    /**
     * The vectors of some layers.
     *
     * @param layers none for all
     * @throws PintleException if one of them is missing
     */
    public List<SteeringVector> vectors(String nameOrFile, VectorHints hints, List<Integer> layers) {
        if (layers.size() < 2) {
            return vectors(nameOrFile, layers.isEmpty() ? hints : hints.layer(layers.get(0)));
        }
        List<SteeringVector> found = vectors(nameOrFile, hints);
        List<Integer> missing = layers.stream()
                .filter(layer -> found.stream().noneMatch(vector -> vector.at().layer() == layer))
                .toList();
        if (!missing.isEmpty()) {
            throw Problem.of("The file has no vector of some of the layers.")
                    .fact("asked for", missing.stream().map(String::valueOf).collect(Collectors.joining(", ")))
                    .fact("has", places(found))
                    .toException();
        }
        return found.stream()
                .filter(vector -> layers.contains(vector.at().layer()))
                .toList();
    }

    private static String places(List<SteeringVector> vectors) {
        return vectors.stream().map(vector -> vector.at().toString()).collect(Collectors.joining(", "));
    }

    /**
     * Keeps vectors under a name, and from where their model was loaded.
     *
     * @param vectors of one model and kind, each of another layer
     * @param replaces whether to take the name from what it names; that vector's file stays
     * @return the file that holds them
     * @throws PintleException if the name is another vector's
     */
    public Path keep(String name, List<SteeringVector> vectors, boolean replaces) {
        Path file = vectors().save(name, vectors, replaces);
        ModelId id = vectors.get(0).origin().model();
        String load = loaded.get(id);
        if (load != null && !load.equals(id.name())) {
            memory().remember(id.name(), id.revision(), load);
        }
        return file;
    }

    /**
     * Keeps a vector under a stem, or under stem-2, stem-3 and so on where that is another vector's.
     *
     * @return the name
     */
    public String keepNumbered(String stem, SteeringVector vector) {
        String name = stem;
        for (int number = 2; isAnothers(name, vector); number++) {
            name = stem + "-" + number;
        }
        keep(name, List.of(vector), false);
        return name;
    }

    private boolean isAnothers(String name, SteeringVector vector) {
        if (!vectors().names().contains(name)) {
            return false;
        }
        List<SteeringVector> known = VectorFiles.readAll(vectors().find(name), VectorHints.none());
        return known.size() != 1
                || !known.get(0).at().equals(vector.at())
                || !known.get(0).direction().equals(vector.direction());
    }

    private ModelMemory memory() {
        return new ModelMemory(folder.resolve("models"));
    }

    /** Steering that a server offers as a model, by name. */
    public Presets presets() {
        return new Presets(folder.resolve("presets"));
    }

    // ---------------------------------------------------------------- autoencoders, labels, profiles

    /**
     * The file or folder of an autoencoder. The network is never asked.
     *
     * @param autoencoder a file, a folder, one of the embedded model's such as {@code parley-7m-sae-l3}, or a repository in
     *     the cache, {@code org/name[@revision][:folder]}
     * @throws PintleException with the places that were tried and the nearest names
     */
    public Path autoencoderFile(String autoencoder) {
        return autoencoderFile(autoencoder, true);
    }

    /** @param paths whether a file or a folder may be named too */
    Path autoencoderFile(String autoencoder, boolean paths) {
        try {
            return paths ? SaeFolders.find(autoencoder, hub) : SaeFolders.findNamed(autoencoder, hub);
        } catch (PintleException e) {
            List<String> names = new ArrayList<>(modelNames());
            names.add(EMBEDDED_AUTOENCODER.replace(".pth", ""));
            throw withNearest(e, autoencoder, names);
        }
    }

    /**
     * The file of the embedded model's autoencoder.
     *
     * @throws PintleException if this installation has none
     */
    public Path embeddedAutoencoder() {
        return ModelFolders.embeddedFile(EMBEDDED_AUTOENCODER)
                .orElseThrow(() -> Problem.of("The embedded autoencoder is not here.")
                        .fact("expected", "models/parley-7m/" + EMBEDDED_AUTOENCODER)
                        .fact("try", "--sae FILE")
                        .toException());
    }

    /**
     * Opens an autoencoder.
     *
     * @param autoencoder as for {@link #autoencoderFile}
     * @param dtype of its matrices, FP32 or BF16; arithmetic is FP32
     */
    public SparseAutoencoder autoencoder(String autoencoder, Device device, DType dtype) {
        return SparseAutoencoder.load(autoencoderFile(autoencoder), device, dtype);
    }

    /**
     * Labels of latents.
     *
     * @param source a file (JSONL, CSV, JSON), {@code profile:NAME}, {@code neuronpedia:MODEL/SOURCE} or another form of {@link
     *     dev.pintle.sae.labels.LabelSource#FORMS}
     */
    public Labels labels(String source) {
        return labels(source, Progress.SILENT);
    }

    /** As {@link #labels(String)}, telling how far fetching has come. */
    public Labels labels(String source, Progress progress) {
        return sources().of(source, progress);
    }

    /** Labels of the file {@code labels.jsonl} beside an autoencoder; empty where there is none. */
    public Optional<Labels> labelsBeside(Path autoencoder) {
        return LabelSources.beside(autoencoder).map(file -> sources().of(file));
    }

    private synchronized LabelSources sources() {
        LabelLibrary open = labels;
        if (open == null) {
            open = LabelLibrary.open(folder, labelSettings);
            labels = open;
        }
        return new LabelSources(open, labelSettings, this::profileFile);
    }

    /**
     * The file of a profile, whether it is there or not.
     *
     * @throws IllegalArgumentException if it has characters other than letters, digits, points, dashes and underscores
     */
    public Path profileFile(String name) {
        if (!PROFILE_NAME.matcher(name).matches()) {
            throw Problem.of("A profile cannot have that name.")
                    .fact(
                            "expected",
                            "up to 100 letters, digits, points, dashes and underscores, a letter or digit first")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
        return folder.resolve("profiles").resolve(name + ".sqlite");
    }

    /** The name that the profile of an autoencoder has if no other is given: that of its file, without its ending. */
    public static String profileName(Path autoencoder) {
        return String.valueOf(autoencoder.getFileName()).replaceAll("\\.[A-Za-z]{1,11}$", "");
    }

    /**
     * Opens the profile of an autoencoder's latents.
     *
     * @throws PintleException with the nearest names if there is none
     */
    public LatentProfile profile(String name) {
        Path file = profileFile(name);
        try {
            return LatentProfile.open(file);
        } catch (PintleException e) {
            throw Files.exists(file) ? e : withNearest(e, name, profileNames());
        }
    }

    /** Names of the profiles, sorted. */
    public List<String> profileNames() {
        Path profiles = folder.resolve("profiles");
        if (!Files.isDirectory(profiles)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(profiles)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.endsWith(".sqlite"))
                    .map(file -> file.substring(0, file.length() - ".sqlite".length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw Problem.of("The profiles cannot be listed.")
                    .fact("folder", profiles)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    // ---------------------------------------------------------------- runs

    /** Runs of studies. */
    public RunStore runs() {
        return RunStore.in(folder.resolve("runs"));
    }

    /**
     * A run by its id or a part of it; of nothing, the newest that has finished.
     *
     * @throws PintleException listing the runs, if there is none or more than one
     */
    public StoredRun run(String id) {
        return runs().find(id);
    }

    /** Where sweeps keep their answers, so that one that was stopped resumes. */
    public Path sweeps() {
        return folder.resolve("sweeps");
    }

    // ----------------------------------------------------------------

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    private static PintleException withNearest(PintleException problem, String typed, List<String> names) {
        List<String> nearest = names.contains(typed) ? List.of() : Nearest.to(typed, names);
        return nearest.isEmpty()
                ? problem
                : problem.problem().fact("nearest", String.join(", ", nearest)).toException(problem);
    }

    /** Closes the database of labels; all else stays usable. */
    @Override
    public synchronized void close() {
        if (labels != null) {
            labels.close();
            labels = null;
        }
    }
}
