package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.ChildJvm;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {
    @TempDir
    Path cache;

    /** Starts libtorch. */
    static final class Start {
        public static void main(String[] arguments) {
            try (TensorScope scope = TensorScope.open("start")) {
                System.out.print("sum " + Tensor.of(new float[] {1, 2}, 2).sum().toFloats()[0]);
            }
        }
    }

    private ChildJvm start() {
        return ChildJvm.run(Start.class, List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache), Map.of(), 120);
    }

    private Path library(String name) throws IOException {
        try (Stream<Path> files = Files.walk(cache)) {
            return files.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
        }
    }

    @Test
    @Tag("slow")
    void a_library_cut_short_by_a_killed_start_is_unpacked_again() throws IOException {
        assertThat(start().output()).endsWith("sum 3.0");
        Path torch = library(System.mapLibraryName("torch_cpu"));
        long whole = Files.size(torch);
        try (RandomAccessFile file = new RandomAccessFile(torch.toFile(), "rw")) {
            file.setLength(whole / 2);
        }
        assertThat(start().output()).endsWith("sum 3.0");
        assertThat(Files.size(torch)).isEqualTo(whole);
    }
}
