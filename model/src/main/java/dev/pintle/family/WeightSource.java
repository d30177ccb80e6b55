package dev.pintle.family;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Optional;
import java.util.OptionalLong;
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

    /**
     * A weight that is stored in a quantised format, without being decoded; empty for others.
     *
     * @param owner owns the memory
     * @throws dev.pintle.base.PintleException if it has a different shape
     */
    default Optional<QuantisedWeight> quantised(String name, TensorScope owner, int out, int in) {
        return Optional.empty();
    }

    /** Bytes of memory that the weights take, if it is not their number times the size of the dtype. */
    default OptionalLong bytes(Device device, DType dtype) {
        return OptionalLong.empty();
    }

    /** How weights were stored, and are in memory, once they were taken; empty where there is nothing to say. */
    default String storage() {
        return "";
    }

    /** Whether norms that multiply by 1 + weight, as Gemma's, are stored with the 1 added. */
    default boolean normsIncludeOne() {
        return false;
    }

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
