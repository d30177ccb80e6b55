package dev.pintle.spark;

import dev.pintle.base.Problem;
import dev.pintle.cli.HelpSection;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The models of a job, and how executors load them. */
@HelpSection.In(HelpSection.MODEL)
final class ModelsOption {
    @Option(
            names = "--model",
            paramLabel = "NAME|DIR|FILE",
            description = "Model, as for other commands; may be repeated (default: " + ModelFolders.EMBEDDED
                    + "). A folder or file must be seen by every executor.")
    private List<String> models = new ArrayList<>();

    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            description = "Dtype of weights and residual stream: fp32, bf16 or fp16 (default: fp32).")
    private String dtype = "fp32";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Device of each executor: cpu, cuda, cuda:N or best (default: best).")
    private String device = "best";

    @Option(
            names = "--quantise",
            paramLabel = "HOW",
            description = "Round matrices when loading, on a CPU: int8, int4 or none (default: none).")
    private String quantise = "none";

    @Option(
            names = "--pull",
            description = "Executors download what their Hugging Face cache lacks; the driver's machine must have it.")
    private boolean pull;

    List<ModelSpec> models() {
        DType wanted = DType.parse(dtype, DType.MODELS);
        Quantisation rounding = Quantisation.parse(quantise);
        Device.parse(device);
        return (models.isEmpty() ? List.of(ModelFolders.EMBEDDED) : models)
                .stream()
                        .map(name -> new ModelSpec(seenByAll(name), wanted, device, rounding, pull))
                        .distinct()
                        .toList();
    }

    /**
     * The one model of a job.
     *
     * @throws IllegalArgumentException if there are several
     */
    ModelSpec one() {
        List<ModelSpec> all = models();
        if (all.size() > 1) {
            throw Problem.of("This job runs one model.")
                    .fact("but was", String.join(", ", models))
                    .fact("try", "a submission for each, into a folder of its own")
                    .toIllegalArgument();
        }
        return all.get(0);
    }

    /** Executors start in other folders, so a path is given whole. */
    private static String seenByAll(String name) {
        Path path = Path.of(name);
        return Files.exists(path) ? path.toAbsolutePath().normalize().toString() : name;
    }
}
