package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Arrays as a safetensors file, made in memory: the length of a header in JSON, the header, and the numbers. */
final class CaptureFile {
    private static final int ALIGNED = 8;
    /** More than the header ever has for one array: a name, a type, a shape of a few axes, two offsets. */
    private static final long MOST_OF_ONE = 256;

    private final ObjectNode header = Json.object();
    private final List<Object> arrays = new ArrayList<>(); // float[] or int[]
    private int bytes;

    /** The most bytes of a header for a capture of some hook points: two arrays each, positions and ids. */
    static long header(int points) {
        return MOST_OF_ONE * (2L * points + 3);
    }

    /** Adds FP32. */
    CaptureFile add(String name, long[] shape, float[] values) {
        return add(name, "F32", shape, values, values.length);
    }

    /** Adds INT32. */
    CaptureFile add(String name, long[] shape, int[] values) {
        return add(name, "I32", shape, values, values.length);
    }

    private CaptureFile add(String name, String dtype, long[] shape, Object values, int length) {
        ObjectNode entry = header.putObject(name).put("dtype", dtype);
        ArrayNode sizes = entry.putArray("shape");
        for (long size : shape) {
            sizes.add(size);
        }
        int end = Math.addExact(bytes, Math.multiplyExact(length, Integer.BYTES));
        entry.putArray("data_offsets").add(bytes).add(end);
        bytes = end;
        arrays.add(values);
        return this;
    }

    /** The file. */
    byte[] bytes() {
        StringBuilder text = new StringBuilder(Json.line(header));
        int length = text.toString().getBytes(StandardCharsets.UTF_8).length;
        text.append(" ".repeat((ALIGNED - length % ALIGNED) % ALIGNED));
        byte[] head = text.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Math.addExact(Long.BYTES + head.length, bytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(head.length).put(head);
        for (Object array : arrays) {
            if (array instanceof float[] values) {
                file.asFloatBuffer().put(values);
                file.position(file.position() + Float.BYTES * values.length);
            } else if (array instanceof int[] values) {
                file.asIntBuffer().put(values);
                file.position(file.position() + Integer.BYTES * values.length);
            }
        }
        return file.array();
    }
}
