package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.steering.Capture;
import dev.pintle.steering.Capture.Captured;
import dev.pintle.steering.Tokens;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Reading;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a capture keeps of the activations that it reads. For one answer. */
interface Kept {
    /** Reads them. */
    Reading hook();

    /** The positions that were read at a hook point. */
    int[] positions(HookPoint point);

    /** What is told of a hook point once the answer has ended. */
    Numbers numbers(HookPoint point) throws InterruptedException;

    /**
     * An array, and what was done with activations to get it.
     *
     * @param shape of the values
     * @param values row by row
     * @param indices of latents, as many as values, -1 for none; null if values are no latents
     * @param reduced null for whole activations
     */
    record Numbers(
            long[] shape,
            float[] values,
            int @Nullable [] indices,
            @Nullable ObjectNode reduced) {
        /** Puts shape and data. */
        void put(ObjectNode node, boolean lists) {
            putFacts(node);
            if (lists) {
                putLists(node.putArray("data"));
            } else {
                node.put("data", JsonNumbers.base64(values));
                if (indices != null) {
                    node.put("indices", JsonNumbers.base64(indices));
                }
            }
        }

        private void putFacts(ObjectNode node) {
            ArrayNode sizes = node.putArray("shape");
            for (long size : shape) {
                sizes.add(size);
            }
            node.put("dtype", "f32");
            if (reduced != null) {
                node.set("reduced", reduced);
            }
        }

        /** Adds the data to a file, and puts the shape and which of the file's arrays it is. */
        void put(ObjectNode node, CaptureFile file, String array) {
            putFacts(node);
            file.add(array, shape, values);
            if (indices != null) {
                file.add(array + ".indices", shape, indices);
            }
            node.put("tensor", array);
        }

        /** The numbers of an array of one axis; otherwise a list per row. */
        private void putLists(ArrayNode data) {
            if (shape.length == 1) {
                putRow(data, 0, values.length);
                return;
            }
            int rows = Math.toIntExact(shape[0]);
            int width = rows == 0 ? 0 : values.length / rows;
            for (int row = 0; row < rows; row++) {
                putRow(data.addArray(), row * width, (row + 1) * width);
            }
        }

        private void putRow(ArrayNode list, int from, int to) {
            for (int i = from; i < to; i++) {
                if (indices == null) {
                    list.add(values[i]);
                } else if (indices[i] >= 0) {
                    list.addArray().add(indices[i]).add(values[i]);
                }
            }
        }
    }

    /** Whole activations: `[n, …]`. */
    record Whole(Capture hook) implements Kept {
        Whole(Set<HookPoint> points, Tokens tokens) {
            this(new Capture(points, tokens));
        }

        @Override
        public int[] positions(HookPoint point) {
            return hook.at(point).positions();
        }

        @Override
        public Numbers numbers(HookPoint point) {
            Captured captured = hook.at(point);
            return new Numbers(captured.shape(), captured.values(), null, null);
        }
    }
}
