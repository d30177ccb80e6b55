package dev.pintle.library.steer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.steering.Strength;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a steering specification: an operation on a vector, or on one latent of an autoencoder. Every field has a
 * meaning for the entry's operation, or is refused.
 *
 * @param vector the vector; null for a latent
 * @param at where it acts; null for where the vector was fitted
 * @param op what is done; {@code add} by default
 * @param strength how much of the vector is added (add, rotate)
 * @param unit unit of strength, low and high: {@code norm} (multiples of the mean activation norm, the default) or
 *     {@code absolute} (a raw multiplier of the vector; a component as it is)
 * @param share fraction of the component that is removed (ablate a vector); 1 by default
 * @param low lower bound (clamp); null for none
 * @param high upper bound (clamp); null for none
 * @param positions the tokens it acts on; all by default
 * @param when the condition under which it acts; null for none
 * @param sae autoencoder of the latent
 * @param latent index of the latent
 * @param value what is added to the latent, or what it is multiplied by (add, scale)
 */
public record SteeringEntry(
        @Nullable VectorRef vector,
        @Nullable Places at,
        @Nullable Op op,
        @Nullable Amount strength,
        @Nullable Unit unit,
        @Nullable Double share,
        @Nullable Double low,
        @Nullable Double high,
        @Nullable PositionsSpec positions,
        @Nullable When when,
        @Nullable String sae,
        @Nullable Integer latent,
        @Nullable Double value) {

    /** What is done. */
    public enum Op {
        ADD,
        ABLATE,
        CLAMP,
        ROTATE,
        SCALE;

        @JsonCreator
        static Op of(String name) {
            return choice(Op.class, name);
        }

        /** The name in JSON. */
        @JsonValue
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The unit of a number that belongs to a vector. */
    public enum Unit {
        /** Multiples of the mean activation norm that the vector records. */
        NORM,
        /** As it is: a raw multiplier of the vector, or a component. */
        ABSOLUTE;

        @JsonCreator
        static Unit of(String name) {
            return choice(Unit.class, name);
        }

        /** The name in JSON. */
        @JsonValue
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A strength in JSON: a number in the entry's unit, or with its own as on the command line, {@code "5abs"}. */
    public record Amount(double value, @Nullable Unit own) {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static Amount of(JsonNode json) {
            if (json.isNumber()) {
                return new Amount(json.doubleValue(), null);
            }
            if (!json.isTextual()) {
                throw JsonRecords.wrong("", "a number, or a text such as \"5abs\"", json);
            }
            Strength parsed = Strength.parse(json.textValue());
            return new Amount(parsed.value(), parsed.unit() == Strength.Unit.NORMS ? Unit.NORM : Unit.ABSOLUTE);
        }
    }

    /**
     * A condition on the same token: it is met where the component along a vector exceeds a number.
     *
     * @param vector the vector; its length does not matter
     * @param at the hook point that is judged; null for the vector's own
     * @param above the least component that qualifies
     * @param unit unit of {@code above}; {@code norm} by default
     */
    public record When(
            VectorRef vector,
            @Nullable Places at,
            @Nullable Double above,
            @Nullable Unit unit) {
        /** @throws FieldException if a field is missing */
        public When {
            require(vector != null, "vector", "the vector along which tokens are judged");
            require(above != null, "above", "the least component that qualifies");
            require(at == null || at.points().size() == 1, "at", "one layer or hook point");
        }
    }

    /** @throws FieldException for a field that is missing, or has no meaning for the operation */
    public SteeringEntry {
        require((vector == null) != (sae == null), "vector", "either a vector, or an sae with a latent");
        Op what = op == null ? Op.ADD : op;
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("strength", strength);
        given.put("unit", unit);
        given.put("share", share);
        given.put("low", low);
        given.put("high", high);
        given.put("latent", latent);
        given.put("value", value);
        given.values().removeIf(Objects::isNull);
        List<String> takes = takes(vector != null, what);
        for (String field : given.keySet()) {
            if (!takes.contains(field)) {
                throw new FieldException(
                        field,
                        Problem.of("The field has no meaning for this operation.")
                                .fact("operation", what.label() + (vector != null ? " of a vector" : " of a latent"))
                                .fact("takes", takes.isEmpty() ? "no further field" : String.join(", ", takes)));
            }
        }
        if (vector != null) {
            require(what == Op.ABLATE || what == Op.CLAMP || strength != null, "strength", "how much is added");
        } else {
            require(latent != null, "latent", "the index of a latent");
            require(what == Op.ABLATE || what == Op.CLAMP || value != null, "value", "a number");
        }
        require(what != Op.CLAMP || low != null || high != null, "high", "at least one of low and high");
        require(
                unit == null || strength == null || strength.own() == null || strength.own() == unit,
                "unit",
                "the unit that the strength itself has, or none");
    }

    private static List<String> takes(boolean ofVector, Op op) {
        if (ofVector) {
            return switch (op) {
                case ADD, ROTATE -> List.of("strength", "unit");
                case ABLATE -> List.of("share");
                case CLAMP -> List.of("low", "high", "unit");
                case SCALE ->
                    throw new FieldException(
                            "op",
                            Problem.of("A vector can't be scaled; a latent can.")
                                    .fact("expected", "add, ablate, clamp or rotate")
                                    .fact("but was", "scale"));
            };
        }
        return switch (op) {
            case ADD, SCALE -> List.of("latent", "value");
            case ABLATE -> List.of("latent");
            case CLAMP -> List.of("latent", "low", "high");
            case ROTATE ->
                throw new FieldException(
                        "op",
                        Problem.of("A latent has no direction to rotate toward; a vector has.")
                                .fact("expected", "add, scale, ablate or clamp")
                                .fact("but was", "rotate"));
        };
    }

    /** What is done. */
    public Op operation() {
        return op == null ? Op.ADD : op;
    }

    /** A copy whose effect is scaled: strengths, shares and what is added to latents are multiplied. */
    public SteeringEntry scaled(double by) {
        return switch (operation()) {
            case ADD, ROTATE ->
                new SteeringEntry(
                        vector,
                        at,
                        op,
                        strength == null ? null : new Amount(strength.value() * by, strength.own()),
                        unit,
                        share,
                        low,
                        high,
                        positions,
                        when,
                        sae,
                        latent,
                        value == null ? null : value * by);
            case ABLATE, CLAMP, SCALE ->
                throw Problem.of("Only additions and rotations can be scaled.")
                        .fact("operation", operation().label())
                        .fact(
                                "try",
                                "the preset without @, its own strength in the request's steering, or pintle evaluate --multiples 0,1")
                        .toException();
        };
    }

    private static void require(boolean holds, String field, String expected) {
        if (!holds) {
            throw new FieldException(
                    field, Problem.of("A steering entry is incomplete.").fact("expected", expected));
        }
    }

    private static <E extends Enum<E>> E choice(Class<E> type, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of("There is no such choice.")
                        .fact(
                                "choose",
                                Arrays.stream(type.getEnumConstants())
                                        .map(one -> one.name().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", ")))
                        .fact("but was", name)
                        .toIllegalArgument());
    }
}
