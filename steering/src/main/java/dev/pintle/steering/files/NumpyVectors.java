package dev.pintle.steering.files;

import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.Npy;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/** NumPy arrays: the values of one vector, or of several in one tensor. */
final class NumpyVectors implements VectorFormat {
    @Override
    public List<String> endings() {
        return List.of("npy");
    }

    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        return BareVectors.of(Npy.read(file), file, hints);
    }

    @Override
    public boolean isWritten() {
        return true;
    }

    @Override
    public boolean holdsOne() {
        return true;
    }

    @Override
    public void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        Npy.write(file, Tensor.of(vectors.values().iterator().next().direction()));
    }
}
