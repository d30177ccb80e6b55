package dev.pintle.sae;

import static dev.pintle.sae.LatentMatrix.Axes.LATENTS_FIRST;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.Npz;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TorchCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The open files of an autoencoder: tensors, and a configuration if there is one. Formats are recognised by content:
 *
 * <ul>
 *   <li>Goodfire: a {@code .pth} or {@code .pt} file
 *   <li>SAELens: {@code cfg.json}, {@code sae_weights.safetensors}
 *   <li>Gemma Scope: {@code params.npz}; Gemma Scope 2: {@code config.json}, {@code params.safetensors}
 *   <li>Llama Scope: {@code hyperparams.json}, {@code checkpoints/final.safetensors}
 *   <li>sparsify: {@code cfg.json}, {@code sae.safetensors}
 *   <li>dictionary_learning: {@code config.json}, {@code ae.pt}
 *   <li>OpenAI: {@code resid_post_mlp_v5_32k/autoencoders/8.pt}; Qwen-Scope: {@code layer20.sae.pt}
 * </ul>
 */
public final class SaeFiles implements AutoCloseable {
    private static final List<String> WEIGHTS = List.of(
            "sae_weights.safetensors",
            "sae.safetensors",
            "params.npz",
            "params.safetensors",
            "checkpoints/final.safetensors",
            "ae.pt");
    private static final List<String> CONFIGS = List.of("cfg.json", "hyperparams.json", "config.json");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final Path path;
    private final Path folder;
    private final Checkpoint weights;
    private final JsonNode config;
    private final Device device;
    private final DType dtype;

    private SaeFiles(Path path, Path folder, Checkpoint weights, JsonNode config, Device device, DType dtype) {
        this.path = path;
        this.folder = folder;
        this.weights = weights;
        this.config = config;
        this.device = device;
        this.dtype = dtype;
    }

    static SparseAutoencoder load(Path path, Device device, DType dtype) {
        if (dtype != DType.FP32 && dtype != DType.BF16) {
            throw Problem.of("An autoencoder's weights can only be FP32 or BF16.")
                    .fact("but was", dtype)
                    .toIllegalArgument();
        }
        try (SaeFiles files = open(path, device, dtype);
                TensorScope scope = TensorScope.open("load autoencoder")) {
            SaeFormat.Draft draft = SaeFormats.of(files).read(files);
            Weights weights = draft.weights();
            TensorScope owner =
                    TensorScope.owner("autoencoder " + draft.origin().name());
            for (Tensor tensor : List.of(
                    weights.encoder().stored(),
                    weights.encoderBias(),
                    weights.decoder().stored(),
                    weights.decoderBias())) {
                owner.adopt(tensor);
            }
            if (weights.latentScale() != null) {
                owner.adopt(weights.latentScale());
            }
            Gate gate = weights.sparsity().on(device).ownedBy(owner);
            return new SparseAutoencoder(draft.origin(), weights, gate, owner);
        }
    }

    private static SaeFiles open(Path path, Device device, DType dtype) {
        Path file = Files.isDirectory(path) ? weightsIn(path) : besideConfig(path);
        Path folder = Files.isDirectory(path) ? path : file.toAbsolutePath().getParent();
        Path home = folder == null ? path : folder;
        JsonNode config = CONFIGS.stream()
                .map(home::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .map(SaeFiles::json)
                .orElse(MissingNode.getInstance());
        return new SaeFiles(path, home, checkpoint(file), config, device, dtype);
    }

    private static Checkpoint checkpoint(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".safetensors")) {
            return SafeTensors.open(file);
        }
        return name.endsWith(".npz") ? Npz.open(file) : TorchCheckpoint.open(file);
    }

    /** The weights next to a configuration file, or the file itself. */
    private static Path besideConfig(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        boolean isConfig = CONFIGS.contains(String.valueOf(file.getFileName()));
        return isConfig && folder != null ? weightsIn(folder) : file;
    }

    private static Path weightsIn(Path folder) {
        for (String name : WEIGHTS) {
            if (Files.isRegularFile(folder.resolve(name))) {
                return folder.resolve(name);
            }
        }
        List<Path> others = list(folder).stream()
                .filter(Files::isRegularFile)
                .filter(SaeFiles::mayBeWeights)
                .toList();
        if (others.size() == 1) {
            return others.get(0);
        }
        Problem problem = Problem.of(
                        others.isEmpty()
                                ? "The folder contains no autoencoder."
                                : "It is not clear which file in the folder is the autoencoder.")
                .fact("folder", folder.toAbsolutePath())
                .fact("expected", String.join(", ", WEIGHTS) + ", or one .pth, .pt, .npz or .safetensors file");
        for (Path other : others) {
            problem = problem.fact("found", other.getFileName());
        }
        for (Path below : foldersWithWeights(folder)) {
            problem = problem.fact("try", below);
        }
        throw problem.toException();
    }

    private static boolean mayBeWeights(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.matches("(?i).*\\.(pth|pt|npz|safetensors)") && !name.equals("sparsity.safetensors");
    }

    private static List<Path> foldersWithWeights(Path folder) {
        try (Stream<Path> walk = Files.walk(folder, 4)) {
            return walk.filter(Files::isDirectory)
                    .filter(below -> WEIGHTS.stream().anyMatch(name -> Files.isRegularFile(below.resolve(name))))
                    .sorted()
                    .limit(8)
                    .toList();
        } catch (IOException e) {
            return List.of(); // only a hint
        }
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw Problem.of("The folder cannot be read.")
                    .fact("folder", folder.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
    }

    /** A JSON file as Python writes it, so possibly with NaN and Infinity. */
    static JsonNode json(Path file) {
        GitLfs.requireContent(file);
        try {
            return JSON.readTree(RegularFile.text(file));
        } catch (JsonProcessingException e) {
            throw Problem.of("The configuration is not JSON.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignJson.why(e))
                    .toException(e);
        } catch (IOException e) {
            throw Problem.of("The configuration cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
    }

    // ---------------------------------------------------------------- what formats read

    /** The file or folder that the user specified. */
    public Path path() {
        return path;
    }

    /** The folder that contains the files. */
    public Path folder() {
        return folder;
    }

    /** Names of the tensors. */
    public Set<String> names() {
        return weights.names();
    }

    /** The configuration; a missing node if there is none. */
    public JsonNode config() {
        return config;
    }

    /** Whether the tensors are in a PyTorch file. */
    public boolean isTorch() {
        return weights instanceof TorchCheckpoint;
    }

    /** What was saved in a PyTorch file, as in {@link TorchCheckpoint#root}; empty for others. */
    public Map<?, ?> saved() {
        return weights instanceof TorchCheckpoint torch && torch.root() instanceof Map<?, ?> map ? map : Map.of();
    }

    /** Whether they are in an {@code .npz} archive of NumPy arrays. */
    public boolean isNumPy() {
        return weights instanceof Npz;
    }

    /** Encoder or decoder weights, in the requested dtype and on the requested device. */
    public LatentMatrix matrix(String key, LatentMatrix.Axes axes) {
        Shape shape = weights.entry(key).shape();
        if (shape.rank() != 2) {
            throw wrongShape(key, axes == LATENTS_FIRST ? "[dSae, dModel]" : "[dModel, dSae]", shape);
        }
        Tensor placed = weights.tensor(key).to(device).to(dtype);
        return new LatentMatrix(placed, axes);
    }

    /** Decoder weights, whose sizes must match the encoder's. */
    public LatentMatrix decoder(String key, LatentMatrix.Axes axes, LatentMatrix encoder) {
        Shape shape = weights.entry(key).shape();
        Shape expected = axes == LATENTS_FIRST
                ? Shape.of(encoder.dSae(), encoder.dModel())
                : Shape.of(encoder.dModel(), encoder.dSae());
        if (!shape.equals(expected)) {
            throw wrongShape(key, expected, shape);
        }
        return matrix(key, axes);
    }

    /** A vector `[size]`, FP32 on the device. */
    public Tensor vector(String key, long size) {
        requireVector(key, size);
        return weights.tensor(key).to(device).to(DType.FP32);
    }

    /** A vector `[size]`, FP32 on the Java heap. */
    public Vec numbers(String key, long size) {
        requireVector(key, size);
        return weights.tensor(key).to(DType.FP32).toVec();
    }

    /** The value of a tensor with one element. */
    public double number(String key) {
        if (weights.entry(key).shape().elements() != 1) {
            throw wrongShape(key, "one number", weights.entry(key).shape());
        }
        return weights.tensor(key).to(DType.FP64).reshape(1).item();
    }

    /** Copies a vector to the device. */
    public Tensor placed(Vec numbers) {
        return Tensor.of(numbers).to(device);
    }

    /** @throws PintleException naming missing tensors and those the format does not know */
    public void requireKeys(SaeFormat format, Set<String> required, Set<String> optional) {
        Set<String> missing = new TreeSet<>(required);
        missing.removeAll(names());
        Set<String> unknown = new TreeSet<>(names());
        unknown.removeAll(required);
        unknown.removeAll(optional);
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            Problem problem = Problem.of("The tensors do not match the format.")
                    .fact("file", weights.path().toAbsolutePath())
                    .fact("format", format.name());
            problem = missing.isEmpty() ? problem : problem.fact("missing", String.join(", ", missing));
            throw (unknown.isEmpty() ? problem : problem.fact("not understood", String.join(", ", unknown)))
                    .toException();
        }
    }

    /** An error that names the format and the detail that is not supported. */
    public PintleException refused(SaeFormat format, String sentence, String what, Object found) {
        return Problem.of(sentence)
                .fact("file", path.toAbsolutePath())
                .fact("format", format.name())
                .fact(what, found)
                .toException();
    }

    /** A name for reports: that of the file or folder, with the parent folder if that is needed to identify it. */
    public String shortName() {
        Path absolute = path.toAbsolutePath().normalize();
        String own = String.valueOf(absolute.getFileName());
        Path above = absolute.getParent();
        boolean bare = Files.isDirectory(path) ? own.matches("(layers|h|trainer|average_l0|width)[_.].*") : false;
        return bare && above != null && above.getFileName() != null ? above.getFileName() + "/" + own : own;
    }

    private void requireVector(String key, long size) {
        Shape shape = weights.entry(key).shape();
        if (!shape.equals(Shape.of(size))) {
            throw wrongShape(key, Shape.of(size), shape);
        }
    }

    private PintleException wrongShape(String key, Object expected, Shape found) {
        return Problem.of("A weight of the autoencoder has the wrong shape.")
                .fact("file", weights.path().toAbsolutePath())
                .fact("weight", key)
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }

    PintleException unknown(List<SaeFormat> known) {
        Problem problem = Problem.of("The file does not contain an autoencoder in a known format.")
                .fact("file", weights.path().toAbsolutePath())
                .fact("tensors", names().stream().sorted().limit(12).collect(Collectors.joining(", ")))
                .fact("configuration", config.isMissingNode() ? "none" : String.join(", ", fieldNames()));
        for (SaeFormat format : known) {
            problem = problem.fact("known", format.name() + ": " + format.layout());
        }
        return problem.toException();
    }

    private List<String> fieldNames() {
        return Stream.iterate(config.fieldNames(), names -> names.hasNext(), names -> names)
                .map(Iterator::next)
                .limit(12)
                .toList();
    }

    /** Closes the files; tensors already read stay valid. */
    @Override
    public void close() {
        weights.close();
    }
}
