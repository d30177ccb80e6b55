package dev.pintle.sae.labels;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What latents may stand for, in words. Labels are guesses, a person's or a program's; several latents may share one.
 */
public final class LatentLabels {
    private static final LatentLabels NONE = new LatentLabels(Map.of());

    private final Map<Integer, String> labels;

    private LatentLabels(Map<Integer, String> labels) {
        this.labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    }

    /** No labels. */
    public static LatentLabels none() {
        return NONE;
    }

    /** Labels by latent. */
    public static LatentLabels of(Map<Integer, String> labels) {
        return new LatentLabels(labels);
    }

    /**
     * Reads a file of labels: JSONL, CSV, or a JSON object from index to label, optionally gzipped; the format is
     * detected by content.
     *
     * @throws dev.pintle.base.PintleException locating the entry that cannot be used
     */
    public static LatentLabels read(Path file) {
        return new LatentLabels(LabelFiles.read(file));
    }

    /** Number of latents that have a label. */
    public int size() {
        return labels.size();
    }

    /** Labels by latent, in the order they were read. */
    public Map<Integer, String> byLatent() {
        return labels;
    }

    /** The label of a latent, if it has one. */
    public Optional<String> label(int latent) {
        return Optional.ofNullable(labels.get(latent));
    }

    /** The label, or text that says that there is none. */
    public String labelOrAbsence(int latent) {
        return label(latent).orElse("(no label)");
    }

    /** These labels, with others filling in for latents that have none. */
    public LatentLabels orElse(LatentLabels others) {
        Map<Integer, String> both = new LinkedHashMap<>(labels);
        others.labels.forEach(both::putIfAbsent);
        return new LatentLabels(both);
    }
}
