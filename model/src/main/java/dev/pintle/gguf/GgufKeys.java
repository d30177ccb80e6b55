package dev.pintle.gguf;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.io.GgufValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the metadata of a model key by key, and tracks which keys were understood, so that one that would change results is
 * never ignored in silence. Keys of the architecture are named without it: {@code block_count}.
 */
final class GgufKeys {
    private final Path file;
    private final Map<String, GgufValue> values;
    private final String architecture;
    private final Set<String> understood = new HashSet<>();

    /** @throws PintleException if the file does not say what its architecture is */
    GgufKeys(Path file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = values;
        if (!(values.get("general.architecture") instanceof GgufValue.Text text)) {
            throw FileProblems.of("The file does not say which model it holds.", file)
                    .fact("expected", "general.architecture, a name such as llama")
                    .fact("but was", values.containsKey("general.architecture") ? "not text" : "absent")
                    .toException();
        }
        this.architecture = text.value();
    }

    /** Such as {@code llama}. */
    String architecture() {
        return architecture;
    }

    /** The file, for error messages. */
    Path file() {
        return file;
    }

    /** Whether there is a key of the architecture. */
    boolean has(String key) {
        understood.add(key);
        return values.containsKey(architecture + "." + key);
    }

    /** A required positive integer. */
    int positive(String key) {
        return positiveIfAny(key).orElseThrow(() -> unexpected(key, "a positive integer"));
    }

    /** A positive integer, or {@code otherwise}. */
    int positiveOr(String key, int otherwise) {
        return positiveIfAny(key).orElse(otherwise);
    }

    /** A positive integer, if the key exists. */
    OptionalInt positiveIfAny(String key) {
        if (!has(key)) {
            return OptionalInt.empty();
        }
        GgufValue value = value(key);
        if (value instanceof GgufValue.Array array && !array.values().isEmpty()) { // one a layer, which must agree
            value = array.values().get(0);
            if (array.values().stream().distinct().count() != 1) {
                throw unexpected(key, "the same number for all layers");
            }
        }
        if (value instanceof GgufValue.Int number && number.value() > 0 && number.value() <= Integer.MAX_VALUE) {
            return OptionalInt.of((int) number.value());
        }
        throw unexpected(key, "a positive integer");
    }

    /** A positive integer, if the key exists and is not 0, which says that there is none of something. */
    OptionalInt countIfAny(String key) {
        boolean none = has(key) && value(key) instanceof GgufValue.Int number && number.value() == 0;
        return none ? OptionalInt.empty() : positiveIfAny(key);
    }

    /** A number, if the key exists. */
    OptionalDouble numberIfAny(String key) {
        if (!has(key)) {
            return OptionalDouble.empty();
        }
        GgufValue value = value(key);
        double number = value instanceof GgufValue.Float32 single
                ? Double.parseDouble(Float.toString(single.value())) // 1e-5 and not 9.999999747378752e-6
                : value instanceof GgufValue.Float64 wide
                        ? wide.value()
                        : value instanceof GgufValue.Int whole ? whole.value() : Double.NaN;
        if (!Double.isFinite(number)) {
            throw unexpected(key, "a number");
        }
        return OptionalDouble.of(number);
    }

    /** A required number. */
    double number(String key) {
        return numberIfAny(key).orElseThrow(() -> unexpected(key, "a number"));
    }

    /** A number, or {@code otherwise}. */
    double numberOr(String key, double otherwise) {
        return numberIfAny(key).orElse(otherwise);
    }

    /** A text, or null. */
    @Nullable
    String textOrNull(String key) {
        if (!has(key)) {
            return null;
        }
        if (value(key) instanceof GgufValue.Text text) {
            return text.value();
        }
        throw unexpected(key, "text");
    }

    /** A truth value, or {@code otherwise}. */
    boolean flagOr(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        if (value(key) instanceof GgufValue.Bool truth) {
            return truth.value();
        }
        throw unexpected(key, "true or false");
    }

    /** One truth value a layer; null if the key is absent or has another type. */
    @Nullable
    List<Boolean> flagsOrNull(String key) {
        if (has(key) && value(key) instanceof GgufValue.Array array && array.elements() == GgufValue.Kind.BOOL) {
            return array.values().stream()
                    .map(flag -> ((GgufValue.Bool) flag).value())
                    .toList();
        }
        return null;
    }

    /** Keys that cannot change what the model computes, or whose values follow from others. */
    void passOver(String... keys) {
        understood.addAll(List.of(keys));
    }

    private GgufValue value(String key) {
        return values.getOrDefault(architecture + "." + key, GgufValue.of(false));
    }

    /** The error for a key whose value cannot be used. */
    PintleException unexpected(String key, String expected) {
        return problem(key, expected).toException();
    }

    /** The same problem, to which facts can be added. */
    Problem problem(String key, String expected) {
        String whole = architecture + "." + key;
        GgufValue found = values.get(whole);
        return FileProblems.of("The model's metadata has a value that cannot be used.", file)
                .fact("key", whole)
                .fact("expected", expected)
                .fact(
                        "but was",
                        found == null
                                ? "absent"
                                : found instanceof GgufValue.Array array
                                        ? array.values().size() + " values"
                                        : Excerpt.of(found.toString()));
    }

    /** @throws PintleException naming keys of the architecture that were not understood, unless they are zero or false */
    void requireAllUnderstood() {
        List<String> left = new ArrayList<>();
        values.forEach((key, value) -> {
            boolean none = (value instanceof GgufValue.Int number && number.value() == 0)
                    || (value instanceof GgufValue.Float32 single && single.value() == 0)
                    || (value instanceof GgufValue.Bool truth && !truth.value());
            if (key.startsWith(architecture + ".")
                    && !understood.contains(key.substring(architecture.length() + 1))
                    && !none) {
                left.add(key);
            }
        });
        if (!left.isEmpty()) {
            throw FileProblems.of("The model's metadata has keys that are not understood.", file)
                    .fact("keys", left.stream().limit(5).map(Excerpt::of).toList())
                    .fact("count", left.size())
                    .fact("architecture", Excerpt.of(architecture))
                    .fact("try", "the same model in the Hugging Face format")
                    .toException();
        }
    }
}
