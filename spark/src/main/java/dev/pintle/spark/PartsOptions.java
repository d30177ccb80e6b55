package dev.pintle.spark;

import dev.pintle.cli.HelpSection;
import dev.pintle.cli.TextsOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The texts of a job, which every executor must see, and in how many parts they are read. */
@HelpSection.In(HelpSection.INPUT)
final class PartsOptions {
    @Mixin
    private TextsOptions texts = new TextsOptions();

    @Option(
            names = "--parts",
            paramLabel = "N",
            defaultValue = "16",
            description = "Parts in which the texts are read, each a task (default: ${DEFAULT-VALUE}).")
    private int count;

    TextsOptions texts() {
        return texts;
    }

    /** The file or folder, as executors find it; empty for the embedded texts. */
    String place() {
        return texts.place()
                .map(place -> place.toAbsolutePath().normalize().toString())
                .orElse("");
    }

    int count() {
        return count;
    }
}
