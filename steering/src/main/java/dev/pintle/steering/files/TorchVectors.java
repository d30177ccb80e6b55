package dev.pintle.steering.files;

import dev.pintle.base.PintleException;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.tensor.io.TorchCheckpoint.TensorRef;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/*
 * Vectors written by torch.save. What a layer number N means:
 *
 *   steering-vectors        layer_activations by N: output of block N
 *   lm-evaluation-harness   output of module layers.N
 *   CAA                     output of block N, from the file name
 *   refusal_direction       input of block N
 *   a dictionary by N       output of block N; if there is one key more than blocks, hidden state N
 */
/** Reads and writes vectors in PyTorch's format. */
final class TorchVectors implements VectorFormat {
    @Override
    public List<String> endings() {
        return List.of("pt", "pth");
    }

    @Override
    public boolean isWritten() {
        return true;
    }

    @Override
    public void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        TorchCheckpoint.write(file, harness(vectors.values()));
    }

    /** The dictionary that lm-evaluation-harness loads; it looks up modules relative to the base model. */
    private static Map<String, Object> harness(Collection<SteeringVector> vectors) {
        Map<String, Object> modules = new LinkedHashMap<>();
        for (SteeringVector vector : vectors) {
            Map<String, Object> steer = new LinkedHashMap<>();
            steer.put("steering_vector", Tensor.of(vector.direction()));
            steer.put("steering_coefficient", 1.0);
            steer.put("action", "add");
            putNull(steer, "bias");
            modules.put("layers." + vector.at().layer(), steer);
        }
        return modules;
    }

    @SuppressWarnings("NullAway") // the harness requires the key, with value None
    private static void putNull(Map<String, Object> map, String key) {
        map.put(key, null);
    }

    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file)) {
            Object root = checkpoint.root();
            if (root instanceof TensorRef bare) {
                return BareVectors.of(checkpoint.tensor(bare), file, hints);
            }
            if (root instanceof Map<?, ?> map && map.get("layer_activations") instanceof Map<?, ?> layers) {
                return byKey(checkpoint, layers, String.valueOf(map.get("layer_type")), file, hints);
            }
            if (root instanceof Map<?, ?> map) {
                return dictionary(checkpoint, map, file, hints);
            }
            if (root instanceof List<?> list) {
                List<SteeringVector> vectors = new ArrayList<>();
                for (Object item : list) {
                    if (!(item instanceof Map<?, ?> record) || !(record.get("hookpoint") instanceof String place)) {
                        throw VectorFiles.unusable(file, "a list of records with a hookpoint", shown(item));
                    }
                    vectors.add(harness(checkpoint, place, record, file, hints));
                }
                return Foreign.checked(vectors, file);
            }
            throw VectorFiles.unusable(file, "a tensor, or a dictionary of tensors by layer", shown(root));
        }
    }

    private static String shown(@Nullable Object value) {
        return value == null ? "None" : value.getClass().getSimpleName().replaceFirst("^Unmodifiable", "");
    }

    private static List<SteeringVector> dictionary(
            TorchCheckpoint checkpoint, Map<?, ?> map, Path file, VectorHints hints) {
        Map<String, TensorRef> tensors = new LinkedHashMap<>();
        Map<String, Object> facts = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (value instanceof TensorRef ref) {
                tensors.put(String.valueOf(key), ref);
            } else if (!(value instanceof Map<?, ?>)) {
                facts.put(String.valueOf(key), String.valueOf(value));
            }
        });
        if (!hints.tensor().isEmpty()) {
            NamedVectors.requireTensor(tensors.keySet(), file, hints);
            tensors.keySet().retainAll(List.of(hints.tensor()));
        } else if (tensors.size() != 1
                || Foreign.placeOf(tensors.keySet().iterator().next()).isPresent()) {
            List<String> unplaced = tensors.keySet().stream()
                    .filter(name -> Foreign.placeOf(name).isEmpty())
                    .toList();
            if (!unplaced.isEmpty()) {
                throw NamedVectors.severalTensors(unplaced, file);
            }
            return byKey(checkpoint, map, "decoder_block", file, hints);
        }
        Map.Entry<String, TensorRef> only = tensors.entrySet().iterator().next();
        String beside = facts.entrySet().stream()
                .map(fact -> fact.getKey() + " = " + cut(String.valueOf(fact.getValue())))
                .collect(Collectors.joining(", "));
        try {
            return BareVectors.of(checkpoint.tensor(only.getValue()), file, hints).stream()
                    .map(vector -> Foreign.vector(
                            Tensor.of(vector.direction()),
                            vector.at(),
                            vector.origin().model().name(),
                            vector.origin().method().name(),
                            "key " + only.getKey() + ", " + vector.origin().source()
                                    + (beside.isEmpty() ? "" : "; beside it " + beside)))
                    .toList();
        } catch (PintleException e) {
            throw beside.isEmpty() ? e : e.problem().fact("beside it", beside).toException();
        }
    }

    private static String cut(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private static List<SteeringVector> byKey(
            TorchCheckpoint checkpoint, Map<?, ?> layers, String type, Path file, VectorHints hints) {
        boolean hiddenStates = hints.firstRow() == VectorHints.FirstRow.EMBEDDING
                || (hints.firstRow() == null && hints.blocks() > 0 && reaches(layers, hints.blocks()));
        List<SteeringVector> vectors = new ArrayList<>();
        for (Map.Entry<?, ?> entry : layers.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (entry.getValue() instanceof TensorRef ref) {
                HookPoint named = Foreign.place(key, file);
                HookPoint at = hiddenStates ? Foreign.inputOf(named.layer()) : site(type, named, file);
                vectors.add(Foreign.vector(
                        Foreign.row(checkpoint.tensor(ref), file),
                        at,
                        "",
                        "read from .pt",
                        hiddenStates
                                ? ".pt, key " + key + ": hidden state " + key
                                : ".pt, key " + key + ": " + type + ", output of block " + at.layer()));
            } else if (entry.getValue() instanceof Map<?, ?> record && record.containsKey("steering_vector")) {
                vectors.add(harness(checkpoint, key, record, file, hints));
            } else {
                throw VectorFiles.unusable(file, "a tensor by layer", key + ": " + shown(entry.getValue()));
            }
        }
        return Foreign.checked(vectors, file);
    }

    /** Whether the keys are plain numbers, one more than the model has blocks. */
    private static boolean reaches(Map<?, ?> layers, int blocks) {
        return layers.size() == blocks + 1
                && layers.keySet().stream()
                        .map(String::valueOf)
                        .allMatch(key -> key.matches("\\d{1,5}") && Integer.parseInt(key) <= blocks);
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
        Foreign.requireAddition(String.valueOf(record.get("action")), List.of("add", "clamp"), file, hints);
        if (!(record.get("steering_vector") instanceof TensorRef ref)) {
            throw VectorFiles.unusable(file, "a tensor steering_vector at " + place, record.keySet());
        }
        return Foreign.vector(
                Foreign.row(checkpoint.tensor(ref), file),
                Foreign.place(place, file),
                "",
                "read from .pt",
                "lm-evaluation-harness .pt, " + place + ": output of the module, coefficient "
                        + record.get("steering_coefficient"));
    }
}
