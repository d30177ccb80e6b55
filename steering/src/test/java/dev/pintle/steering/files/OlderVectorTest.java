package dev.pintle.steering.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.Stability;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that {@code pintle vector fit} of commit 33370ca wrote. */
class OlderVectorTest {
    private static final Path FILE =
            Path.of("src/test/resources/dev/pintle/steering/files/fitted-by-33370ca.safetensors");

    @TempDir
    private Path folder = Path.of("");

    @Test
    void a_vector_of_an_earlier_version_is_read_with_all_that_its_file_says() {
        SteeringVector vector = VectorFiles.read(FILE);
        assertThat(vector.at()).isEqualTo(HookPoint.residPost(3));
        assertThat(vector.dModel()).isEqualTo(256);
        assertThat(vector.direction().toArray()).startsWith(0.030031943693757057f, 0.008744021877646446f);
        assertThat(vector.origin())
                .isEqualTo(new Origin(
                        new ModelId("parley-7m", "content-73459bb723e4"),
                        new Origin.Method(
                                "after-last-difference", "after-last-difference", "mean", "directions as read"),
                        new Origin.Data(1, "b10d15b38c44fc194995400c7587d555b0a944718559e9eed1d065cc80572cdd", 12),
                        new Origin.Capture(
                                "7e64ef70839b9d8f63c9d18987fe280cce7500e961845b42b6aeef5b5a3ebdb2",
                                "815788849049db9a77a9585cf3267f0eabca9ec1e5e57801020b73191936fcb2",
                                "fp32",
                                "cpu"),
                        new Origin.Measures(
                                0.7498551185609915,
                                10.88465432269046,
                                Double.NaN,
                                new Stability(0.7904239804936184, 0.6061523355985994, 0.8941607634908444),
                                42),
                        ""));
    }

    @Test
    void the_same_vector_is_written_with_the_same_metadata_today() {
        Path again = folder.resolve("again.safetensors");
        VectorFiles.write(VectorFiles.read(FILE), again);
        assertThat(metadata(again)).isEqualTo(metadata(FILE));
    }

    private static Map<String, String> metadata(Path file) {
        try (Checkpoint checkpoint = SafeTensors.open(file)) {
            return Map.copyOf(checkpoint.metadata());
        }
    }
}
