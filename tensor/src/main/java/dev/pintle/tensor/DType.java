package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The element type of a tensor. */
public enum DType {
    /** IEEE double. */
    FP64(8, ScalarType.Double),
    /** IEEE single. */
    FP32(4, ScalarType.Float),
    /** IEEE half. */
    FP16(2, ScalarType.Half),
    /** The upper 16 bits of an IEEE single. */
    BF16(2, ScalarType.BFloat16),
    /** 8 bits: a sign, 4 bits of exponent and 3 of mantissa, without infinities. Weights are stored in it, not computed. */
    FP8_E4M3(1, ScalarType.Float8_e4m3fn),
    /** Signed 64-bit integer. */
    INT64(8, ScalarType.Long),
    /** Signed 32-bit integer. */
    INT32(4, ScalarType.Int),
    /** Signed 16-bit integer. */
    INT16(2, ScalarType.Short),
    /** Signed 8-bit integer. */
    INT8(1, ScalarType.Char),
    /** Unsigned 8-bit integer. */
    UINT8(1, ScalarType.Byte),
    /** Boolean, one byte. */
    BOOL(1, ScalarType.Bool);

    /** Dtypes available for a model's weights and residual stream. */
    public static final List<DType> MODELS = List.of(FP32, BF16, FP16, FP64);

    private final int bytes;
    private final ScalarType scalarType;

    DType(int bytes, ScalarType scalarType) {
        this.bytes = bytes;
        this.scalarType = scalarType;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    /** A number as this floating-point dtype holds it. */
    public double rounded(double number) {
        try (TensorScope scope = TensorScope.open("round a number")) {
            return Tensor.of(new double[] {number}, 1).to(this).toDoubles()[0];
        }
    }

    /** The dtype in which norms, softmax, logits and statistics of a model of this dtype are computed: FP32, or FP64 for FP64. */
    public DType precise() {
        return this == FP64 ? FP64 : FP32;
    }

    /** Whether elements are floating-point numbers of at least 16 bits, which need no scale. */
    public boolean isFloating() {
        return this == FP64 || this == FP32 || this == FP16 || this == BF16;
    }

    /**
     * The largest finite value.
     *
     * @throws IllegalArgumentException for non-floating-point types
     */
    public double largest() {
        return switch (this) {
            case FP64 -> Double.MAX_VALUE;
            case FP32 -> Float.MAX_VALUE;
            case BF16 -> 0x1.FEp127;
            case FP16 -> 65504;
            default ->
                throw new IllegalArgumentException("The elements of " + this + " are not floating-point numbers.");
        };
    }

    ScalarType scalarType() {
        return scalarType;
    }

    static DType of(ScalarType type) {
        return Arrays.stream(values())
                .filter(d -> d.scalarType.value == type.value)
                .findFirst()
                .orElseThrow(() -> Problem.of("libtorch returned a tensor of a dtype that is not supported here.")
                        .fact("dtype", type)
                        .toException());
    }

    /**
     * Parses a name: {@code bf16}, {@code bfloat16}, {@code fp32}, {@code float32}, …
     *
     * @throws IllegalArgumentException listing the choices
     */
    public static DType parse(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "fp64", "float64", "double", "f64" -> FP64;
            case "fp32", "float32", "float", "f32" -> FP32;
            case "fp16", "float16", "half", "f16" -> FP16;
            case "bf16", "bfloat16" -> BF16;
            case "fp8_e4m3", "f8_e4m3" -> FP8_E4M3;
            case "int64", "i64" -> INT64;
            case "int32", "i32" -> INT32;
            case "int16", "i16" -> INT16;
            case "int8", "i8" -> INT8;
            case "uint8", "u8" -> UINT8;
            case "bool" -> BOOL;
            default ->
                throw Problem.of("There is no such dtype.")
                        .fact("but was", name)
                        .fact(
                                "choose",
                                Arrays.stream(values()).map(DType::toString).collect(Collectors.joining(", ")))
                        .toIllegalArgument();
        };
    }

    /**
     * Parses the name of one of several dtypes, such as {@link #MODELS}.
     *
     * @throws IllegalArgumentException listing these choices, for any other name
     */
    public static DType parse(String name, List<DType> choices) {
        DType named = null;
        try {
            named = parse(name);
        } catch (IllegalArgumentException e) {
            // refused below, with the choices available here
        }
        if (named == null || !choices.contains(named)) {
            throw Problem.of(named == null ? "There is no such dtype." : "This dtype cannot be used here.")
                    .fact("but was", name)
                    .fact("choose", choices.stream().map(DType::toString).collect(Collectors.joining(", ")))
                    .toIllegalArgument();
        }
        return named;
    }

    /** The name in lower case: {@code bf16}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
