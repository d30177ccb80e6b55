package dev.pintle.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.hub.HubSettings;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.ModelId;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryTest {
    private static final LoadOptions CPU = LoadOptions.of(Device.CPU, DType.FP32);

    @TempDir
    Path folder = Path.of("");

    private Library library() {
        return library(folder.resolve("data"));
    }

    private Library library(Path data) {
        HubSettings hub = HubSettings.read(Map.of("HF_HUB_OFFLINE", "1"), folder, folder);
        return Library.open(data, hub, LabelSettings.of(Map.of(), hub));
    }

    private static SteeringVector vector(ModelId model, int layer, float first) {
        return new SteeringVector(
                Vec.of(first, 2, 3), HookPoint.residPost(layer), Origin.unknown(model, "made", "a test"));
    }

    private static SteeringVector vector(int layer, float first) {
        return vector(new ModelId("org/other", "main"), layer, first);
    }

    // ---------------------------------------------------------------- names

    @Test
    void a_name_that_is_no_vectors_lists_the_nearest() {
        try (Library library = library()) {
            library.keep("pirate", List.of(vector(3, 1)), false);
            library.keep("sonnet", List.of(vector(3, 2)), false);
            assertThatThrownBy(() -> library.vector("pirat"))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("There is no such vector, neither a file nor a name.\n  but was:   pirat"
                            + "\n  names:     pirate, sonnet\n  looked in: "
                            + library.vectors().folder() + "\n  nearest:   pirate");
            assertThatThrownBy(() -> library.vector("zebra")).hasMessageNotContaining("nearest");
        }
    }

    @Test
    void a_name_that_is_no_models_or_autoencoders_lists_the_nearest() {
        try (Library library = library()) {
            assertThatThrownBy(() -> library.modelFolder("parley-7b"))
                    .hasMessageStartingWith("There is no such model.\n")
                    .hasMessageEndingWith("\n  nearest:   parley-7m");
            assertThatThrownBy(() -> library.autoencoderFile("parley-7m-sae-l4"))
                    .hasMessageStartingWith("There is no such autoencoder.\n")
                    .hasMessageEndingWith("\n  nearest:     parley-7m-sae-l3, parley-7m");
            assertThatThrownBy(() -> library.modelFolder("org/none"))
                    .hasMessageStartingWith("The model is not in the cache.\n");
            assertThatThrownBy(() -> library.profile("none")).isInstanceOf(PintleException.class);
            assertThatThrownBy(() -> library.profileFile("../x"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("A profile cannot have that name.\n");
        }
    }

    @Test
    void several_layers_are_no_one_vector() {
        try (Library library = library()) {
            library.keep("both", List.of(vector(2, 1), vector(3, 1)), false);
            assertThatThrownBy(() -> library.vector("both"))
                    .hasMessage("There are vectors of several layers, and one was expected.\n  vector: both"
                            + "\n  has:    blocks.2.hook_resid_post, blocks.3.hook_resid_post"
                            + "\n  try:    Library.vectors with one layer of them");
            assertThat(library.vectors("both", VectorHints.none(), List.of())).hasSize(2);
            assertThat(library.vectors("both", VectorHints.none(), List.of(3))
                            .get(0)
                            .at())
                    .isEqualTo(HookPoint.residPost(3));
            assertThatThrownBy(() -> library.vectors("both", VectorHints.none(), List.of(3, 4)))
                    .hasMessage("The file has no vector of some of the layers.\n  asked for: 4"
                            + "\n  has:       blocks.2.hook_resid_post, blocks.3.hook_resid_post");
        }
    }

    @Test
    void a_stem_that_another_vector_has_gets_a_number() {
        try (Library library = library()) {
            assertThat(library.keepNumbered("pirate-tuned", vector(3, 1))).isEqualTo("pirate-tuned");
            assertThat(library.keepNumbered("pirate-tuned", vector(3, 2))).isEqualTo("pirate-tuned-2");
            assertThat(library.keepNumbered("pirate-tuned", vector(3, 1))).isEqualTo("pirate-tuned");
            assertThat(library.vectors().names()).containsExactly("pirate-tuned", "pirate-tuned-2");
        }
    }

    // ---------------------------------------------------------------- models

    @Test
    void the_embedded_model_is_known_by_name_and_in_numbers() {
        try (Library library = library()) {
            KnownModel embedded = library.models().get(0);
            assertThat(embedded.name()).isEqualTo("parley-7m");
            assertThat(embedded.family()).isEqualTo("llama");
            assertThat(library.blocks("parley-7m")).hasValue(8);
        }
    }

    @Test
    void a_model_has_several_names_but_a_path_is_none() throws IOException {
        HubSettings hub = HubSettings.read(Map.of(), folder, folder);
        Path cache = Files.createDirectories(folder.resolve(".cache/llama.cpp"));
        Files.write(cache.resolve("org_tiny_tiny-Q4_K_M.gguf"), new byte[] {1});
        try (Library library = Library.open(folder, hub, LabelSettings.of(Map.of(), hub))) {
            assertThat(library.modelNames()).containsExactly("parley-7m", "llama.cpp:org_tiny_tiny-Q4_K_M.gguf");
            for (String name : List.of("parley-7m", "llama.cpp:org_tiny_tiny-Q4_K_M", "org/tiny:q4_k_m")) {
                assertThat(library.hasModel(name)).as(name).isTrue();
            }
            for (String other : List.of(
                    cache.resolve("org_tiny_tiny-Q4_K_M.gguf").toString(),
                    Golden.parley().toString(),
                    "llama.cpp:../llama.cpp/org_tiny_tiny-Q4_K_M.gguf",
                    "org/tiny:Q8_0",
                    "ollama:none")) {
                assertThat(library.hasModel(other)).as(other).isFalse();
            }
        }
    }

    @Test
    void a_kept_vector_finds_the_folder_of_its_model_again() throws IOException {
        Path copy = Files.createDirectory(folder.resolve("my-model"));
        for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")) {
            Files.copy(Golden.parley().resolve(file), copy.resolve(file));
        }
        Path relative = Path.of("").toAbsolutePath().relativize(copy);
        try (Library library = library();
                LanguageModel model = library.model(relative.toString(), CPU)) {
            library.keep("mine", List.of(vector(model.id(), 3, 1)), false);
        }
        try (Library library = library()) {
            SteeringVector mine = library.vector("mine");
            assertThat(library.modelOf(mine))
                    .hasValue(copy.toAbsolutePath().normalize().toString());
            assertThat(library.modelOf(vector(new ModelId("parley-7m", "any"), 3, 1)))
                    .hasValue("parley-7m");
            try (Stream<Path> files = Files.list(copy)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            assertThat(library.modelOf(mine)).isEmpty();
            assertThat(library.modelOf(vector(3, 1))).isEmpty();
        }
    }

    // ---------------------------------------------------------------- autoencoders and labels

    @Test
    void autoencoders_and_their_labels_are_found_by_name() {
        try (Library library = library();
                SparseAutoencoder sae = library.autoencoder("parley-7m-sae-l3", Device.CPU, DType.FP32)) {
            assertThat(sae.at()).isEqualTo(HookPoint.residPost(3));
            Path file = library.embeddedAutoencoder();
            assertThat(library.autoencoderFile("parley-7m-sae-l3")).isEqualTo(file);
            Labels labels = library.labelsBeside(file).orElseThrow();
            assertThat(labels.lookup(List.of(146, 5000)).labels())
                    .containsExactly(Map.entry(146, "conversation held in pirate style"));
            assertThat(labels.lookup(List.of(5000)).without()).containsExactly(5000);
            assertThat(labels.search("pirate", 1)).containsOnlyKeys(146);
            assertThat(library.labels(labels.name()).kept()).hasSize(1024);
            assertThat(library.labelsBeside(folder.resolve("none.pth"))).isEmpty();
        }
    }

    @Test
    void labels_are_open_until_the_library_is_closed_and_open_again_after_that() {
        Library library = library();
        Labels labels = library.labelsBeside(library.embeddedAutoencoder()).orElseThrow();
        library.close();
        assertThatThrownBy(() -> labels.lookup(List.of(146))).isInstanceOf(RuntimeException.class);
        try (library) {
            assertThat(library.labelsBeside(library.embeddedAutoencoder())
                            .orElseThrow()
                            .lookup(List.of(146))
                            .labels())
                    .hasSize(1);
        }
        assertThat(folder.resolve("data/labels.sqlite")).isRegularFile();
    }

    // ---------------------------------------------------------------- what an earlier version wrote

    @Test
    void a_folder_that_an_earlier_version_wrote_is_read() {
        Path older = Golden.projectRoot().resolve("studies/src/test/resources/dev/pintle/older");
        try (Library library = library(older)) {
            assertThat(library.vectors().names()).containsExactly("pirate");
            SteeringVector pirate = library.vector("pirate");
            assertThat(pirate.at()).isEqualTo(HookPoint.residPost(3));
            assertThat(library.modelOf(pirate)).hasValue("parley-7m");
            assertThat(library.run("").id()).isEqualTo("20261129-203908-f15f8f81");
            assertThat(library.run("f15f8").finished()).isPresent();
            assertThat(library.sweeps()).isDirectory();
            assertThat(library.profileNames()).isEmpty();
            assertThat(Set.of("labels.sqlite", "models"))
                    .noneMatch(name -> Files.exists(older.resolve(name))); // reading writes nothing
        }
    }
}
