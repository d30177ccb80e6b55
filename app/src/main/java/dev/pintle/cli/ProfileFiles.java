package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The user's profiles, by name. */
final class ProfileFiles {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    private ProfileFiles() {}

    static Path file(Session session, String name) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.of("A profile cannot have that name.")
                    .fact(
                            "expected",
                            "up to 100 letters, digits, points, dashes and underscores, a letter or digit first")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
        return session.data().resolve("profiles").resolve(name + ".sqlite");
    }
}
