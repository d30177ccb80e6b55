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

/** The model a command runs, its dtype and its device. */
@HelpSection.In(HelpSection.MODEL)
final class ModelOptions extends ModelChoice {
    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            completionCandidates = Candidates.Dtypes.class,
            defaultValue = "fp32",
            description = "Dtype of weights and residual stream: fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            completionCandidates = Candidates.Devices.class,
            defaultValue = "best",
            description = "Device: cpu, cuda, cuda:N or best (default: ${DEFAULT-VALUE}).")
    private String device = "best";

    @Option(
            names = "--ignore-config",
            paramLabel = "KEY",
            description = "Ignore this key of the model's config.json; may be repeated.")
    private List<String> ignoredConfig = new ArrayList<>();

    @Option(names = "--check-nan", description = "Stop at the first layer with a NaN or infinite activation; slower.")
    private boolean checkNan;

    LanguageModel load() {
        Device where = Device.parse(device);
        DType how = dtype();
        folder(); // which offers to download it
        PrintWriter err = err();
        LoadOptions options =
                LoadOptions.of(where, how).ignoringConfig(ignoredConfig).telling(note -> err.println("Note: " + note));
        LanguageModel loaded = library().model(name(), options);
        return checkNan ? loaded.checkingForNan() : loaded;
    }

    /** The options as words of a command line, without those at their defaults. */
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
