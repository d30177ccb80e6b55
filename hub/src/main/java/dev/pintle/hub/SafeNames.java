package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Names received from a server that become paths and URLs. None may escape its folder. */
final class SafeNames {
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.+=-]{0,199}");
    private static final String UNRESERVED = "_.-~";

    private SafeNames() {}

    /** Whether a path with slashes stays inside the folder it is resolved against, on every operating system. */
    static boolean isSafe(String name) {
        if (name.isEmpty()
                || name.indexOf('\\') >= 0
                || name.indexOf(':') >= 0
                || name.length() > 4_000
                || name.chars().anyMatch(Character::isISOControl)) {
            return false;
        }
        for (String segment : name.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                return false;
            }
        }
        return true;
    }

    /** {@code folder/name}. @throws HubException if that is outside the folder */
    static Path resolve(Path folder, String name) {
        Path resolved = folder;
        try {
            resolved = isSafe(name) ? folder.resolve(name).normalize() : folder;
        } catch (InvalidPathException e) {
            throw HubException.of(
                    HubException.Reason.DISK,
                    Problem.of("The server named a file that this system cannot store under that name.")
                            .fact("file", Excerpt.of(name))
                            .fact("try", "a UTF-8 locale, such as LC_ALL=C.UTF-8"),
                    e);
        }
        if (resolved.equals(folder) || !resolved.startsWith(folder.normalize())) {
            throw refused(name);
        }
        return resolved;
    }

    /**
     * @throws HubException if a file name could escape its folder
     */
    static String requireFile(String name) {
        if (!isSafe(name)) {
            throw refused(name);
        }
        return name;
    }

    /** Whether an ETag can be used as a file name. */
    static boolean isEtag(String etag) {
        return ETAG.matcher(etag).matches();
    }

    /** A name as part of a URL: UTF-8, percent-encoded, slashes kept. */
    static String inPath(String name) {
        return encode(name, "/");
    }

    /** A name as one URL segment: as {@link #inPath}, with slashes encoded too. */
    static String asSegment(String name) {
        return encode(name, "");
    }

    private static String encode(String name, String kept) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || (UNRESERVED + kept).indexOf(c) >= 0);
            encoded.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return encoded.toString();
    }

    private static HubException refused(String name) {
        return HubException.of(
                HubException.Reason.DAMAGED,
                Problem.of("The server named a file outside the cache.")
                        .fact("file", Excerpt.of(name))
                        .fact("try", "another repository; this one should not be trusted"));
    }
}
