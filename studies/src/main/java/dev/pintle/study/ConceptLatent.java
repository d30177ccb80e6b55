package dev.pintle.study;

import dev.pintle.sae.Decompose;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.study.LatentCandidate.Because;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Chooses the latent that stands for a concept: by its label and by how near its decoder row is to the vector that steers.
 * That steering raises a latent most says little: one special token may dominate the mean over a text.
 */
final class ConceptLatent {
    /** Of how many nearest rows, and of how many most raised latents, the labels are read. */
    private static final int LOOKED_AT = 100;

    private static final int LEAST_WORD = 4;

    private ConceptLatent() {}

    /**
     * The candidates, the chosen one first; each latent once.
     *
     * @param named latent of the settings, or -1
     * @param concept in a word or a few; empty if unknown
     * @param vector that steers, `[dModel]`
     * @param changes of latents under steering, largest magnitude first
     */
    static List<LatentCandidate> candidates(
            SparseAutoencoder sae,
            StudySubject.Labels labels,
            int named,
            String concept,
            Vec vector,
            List<Term> changes) {
        List<Integer> near = sae.decompose(vector, Decompose.nearestDecoder(LOOKED_AT)).terms().stream()
                .filter(term -> term.activation() > 0)
                .map(Term::latent)
                .toList();
        List<Integer> raised = changes.stream()
                .filter(term -> term.activation() > 0)
                .limit(LOOKED_AT)
                .map(Term::latent)
                .toList();
        Set<Integer> both = new LinkedHashSet<>(near);
        both.addAll(raised);
        if (named >= 0) {
            both.add(named);
        }
        Map<Integer, String> known = both.isEmpty() ? Map.of() : labels.of(both);
        List<LatentCandidate> all = new ArrayList<>();
        if (named >= 0) {
            all.add(candidate(named, Because.SETTINGS, known, sae, vector, changes));
        }
        Predicate<Integer> says = latent -> names(known.getOrDefault(latent, ""), concept);
        both.stream()
                .filter(says)
                .max(Comparator.comparingDouble(latent -> cosine(sae, latent, vector)))
                .ifPresent(latent -> all.add(candidate(latent, Because.LABEL, known, sae, vector, changes)));
        near.stream()
                .limit(1)
                .forEach(latent -> all.add(candidate(latent, Because.DECODER_ROW, known, sae, vector, changes)));
        raised.stream()
                .limit(1)
                .forEach(latent -> all.add(candidate(latent, Because.RAISED, known, sae, vector, changes)));
        if (all.isEmpty()) {
            all.add(candidate(0, Because.DECODER_ROW, known, sae, vector, changes));
        }
        Set<Integer> told = new LinkedHashSet<>();
        return all.stream().filter(one -> told.add(one.latent())).toList();
    }

    /** Whether a label names a concept: all of it, or one of its longer words. */
    static boolean names(String label, String concept) {
        String text = label.toLowerCase(Locale.ROOT);
        String whole = concept.strip().toLowerCase(Locale.ROOT);
        if (whole.isEmpty() || text.isEmpty()) {
            return false;
        }
        return text.contains(whole)
                || Arrays.stream(whole.split("[^\\p{L}\\p{N}]+", -1))
                        .filter(word -> word.length() >= LEAST_WORD)
                        .anyMatch(text::contains);
    }

    private static double cosine(SparseAutoencoder sae, int latent, Vec vector) {
        return vector.cosine(sae.decoderRow(latent));
    }

    private static LatentCandidate candidate(
            int latent,
            Because because,
            Map<Integer, String> labels,
            SparseAutoencoder sae,
            Vec vector,
            List<Term> changes) {
        double change = changes.stream()
                .filter(term -> term.latent() == latent)
                .mapToDouble(Term::activation)
                .findFirst()
                .orElse(0);
        return new LatentCandidate(
                latent, labels.getOrDefault(latent, ""), because, cosine(sae, latent, vector), change);
    }
}
