package dev.pintle.family;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where weights come from: a checkpoint, or random numbers for measuring speed. */
public interface WeightSource extends AutoCloseable {
    /** Whether there is a weight of this name. */
    boolean has(String name);

    /**
     * A weight in its stored dtype, in the current scope.
     *
     * @throws dev.pintle.base.PintleException if it is missing, or has a different shape or a dtype that is not
     *     floating-point
     */
    Tensor take(String name, long... shape);

    /** A weight as stored, in any shape and dtype, in the current scope; null if there is none. */
    @Nullable
    Tensor find(String name);

    /** Names of all weights, if the source knows them. */
    Set<String> names();

    /** Whether weights in this dtype on this device are memory-mapped, and so need no free memory. */
    boolean isMapped(Device device, DType dtype);

    /** Where the weights come from, for error messages. */
    String place();

    /** Closes the source; weights already taken stay valid. */
    @Override
    void close();
}
