package dev.pintle.steering.files;

import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.GgufFolder;
import dev.pintle.model.ModelId;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/*
 * Control vectors in GGUF. What the number N of direction.N means:
 *
 *   repeng, llama.cpp, EasySteer   output of block N
 *   llama.cpp cvector-generator    read at the output of block N - 1, applied by llama.cpp after block N: stays at N.
 *                                  Recognised by its signed layer count
 *   GLP                            output of block N, or N - 1 if it says that it is 1-based
 */
/** Reads and writes control vectors in GGUF. Those written by Pintle also carry its metadata, under {@code steer.*}. */
final class ControlVectors implements VectorFormat {
    private static final String OWN_KEYS = "steer.";
    private static final Pattern DIRECTION = Pattern.compile("direction\\.(\\d{1,5})(?:\\.(\\d{1,5}))?");

    @Override
    public List<String> endings() {
        return List.of("gguf");
    }

    @Override
    public boolean isWritten() {
        return true;
    }

    @Override
    public void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        SteeringVector first = vectors.values().iterator().next();
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.of("controlvector"));
        values.put(
                "controlvector.model_hint", GgufValue.of(family(first.origin().model())));
        values.put("controlvector.layer_count", GgufValue.uint32(vectors.size()));
        OwnVectors.metadata(vectors).forEach((key, value) -> values.put(OWN_KEYS + key, GgufValue.of(value)));
        Gguf.write(file, values, OwnVectors.tensors(vectors));
    }

    /** A model's family as named in its config.json; the model's name if that file cannot be found. */
    private static String family(ModelId model) {
        try {
            Path config = GgufFolder.of(ModelFolders.find(model.name())).resolve("config.json");
            return Json.file(config).path("model_type").asText(model.name());
        } catch (IOException | PintleException | InvalidPathException e) {
            return model.name();
        }
    }

    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        try (Gguf gguf = Gguf.open(file)) {
            Map<String, String> own = new LinkedHashMap<>();
            gguf.metadata().forEach((key, value) -> {
                if (key.startsWith(OWN_KEYS)) {
                    own.put(key.substring(OWN_KEYS.length()), value);
                }
            });
            return OwnVectors.isOwn(own) ? OwnVectors.described(gguf, own, file) : foreign(gguf, file, hints);
        }
    }

    private static List<SteeringVector> foreign(Gguf gguf, Path file, VectorHints hints) {
        Map<String, String> facts = gguf.metadata();
        String kind = facts.getOrDefault("general.architecture", "");
        if (!kind.equals("controlvector") && !kind.equals("steeringvector")) {
            throw VectorFiles.unusable(
                    file, "general.architecture controlvector or steeringvector", kind.isEmpty() ? "none" : kind);
        }
        String model = facts.getOrDefault(kind + ".model_hint", "");
        String mode = facts.getOrDefault("glp.mode", "add");
        Foreign.requireAddition(mode, List.of("add", "project"), file, hints);
        GgufValue count = gguf.values().get(kind + ".layer_count");
        boolean generator = count != null && count.kind() == GgufValue.Kind.INT32;
        boolean fromOne = "false".equals(facts.get("glp.layer_ids_zero_based"));
        List<SteeringVector> vectors = new ArrayList<>();
        for (String name : gguf.names()) {
            Matcher matcher = DIRECTION.matcher(name);
            boolean ranked = matcher.matches()
                    && matcher.group(2) != null
                    && !matcher.group(2).equals("0");
            if (!matcher.matches() || ranked || gguf.listed(name).shape().rank() != 1) {
                throw VectorFiles.unusable(
                        file,
                        "one tensor direction.N [dModel] per layer",
                        name + " " + gguf.listed(name).shape());
            }
            int number = Integer.parseInt(matcher.group(1));
            HookPoint at = glpPlace(facts, fromOne ? number - 1 : number, file);
            String source = generator
                    ? "cvector-generator GGUF, direction." + number + ": read at the output of block " + (number - 1)
                            + ", applied by llama.cpp after block " + number
                    : kind + " GGUF, direction." + number + ": output of block " + at.layer();
            String strength = facts.get("glp.alpha_default");
            vectors.add(Foreign.vector(
                    gguf.tensor(name),
                    at,
                    model,
                    facts.getOrDefault(kind + ".method", facts.getOrDefault("glp.method", mode)),
                    strength == null ? source : source + ", recommended strength " + strength));
        }
        return Foreign.checked(vectors, file);
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
}
