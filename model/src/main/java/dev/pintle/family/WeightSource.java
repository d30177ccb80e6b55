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
     * @throws dev.pintle.base.PintleException if it is missing, of another shape or not made of floating-point numbers
     */
    Tensor take(String name, long... shape);

    /** A weight as it is stored, of whatever shape and dtype, in the current scope; null where no file holds it. */
    @Nullable
    Tensor find(String name);

    /** Names of all weights, where the source knows them. */
    Set<String> names();

    /** Whether weights of this dtype on this device are the file's own pages, which need no memory that must be free. */
    boolean isMapped(Device device, DType dtype);

    /** The place, for errors. */
    String place();

    /** Lets go of the source; weights already taken stay valid. */
    @Override
    void close();
}
