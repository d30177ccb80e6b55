package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.sae.profile.ProfileMerge;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle sae merge-profiles}. */
@Command(
        name = "merge-profiles",
        mixinStandardHelpOptions = true,
        description = {
            "Puts profiles of parts of a collection of texts (pintle sae profile --part K/N) together. The result equals the"
                    + " profile of one pass exactly.",
            "Some of the parts can be merged first, and the result with the others later."
        })
final class SaeMergeProfilesCommand implements Callable<Integer> {
    private static final String PART_ENDING = "-\\d+-of-\\d+$";

    @Parameters(
            arity = "1..*",
            paramLabel = "PROFILE",
            description = "Profiles of parts: names, or .sqlite files copied from other machines.")
    private List<String> profiles = new ArrayList<>();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the result (default: that of the first part without -K-of-N).")
    private @Nullable String name;

    @Option(names = "--force", description = "Replace an existing profile of that name.")
    private boolean force;

    @Option(names = "--json", description = "Print a summary as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /** The name of a part's profile. */
    static String nameOf(String name, Part part) {
        return name + "-" + part.number() + "-of-" + part.of();
    }

    @Override
    public Integer call() {
        Library library = Session.library(Objects.requireNonNull(spec));
        List<Path> files = profiles.stream().map(given -> file(library, given)).toList();
        String named = name == null ? usualName(files.get(0)) : name;
        Path to = library.profileFile(named);
        if (Files.exists(to) && !force) {
            throw Problem.of("There is a profile of that name.")
                    .fact("file", to)
                    .fact("try", "--force, or --name with another name")
                    .toException();
        }
        if (files.stream().anyMatch(file -> file.toAbsolutePath().equals(to.toAbsolutePath()))) {
            throw Problem.of("The result would replace one of its parts.")
                    .fact("file", to)
                    .fact("try", "--name with another name")
                    .toIllegalArgument();
        }
        report(to, ProfileMerge.merge(files, to));
        return 0;
    }

    private static Path file(Library library, String given) {
        return given.endsWith(".sqlite") ? Path.of(given) : library.profileFile(given);
    }

    private static String usualName(Path first) {
        String name = Library.profileName(first);
        String whole = name.replaceFirst(PART_ENDING, "");
        return whole.equals(name) ? name + "-merged" : whole;
    }

    private void report(Path file, ProfileMerge.Merged merged) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LatentProfile profile = LatentProfile.open(file)) {
            if (json) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("file", file.toString());
                fields.putAll(profile.summary());
                fields.put("parts_merged", merged.parts());
                fields.put("parts_missing", merged.missing());
                fields.put(
                        "setup",
                        Setup.withoutModel()
                                .with("model", profile.model())
                                .with("profile", profile.stamp())
                                .fields());
                out.println(Json.text(fields));
                return;
            }
            out.printf(
                    Locale.ROOT,
                    "%s%n  %d of %d parts of %,d texts, %,d tokens (roles: %s); %,d of %,d latents fired%n",
                    file,
                    merged.parts().size(),
                    merged.of(),
                    merged.documents(),
                    merged.tokens(),
                    profile.roles().replace(",", ", "),
                    profile.alive(),
                    profile.dSae());
            if (!merged.missing().isEmpty()) {
                out.println("  still missing: parts "
                        + merged.missing().stream().map(String::valueOf).collect(Collectors.joining(", ")));
            }
        }
    }
}
