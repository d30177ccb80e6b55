package dev.pintle.cli;

import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The dtype of a model and the device it runs on. */
@HelpSection.In(HelpSection.MODEL)
public final class ModelPlacement {
    private static final String USUAL_DTYPE = "fp32";
    private static final String USUAL_DEVICE = "best";
    private static final String NO_ROUNDING = "none";

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            completionCandidates = Candidates.Dtypes.class,
            defaultValue = USUAL_DTYPE,
            description = "Dtype of weights and residual stream: fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = USUAL_DTYPE;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            completionCandidates = Candidates.Devices.class,
            defaultValue = USUAL_DEVICE,
            description = "Device: cpu, cuda, cuda:N or best (default: ${DEFAULT-VALUE}).")
    private String device = USUAL_DEVICE;

    @Option(
            names = "--quantise",
            paramLabel = "HOW",
            completionCandidates = Candidates.Quantisations.class,
            defaultValue = NO_ROUNDING,
            description =
                    "Round matrices when loading, on a CPU: int8 (8.5 bits a weight), int4 (5 bits) or none (default:"
                            + " ${DEFAULT-VALUE}).")
    private String quantise = NO_ROUNDING;

    DType dtype() {
        return DType.parse(dtype, DType.MODELS);
    }

    Device device() {
        return Device.parse(device);
    }

    /** The device as it was named, such as {@code best}. */
    public String deviceName() {
        return device;
    }

    /**
     * How to load a model.
     *
     * @throws IllegalArgumentException if there is no such dtype, device or rounding
     */
    public LoadOptions load() {
        return LoadOptions.of(device(), dtype()).quantising(Quantisation.parse(quantise));
    }

    /** The options as words of a command line, without those at their defaults. */
    List<String> given() {
        List<String> options = new ArrayList<>();
        if (!dtype.equals(USUAL_DTYPE)) {
            options.addAll(List.of("--dtype", dtype));
        }
        if (!device.equals(USUAL_DEVICE)) {
            options.addAll(List.of("--device", device));
        }
        if (!quantise.equals(NO_ROUNDING)) {
            options.addAll(List.of("--quantise", quantise));
        }
        return options;
    }
}
