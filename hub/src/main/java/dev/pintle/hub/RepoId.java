package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A hub repository at one revision, written {@code org/name} or {@code org/name@revision}.
 *
 * @param name {@code org/name}, or a bare name for the oldest repositories
 * @param revision a branch, tag or commit; {@code main} by default
 */
public record RepoId(String name, String revision) {
    private static final String MAIN = "main";
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final int MAX_LENGTH = 96;

    /**
     * @throws IllegalArgumentException if either part has a form that the hub does not allow
     */
    public RepoId {
        if (!isName(name) || !isRevision(revision)) {
            throw Problem.of("This is not a valid repository name.")
                    .fact("expected", "org/name or org/name@revision, with letters, digits, '.', '_' and '-'")
                    .fact("but was", revision.equals(MAIN) ? name : name + "@" + revision)
                    .toIllegalArgument();
        }
    }

    /** Parses {@code org/name[@revision]}. @throws IllegalArgumentException if it is something else */
    public static RepoId parse(String text) {
        int at = text.indexOf('@');
        return at < 0 ? new RepoId(text, MAIN) : new RepoId(text.substring(0, at), text.substring(at + 1));
    }

    /** The repository named by {@code text}, if it has the form of a name. */
    static Optional<RepoId> tryParse(String text) {
        int at = text.indexOf('@');
        String name = at < 0 ? text : text.substring(0, at);
        String revision = at < 0 ? MAIN : text.substring(at + 1);
        return isName(name) && isRevision(revision) ? Optional.of(new RepoId(name, revision)) : Optional.empty();
    }

    /** A copy at another revision. */
    public RepoId at(String other) {
        return new RepoId(name, other);
    }

    /** Whether the revision is a commit, whose files never change. */
    public boolean isCommit() {
        return isCommit(revision);
    }

    /** Whether the name includes an organisation. */
    boolean hasOwner() {
        return name.indexOf('/') > 0;
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    private static boolean isName(String name) {
        String[] parts = name.split("/", -1);
        if (parts.length > 2 || name.length() > MAX_LENGTH || name.contains("--") || name.contains("..")) {
            return false;
        }
        for (String part : parts) {
            if (!PART.matcher(part).matches()) {
                return false;
            }
        }
        return !name.endsWith(".git");
    }

    private static boolean isRevision(String revision) {
        return SafeNames.isSafe(revision) && revision.chars().noneMatch(c -> c <= ' ' || c == 0x7f);
    }

    /** {@code org/name}, with {@code @revision} unless that is {@code main}. */
    @Override
    public String toString() {
        return revision.equals(MAIN) ? name : name + "@" + revision;
    }
}
