package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.cli.LayerList;
import dev.pintle.library.Library;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.transformer.ModelConfig;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A model, and how each executor loads it.
 *
 * @param name as for {@link Library#model}: a name, or a folder or file that every executor sees
 * @param dtype of weights and residual stream
 * @param device {@code cpu}, {@code cuda}, {@code cuda:N}, or {@code best}, which each executor decides
 * @param quantisation how matrices are rounded, on a CPU
 * @param pull whether an executor downloads what its cache lacks
 */
public record ModelSpec(String name, DType dtype, String device, Quantisation quantisation, boolean pull)
        implements Serializable {
    /** In FP32 on the best device of each executor, from the cache. */
    public static ModelSpec of(String name) {
        return new ModelSpec(name, DType.FP32, "best", Quantisation.NONE, false);
    }

    /** What a job's manifest says of it. */
    ObjectNode fields() {
        return Json.object()
                .put("name", name)
                .put("dtype", dtype.toString())
                .put("device", device)
                .put("quantisation", quantisation.toString());
    }

    /**
     * Layers of the model, 0-based.
     *
     * @param parts numbers and ranges; none for all
     * @throws IllegalArgumentException if the model lacks one
     */
    List<Integer> layers(Library library, List<String> parts) {
        int blocks = blocks(library);
        return parts.isEmpty()
                ? IntStream.range(0, blocks).boxed().toList()
                : LayerList.of(parts, blocks).stream().distinct().toList();
    }

    /** Number of blocks of the model. */
    int blocks(Library library) {
        return library.blocks(name).orElseGet(() -> {
            ModelConfig config = library.known(name).config();
            if (config == null) {
                throw Problem.of("It cannot be told how many layers a model has.")
                        .fact("model", name)
                        .toException();
            }
            return config.nLayers();
        });
    }

    /**
     * The vectors of a name or file.
     *
     * @throws dev.pintle.base.PintleException if there are none, or one that cannot be this model's, as far as that can be told
     *     before the model is loaded
     */
    List<SteeringVector> vectors(Library library, String vector) {
        List<SteeringVector> found = VectorFiles.readAll(
                library.vectorFile(vector), VectorHints.none().blocks(blocks(library)));
        ModelConfig config = library.known(name).config();
        for (SteeringVector one : found) {
            if (config != null && (one.dModel() != config.dModel() || one.at().layer() >= config.nLayers())) {
                throw Problem.of("The vector does not fit the model.")
                        .fact("vector", vector + " at " + one.at() + ", " + one.dModel() + " wide")
                        .fact("model", name + ", dModel = " + config.dModel() + ", " + config.nLayers() + " layers")
                        .fact("try", "a job for each model, with vectors that were fitted on it")
                        .toException();
            }
        }
        return found;
    }

    LoadOptions options() {
        return LoadOptions.of(Device.parse(device), dtype).quantising(quantisation);
    }
}
