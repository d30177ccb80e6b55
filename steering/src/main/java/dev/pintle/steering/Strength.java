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
 * How strongly a vector is added. A plain number counts in activation norms, multiples of the mean length of the activations
 * where the vector was read ({@link Origin#meanActivationNorm}): at 0.45 what is added is 0.45 times as long as
 * an activation there, whatever the vector's own length. With {@code abs} it is the factor on the vector as it is: 5abs.
 *
 * <p>In JSON a strength in activation norms is a number, a factor a string that ends in {@code abs}.
 *
 * @param value finite; negative to steer away
 * @param unit what it counts in
 */
public record Strength(double value, Unit unit) {
    /** What is written behind a factor. */
    public static final String ABSOLUTE = "abs";

    private static final Pattern WRITTEN =
            Pattern.compile("([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d{1,3})?)(abs)?");
    /** A fitted vector has length 1 up to the rounding of its numbers. */
    private static final double ROUNDING = 1e-5;

    private static final int SHOWN = 40;

    /** What a strength counts in. */
    public enum Unit {
        /** Multiples of the mean activation norm at the vector's hook point. */
        NORMS("activation norms"),
        /** The factor on the vector as it is. */
        FACTOR("factor on the vector");

        private final String words;

        Unit(String words) {
            this.words = words;
        }

        /** In words, for the head of a column or the name of an axis. */
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

    /** In multiples of the mean activation norm. */
    public static Strength norms(double value) {
        return new Strength(value, Unit.NORMS);
    }

    /** As a factor on the vector as it is. */
    public static Strength factor(double value) {
        return new Strength(value, Unit.FACTOR);
    }

    /**
     * Reads {@code 0.45}, in activation norms, or {@code 5abs}, a factor.
     *
     * @throws IllegalArgumentException saying what can be written
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
        return Problem.of("The strength cannot be read.")
                .fact("expected", "a number in activation norms, such as 0.45, or a factor on the vector, such as 5abs")
                .fact("but was", text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…")
                .toIllegalArgument();
    }

    /**
     * The factor on a vector as it is.
     *
     * @throws dev.pintle.base.PintleException if the strength counts in activation norms and their length is not known, or
     *     if what would be added is beyond what FP32 holds
     */
    public double resolve(SteeringVector vector) {
        double factor = unit == Unit.FACTOR ? value : value * unitOf(vector);
        if (!Double.isFinite((float) (Math.abs(factor) * vector.direction().norm()))) {
            throw Problem.of("What the strength would add is beyond the largest number that FP32 holds.")
                    .fact("vector", vector.at() + ", " + vector.direction().norm() + " long")
                    .fact("strength", this)
                    .toException();
        }
        return factor;
    }

    /**
     * Refuses a number that no vector can be multiplied by in a dtype, before a model is loaded in it.
     *
     * @throws IllegalArgumentException with the largest that it holds
     */
    public void requireHeld(DType dtype) {
        Intervention.requireHeld("strength", value, dtype);
    }

    /** This strength in activation norms; empty where their length is not known at the vector's hook point. */
    public OptionalDouble inNorms(SteeringVector vector) {
        if (unit == Unit.NORMS) {
            return OptionalDouble.of(value);
        }
        return knowsNorm(vector) ? OptionalDouble.of(value / unitOf(vector)) : OptionalDouble.empty();
    }

    /** Whether strengths in activation norms can be used with a vector. */
    public static boolean knowsNorm(SteeringVector vector) {
        double norm = vector.origin().meanActivationNorm();
        return Double.isFinite(norm) && norm > 0;
    }

    /** The factor that makes a vector as long as an activation. */
    private double unitOf(SteeringVector vector) {
        if (!knowsNorm(vector)) {
            throw Problem.of("The vector does not say how long activations are where it steers.")
                    .fact(
                            "vector",
                            vector.at() + ", " + vector.origin().method().name())
                    .fact("strength", this + " activation norms")
                    .fact("try", "a factor on the vector as it is, such as 5abs, or a vector fitted by pintle")
                    .toException();
        }
        double length = vector.direction().norm();
        double norm = vector.origin().meanActivationNorm();
        return Math.abs(length - 1) < ROUNDING ? norm : norm / length;
    }

    /** Both units as far as they are known: {@code 0.45 activation norms (factor 4.9)}. */
    public String describe(SteeringVector vector) {
        OptionalDouble norms = inNorms(vector);
        String factor = "factor " + rounded(resolve(vector));
        return norms.isPresent() ? rounded(norms.getAsDouble()) + " activation norms (" + factor + ")" : factor;
    }

    private static String rounded(double value) {
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1e5)) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        String text = String.format(Locale.ROOT, size < 10 ? "%.3f" : "%.2f", value);
        return text.replaceAll("\\.?0+$", "");
    }

    /** For JSON: a number in activation norms, else as {@link #parse} reads it. */
    @JsonValue
    Object json() {
        return unit == Unit.NORMS ? (Object) value : toString();
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Strength ofNumber(double value) {
        return norms(value);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        String text = Double.toString(value);
        return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text)
                + (unit == Unit.FACTOR ? ABSOLUTE : "");
    }
}
