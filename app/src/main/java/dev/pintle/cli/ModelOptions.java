package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which model a command runs and how, shared by all that run one. */
@HelpSection.In(HelpSection.MODEL)
final class ModelOptions extends ModelChoice {
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

    LanguageModel load() {
        Device where = Device.parse(device);
        DType how = dtype();
        folder(); // which offers to fetch it
        PrintWriter err = err();
        LoadOptions options =
                LoadOptions.of(where, how).ignoringConfig(ignoredConfig).telling(note -> err.println("Note: " + note));
        LanguageModel loaded = library().model(name(), options);
        return checkNan ? loaded.checkingForNan() : loaded;
    }

    /** The options as a command line has them, those at their defaults left out. */
    List<String> given() {
        List<String> options = new ArrayList<>();
        if (!name().equals(ModelFolders.EMBEDDED)) {
            options.addAll(List.of("--model", name()));
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
