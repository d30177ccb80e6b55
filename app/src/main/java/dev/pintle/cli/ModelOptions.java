package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The model a command runs, its dtype and its device. */
@HelpSection.In(HelpSection.MODEL)
final class ModelOptions extends ModelChoice {
    @Mixin
    private ModelPlacement placement = new ModelPlacement();

    @Option(
            names = "--ignore-config",
            paramLabel = "KEY",
            description = "Ignore this key of the model's config.json; may be repeated.")
    private List<String> ignoredConfig = new ArrayList<>();

    @Option(names = "--check-nan", description = "Stop at the first layer with a NaN or infinite activation; slower.")
    private boolean checkNan;

    LanguageModel load() {
        LoadOptions placed = placement.load();
        folder(); // which offers to download it
        PrintWriter err = err();
        LoadOptions options = placed.ignoringConfig(ignoredConfig).telling(note -> err.println("Note: " + note));
        Optional<Path> template = chatTemplate();
        options = template.isPresent() ? options.withChatTemplate(template.get()) : options;
        LanguageModel loaded = library().model(name(), options);
        if (placed.quantisation() != Quantisation.NONE) {
            err.println("Note: matrices were rounded to " + placed.quantisation()
                    + " while loading; numbers differ from those of the stored weights.");
        }
        return checkNan ? loaded.checkingForNan() : loaded;
    }

    /** The options as words of a command line, without those at their defaults. */
    List<String> given() {
        List<String> options = new ArrayList<>();
        if (!name().equals(ModelFolders.EMBEDDED)) {
            options.addAll(List.of("--model", name()));
        }
        options.addAll(placement.given());
        options.addAll(givenTemplate());
        ignoredConfig.forEach(key -> options.addAll(List.of("--ignore-config", key)));
        return options;
    }

    DType dtype() {
        return placement.dtype();
    }

    Device device() {
        return placement.device();
    }
}
