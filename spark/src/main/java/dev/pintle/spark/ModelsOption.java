package dev.pintle.spark;

import dev.pintle.base.Problem;
import dev.pintle.cli.HelpSection;
import dev.pintle.cli.ModelPlacement;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LoadOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
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

    @Mixin
    private ModelPlacement placement = new ModelPlacement();

    @Option(
            names = "--pull",
            description = "Executors download what their Hugging Face cache lacks; the driver's machine must have it.")
    private boolean pull;

    List<ModelSpec> models() {
        LoadOptions how = placement.load();
        return (models.isEmpty() ? List.of(ModelFolders.EMBEDDED) : models)
                .stream()
                        .map(name -> new ModelSpec(
                                seenByAll(name), how.dtype(), placement.deviceName(), how.quantisation(), pull))
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

    /** Executors start in other folders, so the path of a file that is here is given whole. */
    static String seenByAll(String name) {
        Path path = Path.of(name);
        return Files.exists(path) ? path.toAbsolutePath().normalize().toString() : name;
    }
}
