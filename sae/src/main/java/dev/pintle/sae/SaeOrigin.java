package dev.pintle.sae;

import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an autoencoder comes from, as far as its files say. A text that is not known is empty.
 *
 * @param name short name, for reports
 * @param path the file or folder that was read
 * @param format what layout its files have
 * @param at where in the model it reads; null where the files do not say, or name a place that has no hook point here
 * @param site the place in the files' own words
 * @param model the model it was trained on, in the files' own words
 * @param notes what a user should know about how the files were read
 */
public record SaeOrigin(
        String name, Path path, String format, @Nullable HookPoint at, String site, String model, List<String> notes) {
    /** Keeps a copy of the notes. */
    public SaeOrigin {
        notes = List.copyOf(notes);
    }

    /** The same, at a place that somebody else knows. */
    SaeOrigin at(HookPoint point) {
        return new SaeOrigin(name, path, format, point, point.toString(), model, notes);
    }
}
