package dev.pintle.spark;

import dev.pintle.library.Library;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.Serializable;

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

    LoadOptions options() {
        return LoadOptions.of(Device.parse(device), dtype).quantising(quantisation);
    }
}
