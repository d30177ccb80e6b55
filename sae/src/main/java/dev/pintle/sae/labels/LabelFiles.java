package dev.pintle.sae.labels;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The user's own label files, in which an unusable line is an error. */
public final class LabelFiles {
    private LabelFiles() {}

    /**
     * A label as it is displayed: without line breaks and control characters, truncated if absurdly long; empty if
     * nothing is left.
     */
    public static Optional<String> oneLine(String label) {
        return LabelText.clean(label);
    }

    /**
     * Reads labels by latent from JSONL, CSV, or a JSON object or list, optionally gzipped. If a latent has several
     * labels, the last one wins.
     *
     * @throws PintleException locating the entry that cannot be used
     */
    public static Map<Integer, String> read(Path file) {
        GitLfs.requireContent(file);
        LabelMap labels = new LabelMap();
        try {
            RegularFile.require(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        try (InputStream bytes = Files.newInputStream(file)) {
            new LabelReader(new LabelReader.Sink() {
                        @Override
                        public void label(int index, String label) {
                            if (!labels.put(index, label)) {
                                unusable("latent " + index, LabelMap.EXPECTED, LabelReader.shown(label));
                            }
                        }

                        @Override
                        public void damaged(String place, String expected, String found) {
                            unusable(place, expected, found);
                        }

                        @Override
                        public void unusable(String place, String expected, String found) {
                            throw Problem.of("A line of the labels cannot be used.")
                                    .fact("file", file.toAbsolutePath())
                                    .fact("at", place)
                                    .fact("expected", expected)
                                    .fact("but was", found)
                                    .toException();
                        }
                    })
                    .read(bytes);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return labels.all();
    }

    private static PintleException unreadable(Path file, IOException e) {
        return Problem.of("The labels cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("cause", ForeignFile.why(e))
                .toException(e);
    }
}
