package dev.pintle.steering;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How strongly a vector is added. A plain number is in activation norms, that is, multiples of the mean norm of the
 * activations where the vector was read ({@link Origin#meanActivationNorm}): at 0.45, what is added is 0.45 times as
 * long as an activation there, whatever the vector's own length. With {@code abs} it is a raw multiplier of the vector:
 * 5abs.
 *
 * <p>In JSON, a strength in activation norms is a number, and a raw multiplier a string that ends in {@code abs}.
 *
 * @param value finite; negative to steer away
 * @param unit the unit of the value
 */
public record Strength(double value, Unit unit) {
    /** The suffix of a raw multiplier. */
    public static final String ABSOLUTE = "abs";

    private static final Pattern WRITTEN =
            Pattern.compile("([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d{1,3})?)(abs)?");
    /** A fitted vector has length 1 up to rounding. */
    private static final double ROUNDING = 1e-5;

    private static final int SHOWN = 40;

    /** The unit of a strength. */
    public enum Unit {
        /** Multiples of the mean activation norm at the vector's hook point. */
        NORMS("activation norms"),
        /** Raw multiplier of the vector. */
        FACTOR("raw multiplier");

        private final String words;

        Unit(String words) {
            this.words = words;
        }

        /** In words, for a column header or an axis label. */
        public String words() {
            return words;
        }
    }

    /** @throws IllegalArgumentException if the number is not finite */
    public Strength {
        if (!Double.isFinite(value)) {
            throw unreadable(String.valueOf(value));
        }
    }

    /** A strength in multiples of the mean activation norm. */
    public static Strength norms(double value) {
        return new Strength(value, Unit.NORMS);
    }

    /** A raw multiplier of the vector. */
    public static Strength factor(double value) {
        return new Strength(value, Unit.FACTOR);
    }

    /**
     * Parses {@code 0.45}, in activation norms, or {@code 5abs}, a raw multiplier.
     *
     * @throws IllegalArgumentException naming the valid forms
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static Strength parse(String text) {
        Matcher written = WRITTEN.matcher(text.strip());
        if (!written.matches()) {
            throw unreadable(text);
        }
        double value = Double.parseDouble(written.group(1));
        if (!Double.isFinite(value)) {
            throw unreadable(text);
        }
        return new Strength(value, written.group(2) == null ? Unit.NORMS : Unit.FACTOR);
    }

    private static IllegalArgumentException unreadable(String text) {
        return Problem.of("This is not a valid strength.")
                .fact("expected", "a number in activation norms, such as 0.45, or a raw multiplier, such as 5abs")
                .fact("but was", text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…")
                .toIllegalArgument();
    }

    /**
     * The raw multiplier for a vector.
     *
     * @throws dev.pintle.base.PintleException if the strength is in activation norms and the vector does not record the
     *     norm, or if the product overflows FP32
     */
    public double resolve(SteeringVector vector) {
        double factor = unit == Unit.FACTOR ? value : value * unitOf(vector);
        if (!Double.isFinite((float) (Math.abs(factor) * vector.direction().norm()))) {
            throw Problem.of("Vector times strength is out of range for FP32.")
                    .fact("vector", vector.at() + ", " + vector.direction().norm() + " long")
                    .fact("strength", this)
                    .toException();
        }
        return factor;
    }

    /**
     * Refuses a strength that a dtype cannot represent, before a model is loaded in it.
     *
     * @throws IllegalArgumentException naming the largest value that the dtype can represent
     */
    public void requireHeld(DType dtype) {
        Intervention.requireHeld("strength", value, dtype);
    }

    /** This strength in activation norms; empty if the vector does not record the norm at its hook point. */
    public OptionalDouble inNorms(SteeringVector vector) {
        if (unit == Unit.NORMS) {
            return OptionalDouble.of(value);
        }
        return knowsNorm(vector) ? OptionalDouble.of(value / unitOf(vector)) : OptionalDouble.empty();
    }

    /** Whether a vector records the activation norm, so that strengths can be in activation norms. */
    public static boolean knowsNorm(SteeringVector vector) {
        double norm = vector.origin().meanActivationNorm();
        return Double.isFinite(norm) && norm > 0;
    }

    /** The raw multiplier that makes a vector as long as a typical activation. */
    private double unitOf(SteeringVector vector) {
        if (!knowsNorm(vector)) {
            throw Problem.of("The vector does not record the activation norm at its hook point.")
                    .fact(
                            "vector",
                            vector.at() + ", " + vector.origin().method().name())
                    .fact("strength", this + " activation norms")
                    .fact("try", "a raw multiplier, such as 5abs, or a vector fitted by pintle")
                    .toException();
        }
        double length = vector.direction().norm();
        double norm = vector.origin().meanActivationNorm();
        return Math.abs(length - 1) < ROUNDING ? norm : norm / length;
    }

    /** Both units, as far as they are known: {@code 0.45 activation norms (raw multiplier 4.9)}. */
    public String describe(SteeringVector vector) {
        OptionalDouble norms = inNorms(vector);
        String multiplier = "raw multiplier " + rounded(resolve(vector));
        return norms.isPresent() ? rounded(norms.getAsDouble()) + " activation norms (" + multiplier + ")" : multiplier;
    }

    private static String rounded(double value) {
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e5)) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        String text = String.format(Locale.ROOT, size < 10 ? "%.3f" : "%.2f", value);
        return text.replaceAll("\\.?0+$", "");
    }

    /** For JSON: a number in activation norms, otherwise a string that {@link #parse} accepts. */
    @JsonValue
    Object json() {
        return unit == Unit.NORMS ? (Object) value : toString();
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Strength ofNumber(double value) {
        return norms(value);
    }

    /** The form that {@link #parse} accepts. */
    @Override
    public String toString() {
        String text = Double.toString(value);
        return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text)
                + (unit == Unit.FACTOR ? ABSOLUTE : "");
    }
}
