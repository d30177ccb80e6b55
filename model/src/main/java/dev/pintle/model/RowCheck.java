package dev.pintle.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Which numbers of rows leave a row the bits that it has alone.
 *
 * @param equal numbers of rows that do
 * @param different numbers of rows that change log-probabilities, if only in the last bit, or tokens
 */
public record RowCheck(List<Integer> equal, List<Integer> different) {
    private static final List<Integer> COUNTS = List.of(2, 3, 8, 9, 16, 17, 33, 64, 65, 128, 256);
    private static final int NEW_TOKENS = 3;
    private static final int LONGEST = 12; // prompt

    /** Copies the lists. */
    public RowCheck {
        equal = List.copyOf(equal);
        different = List.copyOf(different);
    }

    /**
     * Generates a few tokens alone, and as the first and the last of several rows.
     *
     * @param time after which no larger numbers of rows are tried
     */
    static RowCheck of(Generator generator, int dVocab, Duration time) {
        long began = System.nanoTime();
        List<Integer> equal = new ArrayList<>();
        List<Integer> different = new ArrayList<>();
        Random random = new Random(1);
        GenerationRequest probe = request(random, dVocab);
        List<GeneratedToken> alone = generator
                .generate(List.of(probe), GenerationListener.SILENT)
                .get(0)
                .tokens();
        for (int count : COUNTS) {
            if (System.nanoTime() - began > time.toNanos()) {
                break;
            }
            List<GenerationRequest> rows = new ArrayList<>(List.of(probe));
            while (rows.size() < count - 1) {
                rows.add(request(random, dVocab));
            }
            rows.add(probe);
            List<Generated> found = generator.generate(rows, GenerationListener.SILENT);
            boolean same = found.get(0).tokens().equals(alone)
                    && found.get(count - 1).tokens().equals(alone);
            (same ? equal : different).add(count);
        }
        return new RowCheck(equal, different);
    }

    private static GenerationRequest request(Random random, int dVocab) {
        int[] prompt = random.ints(1 + random.nextInt(LONGEST), 0, dVocab).toArray();
        return GenerationRequest.of(prompt, Decoding.greedy(NEW_TOKENS));
    }
}
