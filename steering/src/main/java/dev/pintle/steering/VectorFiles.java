package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.ModelId;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.tensor.io.Npy;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TorchCheckpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Steering vectors in files.
 *
 * <p>Pintle's own is a safetensors file that describes itself: a tensor {@code direction.L} FP32 `[dModel]` for each layer, L
 * the block from 0 whose place it is, and everything in {@link SteeringVector.Origin} as metadata. Others are written for
 * other tools and chosen by the file's ending:
 *
 * <ul>
 *   <li>{@code .gguf}: a control vector for llama.cpp and repeng; it carries our metadata too, under {@code steer.*}
 *   <li>{@code .pt}, {@code .pth}: for lm-evaluation-harness, one layer
 *   <li>{@code .npy}: the numbers alone
 * </ul>
 *
 * <p>Those and files of other tools are read by {@link #readAll}; what a layer number meant in them is recorded in {@link
 * SteeringVector.Origin#source}.
 */
public final class VectorFiles {
    private static final String FORMAT = "steer-vector";
    private static final String VERSION = "1";
    private static final String OWN_KEYS = "steer.";
    private static final Pattern DIRECTION = Pattern.compile("direction\\.(\\d{1,5})");

    private VectorFiles() {}

    // ---------------------------------------------------------------- writing

    /** Writes a vector, whole or not at all, in the format of the file's ending. */
    public static void write(SteeringVector vector, Path file) {
        write(List.of(vector), file);
    }

    /**
     * Writes the vectors of several layers, whole or not at all, in the format of the file's ending.
     *
     * @throws PintleException if the format cannot hold them
     */
    public static void write(List<SteeringVector> vectors, Path file) {
        Map<Integer, SteeringVector> byLayer = requireOneKind(vectors, file);
        String ending = ending(file);
        try (TensorScope scope = TensorScope.open("write vectors")) {
            switch (ending) {
                case "gguf" -> writeGguf(byLayer, file);
                case "pt", "pth" -> TorchCheckpoint.write(file, harness(only(byLayer, file)));
                case "npy" -> Npy.write(file, Tensor.of(only(byLayer, file).direction()));
                case "safetensors" -> SafeTensors.write(file, tensors(byLayer), metadata(byLayer));
                default ->
                    throw Problem.of("A vector cannot be written in the format of this ending.")
                            .fact("file", file.toAbsolutePath())
                            .fact("choose", ".safetensors, .gguf, .pt, .npy")
                            .toException();
            }
        }
    }

    static String ending(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static Map<Integer, SteeringVector> requireOneKind(List<SteeringVector> vectors, Path file) {
        if (vectors.isEmpty()) {
            throw new IllegalArgumentException("There is no vector to write.\n  file: " + file.toAbsolutePath());
        }
        SteeringVector first = vectors.get(0);
        Map<Integer, SteeringVector> byLayer = new TreeMap<>();
        for (SteeringVector vector : vectors) {
            boolean alike = vector.at().site() == first.at().site()
                    && vector.dModel() == first.dModel()
                    && vector.origin().model().equals(first.origin().model());
            if (!alike || byLayer.put(vector.at().layer(), vector) != null) {
                throw Problem.of("One file holds vectors of one kind, each of another layer.")
                        .fact("one", first.at() + " of " + first.origin().model())
                        .fact("another", vector.at() + " of " + vector.origin().model())
                        .toException();
            }
        }
        return byLayer;
    }

    private static SteeringVector only(Map<Integer, SteeringVector> byLayer, Path file) {
        SteeringVector vector = byLayer.values().iterator().next();
        if (byLayer.size() > 1) {
            throw Problem.of("The format holds one layer.")
                    .fact("file", file.toAbsolutePath())
                    .fact("but was", "layers " + byLayer.keySet())
                    .fact("try", "one file a layer, or .safetensors or .gguf")
                    .toException();
        }
        return vector;
    }

    private static Map<String, Tensor> tensors(Map<Integer, SteeringVector> byLayer) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        byLayer.forEach((layer, vector) -> tensors.put("direction." + layer, Tensor.of(vector.direction())));
        return tensors;
    }

    private static void writeGguf(Map<Integer, SteeringVector> byLayer, Path file) {
        SteeringVector first = byLayer.values().iterator().next();
        if (first.at().site() != HookPoint.Site.RESID_POST) {
            throw Problem.of("A control vector is added to the residual stream after a block.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "blocks.N.hook_resid_post")
                    .fact("but was", first.at())
                    .toException();
        }
        if (first.at().layer() == 0) {
            throw Problem.of("llama.cpp cannot steer block 0, so a control vector for it would do nothing.")
                    .fact("file", file.toAbsolutePath())
                    .fact("vector", first.at())
                    .fact("try", "a later layer, or .safetensors")
                    .toException();
        }
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.of("controlvector"));
        values.put(
                "controlvector.model_hint",
                GgufValue.of(ModelHashes.family(first.origin().model())));
        values.put("controlvector.layer_count", GgufValue.uint32(byLayer.size()));
        metadata(byLayer).forEach((key, value) -> values.put(OWN_KEYS + key, GgufValue.of(value)));
        Gguf.write(file, values, tensors(byLayer));
    }

    /** The dictionary that lm-evaluation-harness loads, which looks modules up below the base model. */
    private static Map<String, Object> harness(SteeringVector vector) {
        if (vector.at().site() != HookPoint.Site.RESID_POST) {
            throw Problem.of("lm-evaluation-harness steers the residual stream after a block.")
                    .fact("expected", "blocks.N.hook_resid_post")
                    .fact("but was", vector.at())
                    .toException();
        }
        Map<String, Object> steer = new LinkedHashMap<>();
        steer.put("steering_vector", Tensor.of(vector.direction()));
        steer.put("steering_coefficient", 1.0);
        steer.put("action", "add");
        putNull(steer, "bias");
        return Map.of("layers." + vector.at().layer(), steer);
    }

    @SuppressWarnings("NullAway") // the harness wants the key with None
    private static void putNull(Map<String, Object> map, String key) {
        map.put(key, null);
    }

    private static Map<String, String> metadata(Map<Integer, SteeringVector> byLayer) {
        SteeringVector first = byLayer.values().iterator().next();
        SteeringVector.Origin origin = first.origin();
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", FORMAT);
        metadata.put("format_version", VERSION);
        metadata.put("layer_convention", "block-output-0based");
        metadata.put("op", "add");
        boolean unit = byLayer.values().stream()
                .allMatch(vector -> Math.abs(vector.direction().norm() - 1) < 1e-5);
        metadata.put("scale_policy", unit ? "unit" : "raw");
        metadata.put("site", first.at().site().suffix().replaceFirst("^hook_", ""));
        if (byLayer.size() == 1) {
            metadata.put("hook_point", first.at().toString());
        }
        metadata.put("model_id", origin.model().name());
        metadata.put("model_revision", origin.model().revision());
        metadata.put("tokenizer_sha256", origin.tokenizer());
        metadata.put("chat_template_sha256", origin.template());
        metadata.put("method", origin.method());
        metadata.put("positions", origin.positions());
        metadata.put("aggregate", origin.aggregation());
        metadata.put("n_pairs", String.valueOf(origin.pairs()));
        metadata.put("pairs_sha256", origin.pairsHash());
        metadata.put("n_directions", String.valueOf(origin.directions()));
        metadata.put("seed", String.valueOf(origin.seed()));
        metadata.put("dtype_of_capture", origin.dtype());
        metadata.put("device", origin.device());
        metadata.put("source", origin.source());
        metadata.put("content_sha256", content(byLayer));
        byLayer.forEach((layer, vector) -> {
            String of = byLayer.size() == 1 ? "" : "." + layer;
            SteeringVector.Origin here = vector.origin();
            metadata.put("norm_before_scaling" + of, String.valueOf(here.normBeforeScaling()));
            metadata.put("mean_activation_norm" + of, String.valueOf(here.meanActivationNorm()));
            metadata.put("explained_variance" + of, String.valueOf(here.explainedVariance()));
            metadata.put(
                    "split_half_cosine" + of, String.valueOf(here.stability().splitHalfCosine()));
            metadata.put(
                    "split_half_cosine_low" + of,
                    String.valueOf(here.stability().low()));
            metadata.put(
                    "split_half_cosine_high" + of,
                    String.valueOf(here.stability().high()));
        });
        return metadata;
    }

    private static String content(Map<Integer, SteeringVector> byLayer) {
        Digest digest = new Digest();
        byLayer.forEach((layer, vector) ->
                digest.add(vector.at().toString()).add(vector.direction().toArray()));
        return digest.hex();
    }

    // ---------------------------------------------------------------- reading

    /**
     * Reads a file's only vector.
     *
     * @throws PintleException saying what is missing or does not fit
     */
    public static SteeringVector read(Path file) {
        return read(file, VectorHints.none());
    }

    /** Reads one vector: the file's only one, or that of the layer in the hints. */
    public static SteeringVector read(Path file, VectorHints hints) {
        List<SteeringVector> all = readAll(file, hints);
        if (all.size() > 1) {
            throw Problem.of("The file holds the vectors of several layers.")
                    .fact("file", file.toAbsolutePath())
                    .fact(
                            "layers",
                            all.stream()
                                    .map(vector -> String.valueOf(vector.at().layer()))
                                    .collect(Collectors.joining(", ")))
                    .fact(
                            "try",
                            "naming the layer: --layer "
                                    + all.get(all.size() / 2).at().layer())
                    .toException();
        }
        return all.get(0);
    }

    /**
     * Reads the vectors of a file by the format of its ending: .safetensors, .gguf, .pt, .pth, .npy, .npz, .svec or .json.
     *
     * @return in the order of the layers; of the layer in the hints alone where they have one
     * @throws PintleException saying what is missing or does not fit
     */
    public static List<SteeringVector> readAll(Path file, VectorHints hints) {
        List<SteeringVector> vectors;
        try (TensorScope scope = TensorScope.open("read vectors")) {
            vectors = switch (ending(file)) {
                case "safetensors" -> readOwn(file);
                case "gguf" -> readGguf(file, hints);
                case "pt", "pth" -> ForeignVectors.torch(file, hints);
                case "npy" -> ForeignVectors.npy(file, hints);
                case "npz" -> ForeignVectors.npz(file, hints);
                case "svec", "json" -> ForeignVectors.svec(file);
                default ->
                    throw Problem.of("No steering vector has a file of this ending.")
                            .fact("file", file.toAbsolutePath())
                            .fact("expected", ".safetensors, .gguf, .pt, .pth, .npy, .npz or .svec")
                            .toException();
            };
        } catch (IllegalArgumentException e) {
            throw unusable(file, "a steering vector", String.valueOf(e.getMessage()));
        }
        for (SteeringVector vector : vectors) {
            if (!vector.direction().isFinite()) {
                throw unusable(file, "finite numbers", "NaN or infinity at " + vector.at());
            }
        }
        return atLayer(vectors, hints, file);
    }

    private static List<SteeringVector> atLayer(List<SteeringVector> vectors, VectorHints hints, Path file) {
        List<SteeringVector> sorted = new ArrayList<>(vectors);
        sorted.sort((a, b) -> a.at().compareTo(b.at()));
        if (!hints.hasLayer()) {
            return sorted;
        }
        List<SteeringVector> chosen = sorted.stream()
                .filter(vector -> vector.at().layer() == hints.layer())
                .toList();
        if (chosen.isEmpty()) {
            throw Problem.of("The file has no vector of that layer.")
                    .fact("file", file.toAbsolutePath())
                    .fact("asked for", "layer " + hints.layer())
                    .fact("has", sorted.stream().map(v -> v.at().toString()).collect(Collectors.joining(", ")))
                    .toException();
        }
        return chosen;
    }

    private static List<SteeringVector> readOwn(Path file) {
        try (Checkpoint checkpoint = SafeTensors.open(file)) {
            Map<String, String> metadata = checkpoint.metadata();
            if (!FORMAT.equals(metadata.get("format")) || !VERSION.equals(metadata.get("format_version"))) {
                throw Problem.of("The file is not a steering vector of Pintle's.")
                        .fact("file", file.toAbsolutePath())
                        .fact("expected", "metadata format = " + FORMAT + ", format_version = " + VERSION)
                        .fact("but was", metadata.getOrDefault("format", "no format"))
                        .toException();
            }
            return own(checkpoint, metadata, file);
        }
    }

    private static List<SteeringVector> readGguf(Path file, VectorHints hints) {
        try (Gguf gguf = Gguf.open(file)) {
            Map<String, String> metadata = new TreeMap<>();
            gguf.metadata().forEach((key, value) -> {
                if (key.startsWith(OWN_KEYS)) {
                    metadata.put(key.substring(OWN_KEYS.length()), value);
                }
            });
            boolean ours = FORMAT.equals(metadata.get("format")) && VERSION.equals(metadata.get("format_version"));
            return ours ? own(gguf, metadata, file) : ForeignVectors.gguf(gguf, file, hints);
        }
    }

    private static List<SteeringVector> own(Checkpoint checkpoint, Map<String, String> metadata, Path file) {
        Map<Integer, SteeringVector> byLayer = new TreeMap<>();
        for (String name : checkpoint.names()) {
            boolean named = DIRECTION.matcher(name).matches();
            if (!named
                    || checkpoint.entry(name).shape().rank() != 1
                    || checkpoint.entry(name).dtype() != DType.FP32) {
                throw unusable(file, "FP32 tensors direction.L [dModel]", name);
            }
            int layer = Integer.parseInt(name.substring("direction.".length()));
            HookPoint at = metadata.containsKey("hook_point")
                    ? HookPoint.parse(text(metadata, "hook_point", file))
                    : HookPoint.parse("blocks." + layer + ".hook_" + text(metadata, "site", file));
            if (at.layer() != layer) {
                throw unusable(file, "a tensor direction." + at.layer() + ", as its hook point says", name);
            }
            Vec direction = checkpoint.tensor(name).toVec();
            byLayer.put(layer, new SteeringVector(direction, at, origin(metadata, layer, file)));
        }
        String expected = metadata.getOrDefault("content_sha256", "");
        if (byLayer.isEmpty() || (!expected.isEmpty() && !expected.equals(content(byLayer)))) {
            throw unusable(
                    file,
                    byLayer.isEmpty() ? "a tensor direction.L" : "numbers whose hash is " + expected,
                    byLayer.isEmpty() ? "none" : "numbers whose hash is " + content(byLayer));
        }
        return List.copyOf(byLayer.values());
    }

    private static SteeringVector.Origin origin(Map<String, String> metadata, int layer, Path file) {
        return new SteeringVector.Origin(
                new ModelId(text(metadata, "model_id", file), text(metadata, "model_revision", file)),
                metadata.getOrDefault("tokenizer_sha256", ""),
                metadata.getOrDefault("chat_template_sha256", ""),
                text(metadata, "method", file),
                metadata.getOrDefault("positions", ""),
                metadata.getOrDefault("aggregate", ""),
                (int) number(metadata, "n_pairs", layer, file),
                metadata.getOrDefault("pairs_sha256", ""),
                (long) number(metadata, "n_directions", layer, file),
                number(metadata, "norm_before_scaling", layer, file),
                number(metadata, "mean_activation_norm", layer, file),
                number(metadata, "explained_variance", layer, file),
                new SteeringVector.Stability(
                        number(metadata, "split_half_cosine", layer, file),
                        number(metadata, "split_half_cosine_low", layer, file),
                        number(metadata, "split_half_cosine_high", layer, file)),
                (long) number(metadata, "seed", layer, file),
                metadata.getOrDefault("dtype_of_capture", ""),
                metadata.getOrDefault("device", ""),
                metadata.getOrDefault("source", ""));
    }

    private static String text(Map<String, String> metadata, String key, Path file) {
        String value = metadata.get(key);
        if (value == null) {
            throw unusable(file, "metadata " + key, "only " + String.join(", ", metadata.keySet()));
        }
        return value;
    }

    private static double number(Map<String, String> metadata, String key, int layer, Path file) {
        String value = metadata.getOrDefault(key + "." + layer, metadata.getOrDefault(key, "NaN"));
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw unusable(file, "a number in metadata " + key, value);
        }
    }

    static PintleException unusable(Path file, String expected, Object found) {
        return Problem.of("The steering vector cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
