package dev.pintle.cli;

import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.library.Library;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The vector of a proposed setting, saved where other commands find it.
 *
 * @param vector its name, or the file it was read from
 * @param saved a line that says under which name it was saved
 * @param command a command that steers like the setting
 */
record TunedVector(String vector, String saved, String command) {
    /**
     * Saves the vector of a setting under a name, unless it already has one.
     *
     * @param wanted a name that the user chose
     * @throws dev.pintle.base.PintleException if another vector has that name
     */
    static TunedVector of(
            SweepPoint point,
            SweepOptions.Swept swept,
            SweepOptions options,
            Library library,
            @Nullable String wanted) {
        Candidate candidate = Candidate.of(point, swept.candidates());
        Optional<String> given = options.given(candidate);
        boolean several = given.isPresent()
                && swept.candidates().stream()
                                .filter(other -> other.method().equals(candidate.method()))
                                .count()
                        > 1;
        String name = given.isPresent() && wanted == null ? given.get() : kept(candidate, options, library, wanted);
        List<String> steering = options.steering(name, point, several && wanted == null);
        String question = point.samples().get(0).question();
        String command = Stream.concat(
                        Stream.concat(Stream.of("pintle", "generate"), steering.stream()),
                        Stream.of("--user", question))
                .map(TunedVector::quoted)
                .collect(Collectors.joining(" "));
        return new TunedVector(
                name,
                given.isPresent() && wanted == null ? "To steer with it:" : "Saved as " + name + ". To steer with it:",
                command);
    }

    private static String kept(Candidate candidate, SweepOptions options, Library library, @Nullable String wanted) {
        if (wanted != null) {
            library.keep(wanted, List.of(candidate.vector()), false);
            return wanted;
        }
        String word = options.word().isEmpty() ? candidate.method() : options.word();
        return library.keepNumbered(word + "-tuned", candidate.vector());
    }

    /** Quoted for a shell, if needed. */
    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9._/@:=,+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
