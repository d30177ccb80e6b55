package org.example.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Autoencoder formats that another jar brings. */
class OtherFormatsTest {
    @TempDir
    private Path folder = Path.of("");

    private Path file(String... more) {
        Path file = folder.resolve("other.safetensors");
        try (TensorScope scope = TensorScope.open("other file")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("read", Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2));
            tensors.put("read_bias", Tensor.of(new float[] {0, 0, 0}, 3));
            tensors.put("write", Tensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2));
            tensors.put("write_bias", Tensor.of(new float[] {0, 1}, 2));
            for (String name : more) {
                tensors.put(name, Tensor.of(new float[] {1}, 1));
            }
            SafeTensors.write(file, tensors, Map.of());
        }
        return file;
    }

    @Test
    void a_format_of_another_jar_is_found_and_read() {
        Path file = file();
        try (SparseAutoencoder byPath = SparseAutoencoder.load(file, Device.CPU);
                SparseAutoencoder byName = SparseAutoencoder.load(folder.toString(), Device.CPU, DType.FP32)) {
            for (SparseAutoencoder sae : new SparseAutoencoder[] {byPath, byName}) {
                assertThat(sae.origin().format()).isEqualTo("Example");
                assertThat(sae.place()).isEqualTo(HookPoint.residPost(3));
                assertThat(sae.encode(Vec.of(1, 2)).toArray()).containsExactly(0, 2, 3); // the largest two
                assertThat(sae.decode(Vec.of(0, 2, 3)).toArray()).containsExactly(3, 6);
            }
        }
    }

    @Test
    void two_formats_that_claim_one_file_are_refused_with_both_names() {
        Path file = file("greedy");
        assertThatThrownBy(() -> SparseAutoencoder.load(file, Device.CPU))
                .hasMessage("""
                        Several formats claim the autoencoder's files.
                          file:    %s
                          formats: Example (org.example.sae.ExampleFormat), Greedy (org.example.sae.GreedyFormat)
                          try:     removing the jar of one of them""".formatted(file.toAbsolutePath()));
    }
}
