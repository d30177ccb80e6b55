package dev.pintle.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;

/** Numbers in JSON, which has no NaN and no infinity: they are null. */
public final class JsonNumbers {
    private JsonNumbers() {}

    /** Puts a number. */
    public static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        } else {
            node.putNull(name);
        }
    }

    /** Adds a number. */
    public static void add(ArrayNode list, double value) {
        if (Double.isFinite(value)) {
            list.add(value);
        } else {
            list.addNull();
        }
    }

    /** FP32, little-endian, in Base64. */
    public static String base64(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** INT32, little-endian, in Base64. */
    public static String base64(int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Integer.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** Maps, lists and plain values as a tree. */
    public static JsonNode tree(Object value) {
        try {
            return Json.parse(Json.line(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What was written as JSON can be read.", e);
        }
    }
}
