package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.RepoId;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds an autoencoder by name: a file or folder; a file of the embedded model, such as {@code parley-7m-sae-l3}; or a
 * cached repository, {@code org/name[@revision]}, optionally with a folder in it after a colon:
 * {@code google/gemma-scope-2b-pt-res:layer_20/width_16k/average_l0_71}. Never accesses the network.
 */
public final class SaeFolders {
    private static final Pattern REPOSITORY = Pattern.compile("([\\w.-]+/[\\w.-]+(?:@[^:]+)?)(?::(.+))?");

    private SaeFolders() {}

    /**
     * A repository and a folder or file in it.
     *
     * @param repo the repository id
     * @param below path inside it; empty for the whole repository
     */
    public record InRepository(RepoId repo, String below) {}

    /**
     * The file or folder of an autoencoder.
     *
     * @throws dev.pintle.base.PintleException if there is none, listing the places that were searched
     */
    public static Path find(String name, HubSettings settings) {
        Path given = path(name);
        return Files.exists(given) ? given : findNamed(name, settings);
    }

    /**
     * The file or folder of an autoencoder that has a name: one of the embedded model, or a cached repository. A path is not
     * a name.
     *
     * @throws dev.pintle.base.PintleException if there is none, listing the places that were searched
     */
    public static Path findNamed(String name, HubSettings settings) {
        Path given = path(name);
        for (String embedded : new String[] {name, name + ".pth"}) {
            Optional<Path> file = ModelFolders.embeddedFile(embedded);
            if (file.isPresent()) {
                return file.get();
            }
        }
        Optional<InRepository> repository = repository(name);
        if (repository.isEmpty()) {
            throw Problem.of("There is no such autoencoder.")
                    .fact("autoencoder", name)
                    .fact("expected", "a file, a folder, or a repository such as org/name or org/name:folder")
                    .fact("looked in", given.toAbsolutePath())
                    .toException();
        }
        InRepository place = repository.get();
        Optional<Path> snapshot = HubClient.of(settings).cached(place.repo());
        return snapshot.map(folder -> folder.resolve(place.below()))
                .filter(Files::exists)
                .orElseThrow(() -> Problem.of("The autoencoder is not in the cache.")
                        .fact("autoencoder", name)
                        .fact("looked in", given.toAbsolutePath())
                        .fact("looked in", settings.cache().toAbsolutePath())
                        .fact(
                                "try",
                                "pintle pull " + place.repo() + " '"
                                        + (place.below().isEmpty() ? "*" : place.below() + "*") + "'")
                        .toException());
    }

    /** The repository that a name refers to, if it has the form of one. */
    public static Optional<InRepository> repository(String name) {
        Matcher matcher = REPOSITORY.matcher(name);
        if (!matcher.matches() || name.contains("..")) {
            return Optional.empty();
        }
        try {
            String below = matcher.group(2) == null ? "" : matcher.group(2);
            return Optional.of(new InRepository(RepoId.parse(matcher.group(1)), below));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw Problem.of("There is no such autoencoder.")
                    .fact("autoencoder", name)
                    .fact("cause", e.getReason())
                    .toException(e);
        }
    }
}
