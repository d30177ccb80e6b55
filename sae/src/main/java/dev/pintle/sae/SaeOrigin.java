package dev.pintle.sae;

import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an autoencoder comes from, as far as its files say. Unknown strings are empty.
 *
 * @param name short name, for reports
 * @param path the file or folder that was read
 * @param format name of the format of its files
 * @param at the hook point it reads; null if the files do not say, or name a place that has no hook point here
 * @param site the place as the files name it
 * @param model the model it was trained on, as the files name it
 * @param notes what users should know about how the files were interpreted
 * @param trainedOn the token sequences it was trained on
 */
public record SaeOrigin(
        String name,
        Path path,
        String format,
        @Nullable HookPoint at,
        String site,
        String model,
        List<String> notes,
        TrainingTokens trainedOn) {
    /** Keeps a copy of the notes. */
    public SaeOrigin {
        notes = List.copyOf(notes);
    }

    /** An origin whose files say nothing about the sequences of the training. */
    public SaeOrigin(
            String name,
            Path path,
            String format,
            @Nullable HookPoint at,
            String site,
            String model,
            List<String> notes) {
        this(name, path, format, at, site, model, notes, TrainingTokens.UNKNOWN);
    }

    /** A copy with the hook point supplied by the caller. */
    SaeOrigin at(HookPoint point) {
        return new SaeOrigin(name, path, format, point, point.toString(), model, notes, trainedOn);
    }
}
