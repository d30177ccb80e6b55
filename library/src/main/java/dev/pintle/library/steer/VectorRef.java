package dev.pintle.library.steer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** A vector in a steering specification: by name or hash, or its numbers. */
public sealed interface VectorRef {
    /** The prefix of a hash. */
    String HASH = "sha256:";

    /**
     * A vector that is kept here.
     *
     * @param name its name, or {@code sha256:} and the hash of its file
     */
    record Kept(String name) implements VectorRef {}

    /**
     * A vector given by its numbers.
     *
     * @param numbers `[dModel]`
     * @param norm mean activation norm at the hook point, the unit of strengths; null if not known
     */
    record Numbers(float[] numbers, @Nullable Double norm) implements VectorRef {}

    /**
     * A file of vectors.
     *
     * @param safetensors its bytes
     */
    record Content(byte[] safetensors) implements VectorRef {}

    /** The object form. */
    record Inline(
            @Nullable String data,
            @Nullable Double norm,
            @Nullable String safetensors) {}

    /** @throws FieldException unless it is one of the forms */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static VectorRef of(JsonNode json) {
        if (json.isTextual()) {
            return new Kept(json.textValue());
        }
        if (!json.isObject()) {
            throw JsonRecords.wrong("", "a name, sha256:HASH, {\"data\": …} or {\"safetensors\": …}", json);
        }
        Inline inline = JsonRecords.read(json, Inline.class, "");
        if ((inline.data == null) == (inline.safetensors == null)) {
            throw new FieldException(
                    "",
                    Problem.of("An inline vector is either numbers or a file.")
                            .fact("expected", "one of data (Base64 of FP32, little-endian) and safetensors (Base64)"));
        }
        if (inline.safetensors != null) {
            if (inline.norm != null) {
                throw new FieldException(
                        "norm",
                        Problem.of("norm only goes with data: a safetensors file records its own activation norm."));
            }
            return new Content(bytes("safetensors", inline.safetensors));
        }
        return new Numbers(numbers(bytes("data", String.valueOf(inline.data))), inline.norm);
    }

    private static byte[] bytes(String field, String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new FieldException(field, Problem.of("This is not Base64.").fact("cause", e.getMessage()), e);
        }
    }

    private static float[] numbers(byte[] bytes) {
        if (bytes.length == 0 || bytes.length % Float.BYTES != 0) {
            throw new FieldException(
                    "data",
                    Problem.of("The numbers of a vector are FP32, little-endian.")
                            .fact("expected", "4 bytes a number")
                            .fact("but was", bytes.length + " bytes"));
        }
        float[] numbers = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(numbers);
        return numbers;
    }
}
