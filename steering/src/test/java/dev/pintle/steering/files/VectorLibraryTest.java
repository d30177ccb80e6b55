package dev.pintle.steering.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VectorLibraryTest {
    @TempDir
    private Path folder = Path.of("");

    private VectorLibrary library = VectorLibrary.in(Path.of(""));

    @BeforeEach
    void open() {
        library = VectorLibrary.in(folder.resolve("vectors"));
    }

    private static List<SteeringVector> vector(float first) {
        return List.of(new SteeringVector(
                Vec.of(first, 2), HookPoint.residPost(3), Origin.unknown(new ModelId("m", "r"), "by-hand", "")));
    }

    @Test
    void a_name_is_not_given_away_unasked_and_no_vector_is_lost_by_it() {
        Path first = library.save("pirate", vector(1));
        assertThat(library.save("pirate", vector(1))).isEqualTo(first);
        assertThatThrownBy(() -> library.save("pirate", vector(5)))
                .hasMessage("A vector of that name already exists.\n  name:   pirate\n  folder: " + library.folder()
                        + "\n  try:    another name, or --force, which reassigns the name and keeps the other"
                        + " vector's file");
        assertThat(library.find("pirate")).isEqualTo(first);
        Path second = library.save("pirate", vector(5), true);
        assertThat(library.find("pirate")).isEqualTo(second);
        assertThat(first).exists();
    }

    @Test
    void names_are_changed_and_removed() {
        Path object = library.save("pirate", vector(1));
        library.save("bard", vector(5));
        assertThatThrownBy(() -> library.rename("pirate", "bard", false))
                .hasMessageStartingWith("A vector of that name already exists.");
        library.rename("pirate", "captain", false);
        assertThat(library.names()).containsExactly("bard", "captain");
        assertThat(library.find("captain")).isEqualTo(object);
        library.rename("captain", "bard", true);
        assertThat(library.names()).containsExactly("bard");
        assertThat(library.remove("bard")).isEqualTo(object).exists();
        assertThat(library.names()).isEmpty();
        assertThatThrownBy(() -> library.remove("bard")).hasMessageStartingWith("There is no vector of that name.");
        assertThatThrownBy(() -> library.rename("../x", "y", false))
                .hasMessageStartingWith("There is no vector of that name.");
        assertThatThrownBy(() -> library.save("../x", vector(1)))
                .hasMessageStartingWith("A vector cannot have that name.");
    }

    @Test
    void what_a_killed_writer_left_is_swept() throws IOException {
        library.save("pirate", vector(1));
        Path objects = library.folder().resolve("objects");
        Path old = Files.writeString(objects.resolve(".1234.safetensors"), "half");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(7200)));
        Path fresh = Files.writeString(objects.resolve(".5678.safetensors"), "another writer's");
        library.save("bard", vector(2));
        assertThat(old).doesNotExist();
        assertThat(fresh).exists();
        try (Stream<Path> files = Files.list(objects)) {
            assertThat(files).hasSize(3);
        }
    }
}
