package dev.pintle.steering.files;

import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.io.Npz;
import java.nio.file.Path;
import java.util.List;

/** NumPy archives of named arrays. */
final class NumpyArchives implements VectorFormat {
    @Override
    public List<String> endings() {
        return List.of("npz");
    }

    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        try (Npz npz = Npz.open(file)) {
            return NamedVectors.of(npz, file, hints);
        }
    }
}
