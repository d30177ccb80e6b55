package dev.pintle.notebook.build;

import dev.pintle.base.Problem;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The user's Jupyter, if there is one.
 *
 * @param environment environment variables; programs are searched in {@code PATH}
 * @param system name of the operating system
 * @param userHome the user's folder
 */
public record Jupyter(Map<String, String> environment, String system, Path userHome) {
    private static final int PATIENCE_SECONDS = 20;

    /** Keeps a copy of the variables. */
    public Jupyter {
        environment = Map.copyOf(environment);
    }

    /** The current user's. */
    public static Jupyter ofThisUser() {
        return new Jupyter(
                System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")));
    }

    /** Finds a program in {@code PATH}. */
    public Optional<Path> program(String name) {
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            for (String ending : windows() ? List.of(".exe", ".cmd") : List.of("")) {
                Path file = Path.of(folder).resolve(name + ending);
                if (!folder.isEmpty() && Files.isExecutable(file) && Files.isRegularFile(file)) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }

    private boolean windows() {
        return system.toLowerCase(Locale.ROOT).startsWith("windows");
    }

    /** The folder in which Jupyter looks for the user's kernels: what {@code jupyter --data-dir} prints, or the default location. */
    public Path dataFolder() {
        String given = environment.getOrDefault("JUPYTER_DATA_DIR", "");
        if (!given.isEmpty()) {
            return Path.of(given);
        }
        Optional<Path> jupyter = program("jupyter");
        if (jupyter.isPresent()) {
            Optional<Path> told = told(jupyter.get());
            if (told.isPresent()) {
                return told.get();
            }
        }
        if (windows()) {
            return Path.of(environment.getOrDefault("APPDATA", userHome.toString()))
                    .resolve("jupyter");
        }
        if (system.toLowerCase(Locale.ROOT).startsWith("mac")) {
            return userHome.resolve("Library/Jupyter");
        }
        String data = environment.getOrDefault("XDG_DATA_HOME", "");
        return (data.isEmpty() ? userHome.resolve(".local/share") : Path.of(data)).resolve("jupyter");
    }

    private Optional<Path> told(Path jupyter) {
        try {
            Process process = new ProcessBuilder(jupyter.toString(), "--data-dir")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectInput(ProcessBuilder.Redirect.from(new File(windows() ? "NUL" : "/dev/null")))
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.exitValue() == 0 && !line.isEmpty() ? Optional.of(Path.of(line)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // installed but broken: fall back to the default location
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /**
     * The command that opens notebooks.
     *
     * @param what a notebook or a folder of them
     * @return the command: JupyterLab, or the older Notebook where there is no JupyterLab
     * @throws dev.pintle.base.PintleException saying what is missing
     */
    public List<String> opening(Path what) {
        Optional<Path> lab = program("jupyter-lab");
        Optional<Path> program = lab.isPresent() ? lab : program("jupyter-notebook");
        return program.map(found -> List.of(found.toString(), what.toString()))
                .orElseThrow(() -> Problem.of("Jupyter is not installed.")
                        .fact("expected", "jupyter-lab or jupyter-notebook in PATH")
                        .fact("found", program("jupyter").isPresent() ? "jupyter, but neither of these" : "no jupyter")
                        .fact("try", "pip install jupyterlab")
                        .fact("try", "Debian and Ubuntu: apt-get install jupyter-notebook")
                        .fact("try", "without Jupyter: pintle notebook run NAME")
                        .toException());
    }
}
