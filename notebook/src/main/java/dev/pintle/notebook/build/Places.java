package dev.pintle.notebook.build;

import dev.pintle.base.FileProblems;
import dev.pintle.base.Nearest;
import dev.pintle.base.Problem;
import dev.pintle.hub.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Locations of the notebooks and the Jupyter kernel, in an installation or a checkout. */
public final class Places {
    private static final String KERNEL = "rapaio-jupyter-kernel-";

    private Places() {}

    /** The root of the installation or checkout. */
    public static Path home() {
        Path models = ModelFolders.embedded().toAbsolutePath().normalize().getParent();
        Path home = models == null ? null : models.getParent();
        if (home == null) {
            throw new IllegalStateException("The embedded model lies in a folder of models.");
        }
        return home;
    }

    /** The folder of notebooks. */
    public static Path notebooks() {
        return home().resolve("notebooks");
    }

    /**
     * A notebook's source.
     *
     * @param name name of a notebook that comes with Pintle, or a file
     * @throws dev.pintle.base.PintleException listing the notebooks, if there is none
     */
    public static Path source(String name) {
        Path file = Path.of(name);
        if (Files.isRegularFile(file)) {
            return file;
        }
        Path ours = notebooks().resolve(name + ".java");
        if (Files.isRegularFile(ours)) {
            return ours;
        }
        List<String> names = NotebookSource.in(notebooks()).stream()
                .map(path -> String.valueOf(path.getFileName()).replaceFirst("\\.java$", ""))
                .toList();
        Problem problem = Problem.of("There is no such notebook.")
                .fact("but was", name)
                .fact("expected", "a file of source, or one of " + String.join(", ", names));
        List<String> near = Nearest.to(name, names);
        throw (near.isEmpty() ? problem : problem.fact("nearest", String.join(", ", near))).toException();
    }

    /**
     * The Jupyter kernel's jar, which is only on the class path of kernels.
     *
     * @throws dev.pintle.base.PintleException if it is not there
     */
    public static Path kernelJar() {
        List<Path> folders = List.of(
                home().resolve("kernel"), // an installation
                home().resolve("notebook/target/kernel")); // a checkout
        for (Path folder : folders) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.list(folder)) {
                    List<Path> jars = files.filter(
                                    file -> String.valueOf(file.getFileName()).startsWith(KERNEL))
                            .sorted()
                            .toList();
                    if (!jars.isEmpty()) {
                        return jars.get(jars.size() - 1);
                    }
                } catch (IOException e) {
                    throw FileProblems.unreadable(folder, e);
                }
            }
        }
        throw Problem.of("The Java kernel for Jupyter is not part of this installation.")
                .fact("expected", KERNEL + "….jar")
                .fact("looked in", folders.get(0))
                .fact("looked in", folders.get(1))
                .fact("try", "./pintle in a checkout, which fetches it when it builds")
                .toException();
    }
}
