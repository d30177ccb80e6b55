package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import picocli.CommandLine.Option;

/** Which model a command runs, shared by all that run one. */
final class ModelOptions {
    @Option(
            names = "--model",
            paramLabel = "NAME|DIR",
            defaultValue = ModelFolders.EMBEDDED,
            description = "Model: ${DEFAULT-VALUE} or a folder in the Hugging Face format (default: ${DEFAULT-VALUE}).")
    private String model = ModelFolders.EMBEDDED;

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description = "Dtype of weights and residual stream: fp32 or bf16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "best",
            description = "Device: cpu, cuda, cuda:N or best (default: ${DEFAULT-VALUE}).")
    private String device = "best";

    LanguageModel load() {
        return LanguageModel.load(model, Device.parse(device), DType.parse(dtype));
    }

    Device device() {
        return Device.parse(device);
    }
}
