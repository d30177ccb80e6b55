package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.text.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A collection of texts, and which of its tokens are read. */
@HelpSection.In(HelpSection.INPUT)
public final class TextsOptions {
    @Option(
            names = "--texts",
            paramLabel = "PATH",
            description = "Texts: a file with one per line, a .jsonl file with text or messages, or a folder of files"
                    + " (default: 1,500 conversations bundled with Pintle).")
    private @Nullable Path texts;

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "256",
            description = "Maximum tokens of a text to read at once (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(names = "--special-tokens", description = "Count special tokens too.")
    private boolean specialTokens;

    @Option(
            names = "--roles",
            split = ",",
            paramLabel = "ROLE",
            description = "Roles whose tokens count in conversations: system, user, assistant, other, header (what the"
                    + " chat template writes), or all (default: all but system, on which autoencoders are rarely"
                    + " trained).")
    private List<String> roles = new ArrayList<>();

    /** The file or folder; empty for the embedded texts. */
    public Optional<Path> place() {
        return Optional.ofNullable(texts);
    }

    /**
     * The collection.
     *
     * @throws dev.pintle.base.PintleException if there is none
     */
    Texts texts() {
        return texts == null ? embedded() : Texts.of(texts);
    }

    /** The texts that a command reads if none are named. */
    static Texts embedded() {
        return Texts.embedded()
                .orElseThrow(() -> Problem.of("The texts bundled with Pintle are missing.")
                        .fact("expected", "models/parley-7m/texts.jsonl")
                        .fact("try", "--texts PATH")
                        .toException());
    }

    /** Maximum tokens of a text to read at once. */
    public int window() {
        return window;
    }

    /** Whether special tokens count. */
    public boolean specialTokens() {
        return specialTokens;
    }

    /** Names of roles whose tokens count; none for the usual ones. */
    public List<String> roles() {
        return roles;
    }

    /** The roles whose tokens count. */
    Set<Role> parsedRoles() {
        return ProfileSettings.roles(roles);
    }
}
