package dev.pintle.steering;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.model.HookPoint;
import dev.pintle.model.ModelId;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.tensor.io.Npy;
import dev.pintle.tensor.io.Npz;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.tensor.io.TorchCheckpoint.TensorRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/*
 * Vectors in the files of other tools. What differs between them is what a layer number means; here it always is the output
 * of a block, counted from 0. Sources, with what their number N means:
 *
 *   repeng, llama.cpp, EasySteer GGUF   output of block N
 *   llama.cpp cvector-generator GGUF    read at the output of block N - 1, applied by llama.cpp after block N: kept at N.
 *                                       It is told by its signed layer count
 *   GLP GGUF                            output of block N, or N - 1 where it says that it counts from 1
 *   steering-vectors .pt                output of block N
 *   CAA .pt                             output of block N, in the file's name
 *   refusal_direction .pt               input of block N: the output of block N - 1
 *   .svec                               read at the output of block N; its own tool applies it at the input of N
 *   lm-evaluation-harness .pt           output of module layers.N
 */
/** Reads steering vectors that other tools wrote. */
final class ForeignVectors {
    private static final Pattern CAA = Pattern.compile("vec_layer_(\\d{1,5})_(.+)\\.pt");
    private static final Pattern MODULE = Pattern.compile(
            "(?:model\\.|transformer\\.|language_model\\.)*(?:layers|layer|h|blocks)[._](\\d{1,5})(?:\\.block_output)?|(\\d{1,5})");
    private static final Pattern GLP_DIRECTION = Pattern.compile("direction\\.(\\d{1,5})(?:\\.(\\d{1,5}))?");
    private static final long MOST_JSON = 512L << 20;

    private ForeignVectors() {}

    private static SteeringVector vector(Tensor tensor, HookPoint at, String model, String method, String source) {
        return new SteeringVector(
                tensor.to(DType.FP32).toVec(),
                at,
                SteeringVector.Origin.unknown(new ModelId(model, ""), method, source));
    }

    // ---------------------------------------------------------------- GGUF

    static List<SteeringVector> gguf(Gguf gguf, Path file, VectorHints hints) {
        Map<String, String> facts = gguf.metadata();
        String kind = facts.getOrDefault("general.architecture", "");
        if (!kind.equals("controlvector") && !kind.equals("steeringvector")) {
            throw VectorFiles.unusable(
                    file, "general.architecture controlvector or steeringvector", kind.isEmpty() ? "none" : kind);
        }
        String model = facts.getOrDefault(kind + ".model_hint", "");
        String mode = facts.getOrDefault("glp.mode", "add");
        requireAddition(mode, "add", List.of("add", "project"), file, hints);
        GgufValue count = gguf.values().get(kind + ".layer_count");
        boolean generator = count != null && count.kind() == GgufValue.Kind.INT32;
        boolean fromOne = "false".equals(facts.get("glp.layer_ids_zero_based"));
        List<SteeringVector> vectors = new ArrayList<>();
        for (String name : gguf.names()) {
            Matcher matcher = GLP_DIRECTION.matcher(name);
            boolean ranked = matcher.matches()
                    && matcher.group(2) != null
                    && !matcher.group(2).equals("0");
            if (!matcher.matches() || ranked || gguf.listed(name).shape().rank() != 1) {
                throw VectorFiles.unusable(
                        file,
                        "one tensor direction.N [dModel] a layer",
                        name + " " + gguf.listed(name).shape());
            }
            int number = Integer.parseInt(matcher.group(1));
            HookPoint at = glpPlace(facts, fromOne ? number - 1 : number, file);
            String source = generator
                    ? "cvector-generator GGUF, direction." + number + ": read at the output of block " + (number - 1)
                            + ", applied by llama.cpp after block " + number
                    : kind + " GGUF, direction." + number + ": output of block " + at.layer();
            String strength = facts.get("glp.alpha_default");
            vectors.add(vector(
                    gguf.tensor(name),
                    at,
                    model,
                    facts.getOrDefault(kind + ".method", facts.getOrDefault("glp.method", mode)),
                    strength == null ? source : source + ", its strength " + strength));
        }
        return notEmpty(vectors, file);
    }

    private static HookPoint glpPlace(Map<String, String> facts, int layer, Path file) {
        String place = facts.getOrDefault("glp.hook_point", "residual_stream_post_layer");
        return switch (place) {
            case "residual_stream_post_layer" -> HookPoint.residPost(layer);
            case "ffn_out_pre_residual" -> HookPoint.mlpOut(layer);
            case "attn_out_pre_residual" -> HookPoint.attnOut(layer);
            default ->
                throw VectorFiles.unusable(
                        file,
                        "glp.hook_point residual_stream_post_layer, ffn_out_pre_residual or attn_out_pre_residual",
                        place);
        };
    }

    private static void requireAddition(String mode, String add, List<String> known, Path file, VectorHints hints) {
        if (!known.contains(mode)) {
            throw VectorFiles.unusable(file, "an operation among " + String.join(", ", known), mode);
        }
        if (!mode.equals(add) && !hints.allowsProjections()) {
            throw Problem.of("The file's directions are not for addition.")
                    .fact("file", file.toAbsolutePath())
                    .fact("operation", mode)
                    .fact("try", "reading it withProjections, and Ablate or Clamp in place of Add")
                    .toException();
        }
    }

    // ---------------------------------------------------------------- torch

    static List<SteeringVector> torch(Path file, VectorHints hints) {
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file)) {
            Object root = checkpoint.root();
            if (root instanceof TensorRef bare) {
                return bare(checkpoint.tensor(bare), file, hints);
            }
            if (root instanceof Map<?, ?> map && map.get("layer_activations") instanceof Map<?, ?> layers) {
                return byKey(checkpoint, layers, String.valueOf(map.get("layer_type")), file, hints);
            }
            if (root instanceof Map<?, ?> map) {
                return byKey(checkpoint, map, "decoder_block", file, hints);
            }
            if (root instanceof List<?> list) {
                List<SteeringVector> vectors = new ArrayList<>();
                for (Object item : list) {
                    if (!(item instanceof Map<?, ?> record) || !(record.get("hookpoint") instanceof String place)) {
                        throw VectorFiles.unusable(file, "a list of records with a hookpoint", shown(item));
                    }
                    vectors.add(harness(checkpoint, place, record, file, hints));
                }
                return notEmpty(vectors, file);
            }
            throw VectorFiles.unusable(file, "a tensor, or a dictionary of tensors by layer", shown(root));
        }
    }

    private static String shown(@Nullable Object value) {
        return value == null ? "None" : value.getClass().getSimpleName().replaceFirst("^Unmodifiable", "");
    }

    private static List<SteeringVector> byKey(
            TorchCheckpoint checkpoint, Map<?, ?> layers, String type, Path file, VectorHints hints) {
        List<SteeringVector> vectors = new ArrayList<>();
        for (Map.Entry<?, ?> entry : layers.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (entry.getValue() instanceof TensorRef ref) {
                HookPoint at = site(type, place(key, file), file);
                vectors.add(vector(
                        row(checkpoint.tensor(ref), file),
                        at,
                        "",
                        "read from .pt",
                        ".pt, key " + key + ": " + type + ", output of block " + at.layer()));
            } else if (entry.getValue() instanceof Map<?, ?> record && record.containsKey("steering_vector")) {
                vectors.add(harness(checkpoint, key, record, file, hints));
            } else {
                throw VectorFiles.unusable(file, "a tensor by layer", key + ": " + shown(entry.getValue()));
            }
        }
        return notEmpty(vectors, file);
    }

    private static HookPoint site(String type, HookPoint at, Path file) {
        return switch (type) {
            case "decoder_block" -> at;
            case "self_attn" -> HookPoint.attnOut(at.layer());
            case "mlp" -> HookPoint.mlpOut(at.layer());
            default -> throw VectorFiles.unusable(file, "layer_type decoder_block, self_attn or mlp", type);
        };
    }

    private static SteeringVector harness(
            TorchCheckpoint checkpoint, String place, Map<?, ?> record, Path file, VectorHints hints) {
        requireAddition(String.valueOf(record.get("action")), "add", List.of("add", "clamp"), file, hints);
        if (!(record.get("steering_vector") instanceof TensorRef ref)) {
            throw VectorFiles.unusable(file, "a tensor steering_vector at " + place, record.keySet());
        }
        return vector(
                row(checkpoint.tensor(ref), file),
                place(place, file),
                "",
                "read from .pt",
                "lm-evaluation-harness .pt, " + place + ": output of the module, its coefficient "
                        + record.get("steering_coefficient"));
    }

    /** A vector that may have been kept as a matrix of one row. */
    private static Tensor row(Tensor tensor, Path file) {
        Shape shape = tensor.shape();
        long width = shape.rank() == 0 ? 0 : shape.size(shape.rank() - 1);
        if (width == 0 || shape.elements() != width || !tensor.dtype().isFloating()) {
            throw VectorFiles.unusable(file, "a vector [dModel]", tensor.describe());
        }
        return tensor.reshape(width);
    }

    private static List<SteeringVector> bare(Tensor tensor, Path file, VectorHints hints) {
        Matcher caa = CAA.matcher(String.valueOf(file.getFileName()));
        Path beside = file.toAbsolutePath().resolveSibling("direction_metadata.json");
        int rank = tensor.shape().rank();
        if (!tensor.dtype().isFloating()) {
            throw VectorFiles.unusable(file, "a tensor of floating-point numbers", tensor.describe());
        }
        if (rank == 1 && caa.matches()) {
            int layer = Integer.parseInt(caa.group(1));
            return List.of(vector(
                    tensor,
                    HookPoint.residPost(layer),
                    caa.group(2),
                    "contrastive activation addition",
                    "CAA .pt, layer " + layer + " of its name: output of block " + layer));
        }
        boolean refusal = Files.isRegularFile(beside);
        if (rank == 1 && refusal) {
            int layer = number(beside, "layer");
            return List.of(vector(
                    tensor,
                    inputOf(layer),
                    "",
                    "refusal_direction",
                    "refusal_direction .pt, layer " + layer + ": input of block " + layer));
        }
        if (rank == 1 && hints.hasLayer()) {
            return List.of(vector(
                    tensor,
                    HookPoint.residPost(hints.layer()),
                    "",
                    "read from ." + VectorFiles.ending(file),
                    "a bare vector, layer as told: output of block " + hints.layer()));
        }
        if (rank == 2) {
            return perLayer(tensor, file);
        }
        if (rank == 3 && (refusal || (hints.hasPosition() && hints.hasLayer()))) {
            return List.of(byPosition(tensor, beside, refusal, file, hints));
        }
        throw Problem.of("The file does not say which layer its numbers belong to.")
                .fact("file", file.toAbsolutePath())
                .fact("holds", tensor.describe())
                .fact("try", rank == 3 ? "a position and a layer" : "naming the layer: --layer L")
                .toException();
    }

    private static List<SteeringVector> perLayer(Tensor tensor, Path file) {
        List<SteeringVector> vectors = new ArrayList<>();
        for (int layer = 0; layer < tensor.size(0); layer++) {
            vectors.add(vector(
                    tensor.select(0, layer),
                    HookPoint.residPost(layer),
                    "",
                    "read from ." + VectorFiles.ending(file),
                    "a matrix [layers, dModel], row " + layer + ": output of block " + layer));
        }
        return notEmpty(vectors, file);
    }

    /** Mean differences [positions, layers, dModel] of refusal_direction, read at the inputs of blocks. */
    private static SteeringVector byPosition(
            Tensor tensor, Path beside, boolean refusal, Path file, VectorHints hints) {
        int position = hints.hasPosition() ? hints.position() : number(beside, "pos");
        int layer = refusal && !hints.hasLayer() ? number(beside, "layer") : hints.layer() + 1;
        long index = position < 0 ? tensor.size(0) + position : position;
        if (index < 0 || index >= tensor.size(0) || layer < 0 || layer >= tensor.size(1)) {
            throw VectorFiles.unusable(
                    file,
                    "a position and layer within " + tensor.describe(),
                    "position " + position + ", layer " + layer);
        }
        return vector(
                tensor.select(0, index).select(0, layer),
                inputOf(layer),
                "",
                "refusal_direction",
                "refusal_direction mean differences, position " + position + ", layer " + layer + ": input of block "
                        + layer);
    }

    private static HookPoint inputOf(int layer) {
        return layer == 0 ? HookPoint.residPre(0) : HookPoint.residPost(layer - 1);
    }

    private static int number(Path json, String key) {
        try {
            JsonNode value = new ObjectMapper().readTree(Files.readString(json)).path(key);
            if (!value.isIntegralNumber()) {
                throw VectorFiles.unusable(json, "an integer as " + key, value);
            }
            return value.asInt();
        } catch (IOException e) {
            throw VectorFiles.unusable(json, "a JSON object with pos and layer", String.valueOf(e.getMessage()));
        }
    }

    private static HookPoint place(String name, Path file) {
        if (name.startsWith("blocks.") && name.contains(".hook_")) {
            return HookPoint.parse(name);
        }
        Matcher matcher = MODULE.matcher(name);
        if (!matcher.matches()) {
            throw VectorFiles.unusable(file, "a layer, such as 12, layers.12 or blocks.12.hook_resid_post", name);
        }
        String number = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        return HookPoint.residPost(Integer.parseInt(number));
    }

    // ---------------------------------------------------------------- NumPy

    static List<SteeringVector> npy(Path file, VectorHints hints) {
        return bare(Npy.read(file), file, hints);
    }

    static List<SteeringVector> npz(Path file, VectorHints hints) {
        try (Npz npz = Npz.open(file)) {
            List<SteeringVector> vectors = new ArrayList<>();
            for (String name : npz.names()) {
                boolean single =
                        npz.names().size() == 1 && !MODULE.matcher(name).matches();
                if (single && !name.startsWith("blocks.")) {
                    return bare(npz.tensor(name), file, hints);
                }
                HookPoint at = place(name, file);
                vectors.add(vector(
                        row(npz.tensor(name), file),
                        at,
                        "",
                        "read from .npz",
                        ".npz, array " + name + ": output of block " + at.layer()));
            }
            return notEmpty(vectors, file);
        }
    }

    // ---------------------------------------------------------------- svec

    static List<SteeringVector> svec(Path file) {
        JsonNode root;
        try {
            if (Files.size(file) > MOST_JSON) {
                throw VectorFiles.unusable(file, "at most " + MOST_JSON + " bytes", Files.size(file) + " bytes");
            }
            root = new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw VectorFiles.unusable(file, "JSON", e.getOriginalMessage());
        } catch (IOException e) {
            throw Problem.of("The steering vector cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
        JsonNode directions = root == null ? null : root.get("directions");
        if (directions == null || !directions.isObject()) {
            throw VectorFiles.unusable(file, "an object with directions by layer", "none");
        }
        List<SteeringVector> vectors = new ArrayList<>();
        for (Iterator<Map.Entry<String, JsonNode>> it = directions.fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> entry = it.next();
            if (!entry.getKey().matches("\\d{1,5}")) {
                throw VectorFiles.unusable(file, "layer numbers as keys of directions", entry.getKey());
            }
            int layer = Integer.parseInt(entry.getKey());
            vectors.add(new SteeringVector(
                    numbers(entry.getValue(), file, layer),
                    HookPoint.residPost(layer),
                    SteeringVector.Origin.unknown(
                            new ModelId(root.path("model_type").asText(""), ""),
                            "read from .svec",
                            ".svec, layer " + layer + ": read at the output of block " + layer
                                    + ", applied by its own tool at the input of block " + layer)));
        }
        return notEmpty(vectors, file);
    }

    private static Vec numbers(JsonNode array, Path file, int layer) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode number = array.get(i);
            if (number == null || !number.isNumber()) {
                throw VectorFiles.unusable(file, "a list of numbers for layer " + layer, String.valueOf(number));
            }
            values[i] = number.floatValue();
        }
        if (values.length == 0) {
            throw VectorFiles.unusable(file, "a list of numbers for layer " + layer, array.getNodeType());
        }
        return Vec.of(values);
    }

    private static List<SteeringVector> notEmpty(List<SteeringVector> vectors, Path file) {
        if (vectors.isEmpty()) {
            throw VectorFiles.unusable(file, "at least one vector", "none");
        }
        int width = vectors.get(0).dModel();
        for (SteeringVector vector : vectors) {
            if (vector.dModel() != width) {
                throw widths(file, width, vector);
            }
        }
        return vectors;
    }

    private static PintleException widths(Path file, int width, SteeringVector vector) {
        return VectorFiles.unusable(file, "vectors of one width, " + width, vector.dModel() + " at " + vector.at());
    }
}
