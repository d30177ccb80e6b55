package dev.pintle.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The texts of a job, and how they are read. */
final class TextsOption {
    @Option(
            names = "--texts",
            paramLabel = "PATH",
            description =
                    "Texts that every executor sees: a file with one per line, a .jsonl file with text or messages,"
                            + " or a folder of files (default: 1,500 conversations bundled with Pintle).")
    private @Nullable Path texts;

    @Option(
            names = "--parts",
            paramLabel = "N",
            description = "Parts in which the texts are read, each a task (default: 16).")
    private int parts = 16;

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Maximum tokens of a text to read at once (default: 256).")
    private int window = 256;

    @Option(names = "--special-tokens", description = "Count special tokens too.")
    private boolean specialTokens;

    @Option(
            names = "--roles",
            split = ",",
            paramLabel = "ROLE",
            description = "Roles whose tokens count in conversations: system, user, assistant, other, header, or all"
                    + " (default: all but system).")
    private List<String> roles = new ArrayList<>();

    String texts() {
        return texts == null ? "" : texts.toAbsolutePath().normalize().toString();
    }

    int parts() {
        return parts;
    }

    int window() {
        return window;
    }

    boolean specialTokens() {
        return specialTokens;
    }

    List<String> roles() {
        return roles;
    }
}
