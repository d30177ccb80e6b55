package dev.pintle.cli;

import dev.pintle.notebook.build.Jupyter;
import dev.pintle.notebook.build.KernelSpec;
import dev.pintle.notebook.build.Places;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle notebook install}. */
@Command(
        name = "install",
        mixinStandardHelpOptions = true,
        description = {
            "Installs the kernel \"" + KernelSpec.DISPLAY_NAME + "\" for Jupyter, VS Code and IntelliJ, with this"
                    + " Java and Pintle's class path.",
            "Repeat it after moving Pintle or Java."
        })
final class NotebookInstallCommand implements Callable<Integer> {
    @Option(
            names = "--data-dir",
            paramLabel = "FOLDER",
            description = "Jupyter's data folder (default: what \"jupyter --data-dir\" says, else its usual place).")
    private @Nullable Path folder;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println("The kernel \"" + KernelSpec.DISPLAY_NAME + "\" is installed: "
                + install(folder == null ? Jupyter.ofThisUser().dataFolder() : folder));
        out.println("Next:");
        out.println("  pip install jupyterlab");
        out.println("  jupyter lab " + Places.notebooks());
        return 0;
    }

    /** Writes the kernel's specification and gives back its file. */
    static Path install(Path data) {
        return KernelSpec.ofThisJava(Places.kernelJar(), Places.home()).install(data);
    }
}
