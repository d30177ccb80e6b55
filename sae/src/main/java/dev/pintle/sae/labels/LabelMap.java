package dev.pintle.sae.labels;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Labels by latent as they are read, within limits that no real set of labels reaches. */
final class LabelMap {
    /** More latents than any autoencoder has. */
    private static final int MOST_LATENTS = 4_000_000;

    private static final long MOST_CHARACTERS = 100_000_000;

    /** What {@link #put} accepts. */
    static final String EXPECTED = "latents below 4,000,000 and 100,000,000 characters of labels in total";

    private final Map<Integer, String> labels = new LinkedHashMap<>();
    private long characters;

    /**
     * Adds a label, cleaned up for display; a blank one is ignored. If a latent has several labels, the last one wins.
     *
     * @return false if the label exceeds the limits
     */
    boolean put(int latent, String label) {
        Optional<String> clean = LabelText.clean(label);
        if (clean.isEmpty()) {
            return true;
        }
        String text = clean.get();
        if (latent >= MOST_LATENTS || characters + text.length() > MOST_CHARACTERS) {
            return false;
        }
        String old = labels.put(latent, text);
        characters += text.length() - (old == null ? 0 : old.length());
        return true;
    }

    /** Whether a latent has a label. */
    boolean has(int latent) {
        return labels.containsKey(latent);
    }

    Map<Integer, String> all() {
        return labels;
    }
}
