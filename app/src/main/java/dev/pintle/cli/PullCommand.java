package dev.pintle.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle pull}: downloads a model into the cache. */
@Command(
        name = "pull",
        mixinStandardHelpOptions = true,
        description = {
            "Downloads a model from the Hugging Face hub into the cache that the Python library uses too.",
            "Ctrl-C is safe at any time; the same command resumes."
        })
final class PullCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "REPO",
            description =
                    "Repository, such as google/gemma-2-2b-it, perhaps at a revision (org/name@REVISION), or one of"
                            + " its GGUF files (org/name:Q4_K_M).")
    private String repo = "";

    @Parameters(
            index = "1..*",
            paramLabel = "FILES",
            description = "File names or patterns, such as '*.safetensors' (default: what is needed to run a model).")
    private List<String> files = new ArrayList<>();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        Session session = Session.of(command);
        Path folder = Session.library(command)
                .pull(
                        repo,
                        files,
                        new DownloadProgress(command.commandLine().getErr(), session.terminal(), System::nanoTime));
        command.commandLine().getOut().println(folder);
        return 0;
    }
}
