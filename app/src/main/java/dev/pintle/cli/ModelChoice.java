package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubException;
import dev.pintle.hub.HubModel;
import dev.pintle.hub.HubPlan;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.library.Library;
import dev.pintle.steering.files.VectorHints;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The model a command works on, for commands that may need only some of its files. */
@HelpSection.In(HelpSection.MODEL)
class ModelChoice {
    @Option(
            names = "--model",
            paramLabel = "NAME|DIR|FILE",
            defaultValue = ModelFolders.EMBEDDED,
            description = "Model: ${DEFAULT-VALUE}, a cached repository (org/name[@revision]) or a GGUF file in one"
                    + " (org/name:Q4_K_M), a folder in Hugging Face format, a GGUF file, or a model of Ollama, LM Studio"
                    + " or llama.cpp as `pintle models` lists it, such as ollama:llama3.1:8b (default:"
                    + " ${DEFAULT-VALUE}).")
    private String model = ModelFolders.EMBEDDED;

    @Option(names = "--pull", description = "Download the model from the Hugging Face hub if it is not cached.")
    private boolean pull;

    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description = "Jinja chat template in place of the model's, or a cached or local model whose template to"
                    + " use.")
    private @Nullable String chatTemplate;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    /** Says which command these options are of, where they are part of options that it shares with others. */
    void belongTo(@Nullable CommandSpec of) {
        command = of;
    }

    /** The model's folder. Accesses the network only for a repository that is not cached, and only if the user agrees. */
    Path folder() {
        Session session = Session.of(Objects.requireNonNull(command));
        HubSettings settings = session.hub();
        try {
            return library().modelFolder(model);
        } catch (HubException e) {
            if (e.reason() != HubException.Reason.NOT_CACHED
                    || settings.offline()
                    || !(pull || session.interactive())) {
                throw e;
            }
            HubClient hub = HubClient.of(settings);
            HubModel wanted = HubModel.parse(model);
            HubPlan plan = hub.plan(wanted.repo(), wanted.selection());
            if (!pull && !session.confirms(question(wanted, plan))) {
                throw e;
            }
            hub.fetch(plan, new DownloadProgress(command.commandLine().getErr(), session.terminal(), System::nanoTime));
            return library().modelFolder(model);
        }
    }

    /** The file or folder of {@code --chat-template}; empty for the model's own template. */
    Optional<Path> chatTemplate() {
        return Optional.ofNullable(chatTemplate).map(given -> template(given, library()));
    }

    /** The template that an option names: a file, or the folder of a model. */
    static Path template(String fileOrModel, Library library) {
        try {
            Path file = Path.of(fileOrModel);
            return Files.isRegularFile(file) && !ModelFolders.isGguf(file) ? file : library.textFolder(fileOrModel);
        } catch (InvalidPathException e) {
            return library.textFolder(fileOrModel);
        }
    }

    /** The option as words of a command line; none if it was not given. */
    List<String> givenTemplate() {
        return chatTemplate == null ? List.of() : List.of("--chat-template", chatTemplate);
    }

    /** The folder of the model's tokenizer and chat template; the rest of the model may be missing. */
    Path textFolder() {
        try {
            return library().textFolder(model);
        } catch (HubException e) {
            return folder(); // which offers to download it
        }
    }

    private static String question(HubModel wanted, HubPlan plan) {
        return wanted + " is not cached. Download " + DownloadProgress.count(plan.filesMissing()) + ", "
                + Sizes.text(plan.bytesMissing()) + "?";
    }

    /** The number of blocks according to config.json, without reading weights; empty if it does not say. */
    OptionalInt blocks() {
        return library().blocks(folder().toString());
    }

    /** The user's library. */
    Library library() {
        return Session.library(Objects.requireNonNull(command));
    }

    /** Hints for reading vector files: this model's number of blocks. */
    VectorHints hints() {
        OptionalInt blocks = blocks();
        return blocks.isPresent() ? VectorHints.none().blocks(blocks.getAsInt()) : VectorHints.none();
    }

    /** @throws IllegalArgumentException if the model is known not to have this block */
    void requireBlock(int layer) {
        OptionalInt blocks = blocks();
        if (layer < 0 || (blocks.isPresent() && layer >= blocks.getAsInt())) {
            throw Problem.of("There is no such block.")
                    .fact("expected", blocks.isPresent() ? "0 to " + (blocks.getAsInt() - 1) : "0 or more")
                    .fact("but was", layer)
                    .toIllegalArgument();
        }
    }

    /** The model as named on the command line. */
    String name() {
        return model;
    }

    /** The command's standard error, for notes to the user. */
    PrintWriter err() {
        return Objects.requireNonNull(command).commandLine().getErr();
    }
}
