package dev.pintle.cli;

import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubException;
import dev.pintle.hub.HubPlan;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.RepoId;
import dev.pintle.hub.Selection;
import dev.pintle.hub.Sizes;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which model a command runs, shared by all that run one. */
final class ModelOptions {
    @Option(
            names = "--model",
            paramLabel = "NAME|DIR",
            defaultValue = ModelFolders.EMBEDDED,
            description = "Model: ${DEFAULT-VALUE}, a repository in the cache (org/name[@revision]), or a folder in the"
                    + " Hugging Face format (default: ${DEFAULT-VALUE}).")
    private String model = ModelFolders.EMBEDDED;

    @Option(names = "--pull", description = "Fetch the model from the Hugging Face hub if it is not in the cache.")
    private boolean pull;

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description = "Dtype of weights and residual stream: fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "best",
            description = "Device: cpu, cuda, cuda:N or best (default: ${DEFAULT-VALUE}).")
    private String device = "best";

    @Option(
            names = "--ignore-config",
            paramLabel = "KEY",
            description = "Read the model's config.json as if it had no such key; as often as wanted.")
    private List<String> ignoredConfig = new ArrayList<>();

    @Option(
            names = "--check-nan",
            description = "Stop at the first layer where an activation is NaN or infinite; costs time.")
    private boolean checkNan;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    LanguageModel load() {
        Device where = Device.parse(device);
        DType how = dtype();
        Path folder = folder();
        boolean cached = HubClient.repositoryOf(folder).isPresent();
        PrintWriter err = Objects.requireNonNull(command).commandLine().getErr();
        LoadOptions options =
                LoadOptions.of(where, how).ignoringConfig(ignoredConfig).telling(note -> err.println("Note: " + note));
        LanguageModel loaded = LanguageModel.load(cached ? folder.toString() : model, options);
        return checkNan ? loaded.checkingForNan() : loaded;
    }

    /** The model's folder. Asks the network only for a repository that is missing, and only if the user wants that. */
    Path folder() {
        Session session = Session.of(Objects.requireNonNull(command));
        HubSettings settings = session.hub();
        try {
            return ModelFolders.find(model, settings);
        } catch (HubException e) {
            if (e.reason() != HubException.Reason.NOT_CACHED
                    || settings.offline()
                    || !(pull || session.interactive())) {
                throw e;
            }
            HubClient hub = HubClient.of(settings);
            HubPlan plan = hub.plan(RepoId.parse(model), Selection.forModel());
            if (!pull && !session.confirms(question(plan))) {
                throw e;
            }
            return hub.fetch(
                    plan, new DownloadProgress(command.commandLine().getErr(), session.terminal(), System::nanoTime));
        }
    }

    /** The folder of the model's tokenizer and templates, which may be all that there is of the model. */
    Path textFolder() {
        try {
            return ModelFolders.findText(
                    model, Session.of(Objects.requireNonNull(command)).hub());
        } catch (HubException e) {
            return folder(); // which offers to fetch it
        }
    }

    private static String question(HubPlan plan) {
        return plan.repo() + " is not here. Download " + DownloadProgress.count(plan.filesMissing()) + ", "
                + Sizes.text(plan.bytesMissing()) + "?";
    }

    /** The model as it was asked for. */
    String name() {
        return model;
    }

    /** The options as a command line has them, those at their defaults left out. */
    List<String> given() {
        List<String> options = new ArrayList<>();
        if (!model.equals(ModelFolders.EMBEDDED)) {
            options.addAll(List.of("--model", model));
        }
        if (!dtype.equals("fp32")) {
            options.addAll(List.of("--dtype", dtype));
        }
        if (!device.equals("best")) {
            options.addAll(List.of("--device", device));
        }
        ignoredConfig.forEach(key -> options.addAll(List.of("--ignore-config", key)));
        return options;
    }

    DType dtype() {
        return DType.parse(dtype, DType.MODELS);
    }

    Device device() {
        return Device.parse(device);
    }
}
