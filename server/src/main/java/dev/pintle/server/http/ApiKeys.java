package dev.pintle.server.http;

import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keys that callers must present, and what each may do. A file has one key a line, optionally with a name before it and
 * scopes after it: {@code ci: KEY read generate}; without scopes a key may do everything. Lines that begin with # are
 * comments.
 */
public final class ApiKeys {
    /** What a key may do. */
    public enum Scope {
        /** Look: models, vectors, runs, metrics. */
        READ,
        /** Generate, score, capture. */
        GENERATE,
        /** Change what is kept and loaded. */
        MANAGE
    }

    private static final int SHORTEST = 16;

    private final List<Key> keys;

    private record Key(byte[] secret, About about) {}

    /**
     * What may be told of a key.
     *
     * @param name what the file calls it; null if nothing
     * @param scopes what it may do
     */
    public record About(@Nullable String name, Set<Scope> scopes) {
        /** Copies the set. */
        public About {
            scopes = Set.copyOf(scopes);
        }
    }

    private ApiKeys(List<Key> keys) {
        this.keys = List.copyOf(keys);
    }

    /** No keys: everyone who reaches the server may do everything. */
    public static ApiKeys none() {
        return new ApiKeys(List.of());
    }

    /** One key for everything. */
    public static ApiKeys of(String key) {
        return parse(key, "the key");
    }

    /**
     * The keys of a file.
     *
     * @throws dev.pintle.base.PintleException if it can't be read, has no key, a key of fewer than 16 characters, or two
     *     of one name
     */
    public static ApiKeys read(Path file) {
        try {
            return parse(RegularFile.text(file), file.toString());
        } catch (IOException e) {
            throw Problem.of("The file of API keys cannot be read.")
                    .fact("file", file)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static ApiKeys parse(String text, String where) {
        List<Key> keys = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String at = where + ", line " + (i + 1);
            String[] words = line.split("\\s+", -1);
            int first = words[0].endsWith(":") ? 1 : 0;
            String name = first == 0 ? null : words[0].substring(0, words[0].length() - 1);
            if (words.length == first || words[first].length() < SHORTEST) {
                throw Problem.of("An API key is too short.")
                        .fact("where", at)
                        .fact("expected", "at least " + SHORTEST + " characters")
                        .toException();
            }
            Set<Scope> scopes = words.length == first + 1 ? EnumSet.allOf(Scope.class) : EnumSet.noneOf(Scope.class);
            for (int w = first + 1; w < words.length; w++) {
                scopes.add(scope(words[w], at));
            }
            if (name != null && keys.stream().anyMatch(key -> name.equals(key.about.name()))) {
                throw Problem.of("Two API keys have one name.")
                        .fact("where", at)
                        .fact("name", name)
                        .toException();
            }
            keys.add(new Key(words[first].getBytes(StandardCharsets.UTF_8), new About(name, scopes)));
        }
        if (keys.isEmpty()) {
            throw Problem.of("There is no API key.").fact("where", where).toException();
        }
        return new ApiKeys(keys);
    }

    private static Scope scope(String word, String where) {
        for (Scope scope : Scope.values()) {
            if (scope.name().toLowerCase(Locale.ROOT).equals(word)) {
                return scope;
            }
        }
        throw Problem.of("There is no such scope of an API key.")
                .fact("where", where)
                .fact("choose", "read, generate, manage")
                .fact("but was", word)
                .toException();
    }

    /** Whether callers must present a key. */
    public boolean areNeeded() {
        return !keys.isEmpty();
    }

    /** Names and scopes of the keys, in the order of the file. */
    public List<About> about() {
        return keys.stream().map(Key::about).toList();
    }

    /** @throws HttpProblem unless the key that was presented may do this */
    void require(@Nullable String authorization, Scope scope) {
        if (keys.isEmpty()) {
            return;
        }
        String bearer = "Bearer ";
        byte[] presented = authorization != null && authorization.regionMatches(true, 0, bearer, 0, bearer.length())
                ? authorization.substring(bearer.length()).strip().getBytes(StandardCharsets.UTF_8)
                : new byte[0];
        Key found = null;
        for (Key key : keys) { // all of them, so that the time says nothing
            if (MessageDigest.isEqual(key.secret, presented)) {
                found = key;
            }
        }
        if (found == null) {
            throw HttpProblem.of(
                            401,
                            "invalid_api_key",
                            Problem.of("The API key is missing or wrong.")
                                    .fact("expected", "Authorization: Bearer KEY"))
                    .with("WWW-Authenticate", "Bearer");
        }
        if (!found.about.scopes().contains(scope)) {
            throw HttpProblem.of(
                    403,
                    "scope_missing",
                    Problem.of("This API key may not do that.")
                            .fact("needs", scope.name().toLowerCase(Locale.ROOT)));
        }
    }
}
