package dev.pintle.family;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Maps the weight names of a checkpoint to those of the architecture. Tools save a model together with its wrappers,
 * each of which adds a prefix to every weight name: {@code _orig_mod.} from torch.compile, {@code module.} from
 * data-parallel training, {@code language_model.} from vision-language models.
 */
final class WeightNames {
    private static final Set<String> WRAPPERS =
            Set.of("_orig_mod", "module", "language_model", "_fsdp_wrapped_module", "_checkpoint_wrapped_module");
    private static final String ADAPTED = "base_model.model."; // prefix of models with a merged adapter
    private static final Set<String> OF_THE_BASE = Set.of("embed_tokens", "layers", "norm"); // saved without the head

    private WeightNames() {}

    /**
     * The stored name of each weight, by its name in the architecture.
     *
     * @param place where the checkpoint is, for the error message
     * @throws dev.pintle.base.PintleException if two stored names refer to the same weight
     */
    static Map<String, String> stored(Collection<String> names, String place) {
        Map<String, String> stored = new LinkedHashMap<>();
        for (String name : names) {
            String other = stored.put(plain(name), name);
            if (other != null) {
                throw Problem.of("Two weights in the checkpoint refer to the same weight of the model.")
                        .fact("checkpoint", place)
                        .fact("weight", Excerpt.of(plain(name)))
                        .fact("stored as", Excerpt.of(other))
                        .fact("stored as", Excerpt.of(name))
                        .fact("try", "a checkpoint that contains only one of them")
                        .toException();
            }
        }
        return stored;
    }

    /** A name without the prefixes of wrappers. */
    static String plain(String name) {
        List<String> parts = new ArrayList<>();
        String rest = name;
        while (true) {
            int dot = rest.indexOf('.');
            String part = dot < 0 ? rest : rest.substring(0, dot);
            if (dot < 0 || !WRAPPERS.contains(part)) {
                parts.add(part);
            }
            if (dot < 0) {
                break;
            }
            rest = rest.substring(dot + 1);
        }
        String plain = String.join(".", parts);
        while (plain.startsWith(ADAPTED)) {
            plain = plain.substring(ADAPTED.length());
        }
        return OF_THE_BASE.contains(plain.split("\\.", 2)[0]) ? "model." + plain : plain;
    }
}
