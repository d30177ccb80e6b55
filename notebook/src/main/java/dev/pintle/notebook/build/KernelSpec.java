package dev.pintle.notebook.build;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Json;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Jupyter's specification of Pintle's kernel: the current Java and class path, with the launcher's flags and environment.
 *
 * @param java the java executable
 * @param classPath jars; the kernel's own comes last, so that Pintle's fixes of its start-up take precedence
 * @param properties system properties
 * @param environment environment variables of the kernel
 */
public record KernelSpec(
        Path java, List<Path> classPath, Map<String, String> properties, Map<String, String> environment) {
    /** The kernel's name in notebooks' metadata. */
    public static final String NAME = "pintle";
    /** The name Jupyter shows. */
    public static final String DISPLAY_NAME = "Java (Pintle)";

    private static final String MAIN = "dev.pintle.notebook.kernel.KernelMain";

    /** Copies its lists and maps. */
    public KernelSpec {
        classPath = List.copyOf(classPath);
        properties = Map.copyOf(properties);
        environment = Map.copyOf(environment);
    }

    /**
     * A kernel on the running Java and its class path.
     *
     * @param kernelJar the kernel's jar
     * @param home Pintle's folder, so that the kernel finds the embedded model from any working directory
     */
    public static KernelSpec ofThisJava(Path kernelJar, Path home) {
        List<Path> jars = new ArrayList<>();
        for (String jar : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
            if (!jar.isEmpty()) {
                jars.add(Path.of(jar).toAbsolutePath().normalize());
            }
        }
        jars.add(kernelJar.toAbsolutePath().normalize()); // last: its own libraries must not stand before Pintle's
        Map<String, String> environment =
                new TreeMap<>(Map.of("OMP_WAIT_POLICY", "passive", "OPT_OUT_TRACKING", "true"));
        Map<String, String> properties = new TreeMap<>(
                Map.of("pintle.home", home.toAbsolutePath().normalize().toString()));
        String extension = System.getProperty("org.bytedeco.javacpp.platform.extension");
        if (extension != null) { // the libtorch for CUDA that this process uses
            properties.put("org.bytedeco.javacpp.platform.extension", extension);
            String libraries = System.getenv("LD_LIBRARY_PATH");
            if (libraries != null) {
                environment.put("LD_LIBRARY_PATH", libraries);
            }
        }
        return new KernelSpec(Path.of(System.getProperty("java.home"), "bin", "java"), jars, properties, environment);
    }

    /** The content of {@code kernel.json}. */
    public String json() {
        ObjectNode spec = Json.object();
        ArrayNode argv = spec.putArray("argv");
        argv.add(java.toString());
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            argv.add("--add-modules=jdk.incubator.vector");
        }
        List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+IgnoreUnrecognizedVMOptions",
                        "-Djava.awt.headless=true",
                        "-Dfile.encoding=UTF-8",
                        "-Dorg.bytedeco.javacpp.nopointergc=true",
                        "-Dorg.bytedeco.javacpp.maxBytes=0",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0")
                .forEach(argv::add);
        new TreeMap<>(properties).forEach((name, value) -> argv.add("-D" + name + "=" + value));
        argv.add("-cp")
                .add(String.join(
                        File.pathSeparator,
                        classPath.stream().map(Path::toString).toList()));
        argv.add(MAIN).add("{connection_file}");
        spec.put("display_name", DISPLAY_NAME).put("language", "java").put("interrupt_mode", "message");
        ObjectNode variables = spec.putObject("env");
        new TreeMap<>(environment).forEach(variables::put);
        return spec.toPrettyString() + "\n";
    }

    /**
     * Installs it under Jupyter's data folder.
     *
     * @param data Jupyter's data folder
     * @return the file
     */
    public Path install(Path data) {
        Path file = data.resolve("kernels").resolve(NAME).resolve("kernel.json");
        AtomicFile.writeText(file, json());
        return file;
    }
}
