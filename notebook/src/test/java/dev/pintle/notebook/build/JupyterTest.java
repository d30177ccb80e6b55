package dev.pintle.notebook.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.base.PintleException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JupyterTest {
    @TempDir
    private Path folder = Path.of("");

    private Jupyter jupyter(Map<String, String> environment, String system) {
        return new Jupyter(environment, system, folder);
    }

    private void program(String name, String script) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void the_data_folder_is_what_jupyter_says_else_its_usual_place() throws IOException {
        assertThat(jupyter(Map.of("JUPYTER_DATA_DIR", "/data"), "Linux").dataFolder())
                .isEqualTo(Path.of("/data"));
        assertThat(jupyter(Map.of("XDG_DATA_HOME", "/xdg"), "Linux").dataFolder())
                .isEqualTo(Path.of("/xdg/jupyter"));
        assertThat(jupyter(Map.of(), "Linux").dataFolder()).isEqualTo(folder.resolve(".local/share/jupyter"));
        assertThat(jupyter(Map.of(), "Mac OS X").dataFolder()).isEqualTo(folder.resolve("Library/Jupyter"));
        program("jupyter", "echo /told");
        Map<String, String> path = Map.of("PATH", folder.toString());
        assertThat(jupyter(path, "Linux").dataFolder()).isEqualTo(Path.of("/told"));
        program("jupyter", "exit 1");
        assertThat(jupyter(path, "Linux").dataFolder()).isEqualTo(folder.resolve(".local/share/jupyter"));
    }

    @Test
    void what_is_missing_to_open_notebooks_is_said() throws IOException {
        Jupyter none = jupyter(Map.of("PATH", folder.toString()), "Linux");
        assertThatThrownBy(() -> none.opening(Path.of("x")))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        Jupyter is not installed.
                          expected: jupyter-lab or jupyter-notebook in PATH
                          found:    no jupyter
                          try:      pip install jupyterlab
                                    Debian and Ubuntu: apt-get install jupyter-notebook
                                    without Jupyter: pintle notebook run NAME""");
        program("jupyter-notebook", "");
        assertThat(none.opening(Path.of("x")))
                .containsExactly(folder.resolve("jupyter-notebook").toString(), "x");
        program("jupyter-lab", "");
        assertThat(none.opening(Path.of("x")).get(0)).endsWith("jupyter-lab");
    }

    @Test
    void the_kernel_is_this_java_with_our_jars_before_its_own() throws IOException {
        Path kernel = folder.resolve("kernel.jar");
        Path file = KernelSpec.ofThisJava(kernel, folder).install(folder);
        assertThat(file).isEqualTo(folder.resolve("kernels/pintle/kernel.json"));
        JsonNode spec = new ObjectMapper().readTree(Files.readString(file));
        List<String> argv = new ArrayList<>();
        spec.get("argv").forEach(word -> argv.add(word.asText()));
        assertThat(argv)
                .contains(
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dorg.bytedeco.javacpp.nopointergc=true",
                        "-Dpintle.home=" + folder)
                .endsWith("dev.pintle.notebook.kernel.KernelMain", "{connection_file}");
        String[] jars = argv.get(argv.indexOf("-cp") + 1).split(File.pathSeparator, -1);
        assertThat(jars[jars.length - 1]).isEqualTo(kernel.toString());
        assertThat(spec.at("/env/OMP_WAIT_POLICY").asText()).isEqualTo("passive");
        assertThat(spec.at("/interrupt_mode").asText()).isEqualTo("message");
    }
}
