package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model in a repository, written {@code org/name[@revision]}, or one of its GGUF files: {@code org/name:FILE.gguf} or, by
 * quantisation, {@code org/name:Q4_K_M}.
 *
 * @param repo the repository
 * @param gguf file or quantisation; null for the model in the Hugging Face format
 */
public record HubModel(RepoId repo, @Nullable String gguf) {
    /** The model named by {@code text}, if it has the form of a name. */
    static Optional<HubModel> tryParse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            return RepoId.tryParse(text).map(repo -> new HubModel(repo, null));
        }
        String word = text.substring(colon + 1);
        return RepoId.tryParse(text.substring(0, colon))
                .filter(repo -> repo.hasOwner() && SafeNames.isSafe(word))
                .map(repo -> new HubModel(repo, word));
    }

    /** Parses a name. @throws IllegalArgumentException if it is something else */
    public static HubModel parse(String text) {
        if (text.indexOf(':') < 0) {
            return new HubModel(RepoId.parse(text), null);
        }
        return tryParse(text)
                .orElseThrow(() -> Problem.of("This is not a valid name of a model on the hub.")
                        .fact(
                                "expected",
                                "org/name:FILE.gguf or org/name:Q4_K_M, perhaps with @revision before the colon")
                        .fact("but was", text)
                        .toIllegalArgument());
    }

    /** The files to download. */
    public Selection selection() {
        return gguf == null ? Selection.forModel() : Selection.gguf(gguf);
    }

    /** As it is written. */
    @Override
    public String toString() {
        return gguf == null ? repo.toString() : repo + ":" + gguf;
    }
}
