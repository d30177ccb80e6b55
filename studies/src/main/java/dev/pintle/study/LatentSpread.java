package dev.pintle.study;

import dev.pintle.sae.Term;
import java.util.List;
import java.util.Map;

/**
 * The active latents of a vector: how many, how large, and what the largest stand for.
 *
 * @param active how many are not 0
 * @param values all that are not 0, largest magnitude first
 * @param top the largest by magnitude
 */
public record LatentSpread(int active, float[] values, List<LatentValue> top) {
    /** How many are named. */
    public static final int NAMED = 25;

    /**
     * One latent.
     *
     * @param label what it may stand for; empty where there is no label
     */
    public record LatentValue(int latent, double value, String label) {}

    /** @param terms largest magnitude first */
    public static LatentSpread of(List<Term> terms, StudySubject.Labels labels) {
        float[] values = new float[terms.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = terms.get(i).activation();
        }
        return new LatentSpread(values.length, values, named(terms, labels));
    }

    /** The first terms with their labels. */
    public static List<LatentValue> named(List<Term> terms, StudySubject.Labels labels) {
        List<Term> first = terms.subList(0, Math.min(NAMED, terms.size()));
        Map<Integer, String> known = labels.of(first.stream().map(Term::latent).toList());
        return first.stream()
                .map(term -> new LatentValue(term.latent(), term.activation(), known.getOrDefault(term.latent(), "")))
                .toList();
    }
}
