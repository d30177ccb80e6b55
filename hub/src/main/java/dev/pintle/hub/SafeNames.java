package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Names that a server gave us and that become paths and addresses. None may lead out of the folder it is meant for. */
final class SafeNames {
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.+=-]{0,199}");
    private static final String UNRESERVED = "_.-~";

    private SafeNames() {}

    /** Whether a name with slashes stays below the folder it is resolved against, on every operating system. */
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

    /** {@code folder/name}. @throws HubException if that would be elsewhere */
    static Path resolve(Path folder, String name) {
        Path resolved = folder;
        try {
            resolved = isSafe(name) ? folder.resolve(name).normalize() : folder;
        } catch (InvalidPathException e) {
            throw HubException.of(
                    HubException.Reason.DISK,
                    Problem.of("The server named a file that this system cannot store under that name.")
                            .fact("file", Excerpt.of(name))
                            .fact("try", "a locale with UTF-8, such as LC_ALL=C.UTF-8"),
                    e);
        }
        if (resolved.equals(folder) || !resolved.startsWith(folder.normalize())) {
            throw refused(name);
        }
        return resolved;
    }

    /** @throws HubException if the name of a file could lead out of its folder */
    static String requireFile(String name) {
        if (!isSafe(name)) {
            throw refused(name);
        }
        return name;
    }

    /** Whether an ETag can be the name of a file. */
    static boolean isEtag(String etag) {
        return ETAG.matcher(etag).matches();
    }

    /** A name as a part of an address: UTF-8, percent-encoded, slashes kept. */
    static String inPath(String name) {
        return encode(name, "/");
    }

    /** A name as one segment of an address: as {@link #inPath}, with slashes encoded too. */
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
                Problem.of("The server named a file that would lead out of the cache.")
                        .fact("file", Excerpt.of(name))
                        .fact("try", "another repository; this one should not be trusted"));
    }
}
