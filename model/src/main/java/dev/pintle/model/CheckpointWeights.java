package dev.pintle.model;

import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.TensorEntry;
import java.util.Arrays;
import java.util.Set;

/** Weights of a checkpoint, checked against the shapes that the configuration asks for. */
record CheckpointWeights(Checkpoint checkpoint) implements WeightSource {
    @Override
    public boolean has(String name) {
        return checkpoint.contains(name);
    }

    @Override
    public Tensor take(String name, long... shape) {
        if (!checkpoint.contains(name)) {
            throw Problem.of("The checkpoint lacks a weight of its architecture.")
                    .fact("checkpoint", place())
                    .fact("missing", name + " " + Arrays.toString(shape))
                    .fact("has", checkpoint.names().size() + " tensors")
                    .toException();
        }
        TensorEntry entry = checkpoint.entry(name);
        if (!Arrays.equals(entry.shape().toArray(), shape)) {
            throw Problem.of("A weight has another shape than the configuration says.")
                    .fact("checkpoint", place())
                    .fact("weight", name)
                    .fact("expected", Arrays.toString(shape))
                    .fact("but was", entry.shape())
                    .toException();
        }
        if (!entry.dtype().isFloating()) {
            throw Problem.of("A weight is not made of floating-point numbers.")
                    .fact("checkpoint", place())
                    .fact("weight", name)
                    .fact("dtype", entry.dtype())
                    .toException();
        }
        return checkpoint.tensor(name);
    }

    @Override
    public Set<String> names() {
        return checkpoint.names();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return device.equals(Device.CPU)
                && checkpoint.names().stream()
                        .allMatch(name -> checkpoint.entry(name).dtype() == dtype);
    }

    @Override
    public String place() {
        return checkpoint.path().toAbsolutePath().toString();
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
