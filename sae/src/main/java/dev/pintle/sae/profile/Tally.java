package dev.pintle.sae.profile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Running counts of one latent, in bounded space. They depend on which firings were counted, not on the order: tallies of
 * parts of a collection can be added, and the result equals that of one pass, bit for bit.
 */
final class Tally {
    /**
     * Bins of the histogram: two per octave, starting at 2^-10; smaller and larger activations fall into the end bins.
     */
    static final int BINS = 40;

    private static final int OCTAVES_BELOW_ONE = 10;
    private static final double ROOT_OF_2 = Math.sqrt(2);
    private static final int FRACTION_BITS = 40;

    private final int contextsKept;
    final long[] histogram = new long[BINS];
    final List<Context> contexts = new ArrayList<>(); // strongest first
    final SortedMap<Integer, Sample> samples = new TreeMap<>(); // by histogram bin
    TokenTable tokens = new TokenTable();
    long fires;
    long whole; // the sum of activations is this much
    long fraction; // and so many times 2^-40, fewer than 2^40: integers add up in any order
    float max;

    /** A firing sampled from those of a bin: the one with the smallest rank so far. */
    record Sample(Context context, long rank) {
        boolean isAfter(long otherRank, long document, int position) {
            if (rank != otherRank) {
                return rank > otherRank;
            }
            return context.document() != document ? context.document() > document : context.position() > position;
        }
    }

    Tally(int contextsKept) {
        this.contextsKept = contextsKept;
    }

    /**
     * Counts a firing.
     *
     * @param hash of latent, document and position
     */
    void fired(int token, float activation, long hash) {
        fires++;
        double floor = Math.floor(activation);
        add((long) floor, (long) Math.rint((activation - floor) * (1L << FRACTION_BITS)));
        max = Math.max(max, activation);
        histogram[bin(activation)]++;
        tokens.fired(token, activation, hash);
    }

    private void add(long moreWhole, long moreFraction) {
        fraction += moreFraction;
        whole += moreWhole + (fraction >> FRACTION_BITS);
        fraction &= (1L << FRACTION_BITS) - 1;
    }

    /** Adds what was counted elsewhere, of other documents. */
    void add(Tally other) {
        fires += other.fires;
        add(other.whole, other.fraction);
        max = Math.max(max, other.max);
        for (int bin = 0; bin < BINS; bin++) {
            histogram[bin] += other.histogram[bin];
        }
        tokens.add(other.tokens);
        other.contexts.forEach(this::offer);
        other.samples.forEach((bin, sample) -> samples.merge(
                bin,
                sample,
                (mine, its) -> mine.isAfter(
                                its.rank(),
                                its.context().document(),
                                its.context().position())
                        ? its
                        : mine));
    }

    /** The bin of an activation. */
    static int bin(float activation) {
        int octave = Math.getExponent(activation);
        boolean upper = Math.scalb((double) activation, -octave) >= ROOT_OF_2;
        return Math.max(0, Math.min(BINS - 1, 2 * (octave + OCTAVES_BELOW_ONE) + (upper ? 1 : 0)));
    }

    /** Where a bin begins. */
    static double binStart(int bin) {
        return Math.pow(2, bin / 2.0 - OCTAVES_BELOW_ONE);
    }

    /** Whether a context with this peak might be kept. */
    boolean wants(float peak, long document, int position) {
        if (contexts.size() < contextsKept) {
            return true;
        }
        Context last = contexts.get(contexts.size() - 1);
        if (peak != last.max()) {
            return peak > last.max();
        }
        return document != last.document() ? document < last.document() : position < last.position();
    }

    /** Keeps a context if it is among the strongest; of those with the same tokens, only the strongest. */
    void offer(Context context) {
        if (!wants(context.max(), context.document(), context.position())) {
            return;
        }
        for (Context known : contexts) {
            if (Arrays.equals(known.ids(), context.ids())) {
                if (Context.STRONGEST.compare(known, context) <= 0) {
                    return;
                }
                contexts.remove(known);
                break;
            }
        }
        int at = contexts.size();
        while (at > 0 && Context.STRONGEST.compare(contexts.get(at - 1), context) > 0) {
            at--;
        }
        contexts.add(at, context);
        if (contexts.size() > contextsKept) {
            contexts.remove(contextsKept);
        }
    }

    /** Whether a firing would become the sample of its bin. */
    boolean wantsSample(float activation, long rank, long document, int position) {
        Sample known = samples.get(bin(activation));
        return known == null || known.isAfter(rank, document, position);
    }

    /** Keeps the firing at the context's peak as the sample of its bin. */
    void offerSample(Context context, long rank) {
        samples.put(bin(context.max()), new Sample(context, rank));
    }

    /** The sample of the bin that contains a quantile of the activations; empty in profiles without samples. */
    Optional<Context> atQuantile(double quantile) {
        long below = 0;
        for (int bin = 0; bin < BINS; bin++) {
            below += histogram[bin];
            if (histogram[bin] > 0 && below >= quantile * fires) {
                return Optional.ofNullable(samples.get(bin)).map(Sample::context);
            }
        }
        return Optional.empty();
    }

    long fires() {
        return fires;
    }

    double sum() {
        return whole + fraction * Math.scalb(1.0, -FRACTION_BITS);
    }

    float max() {
        return max;
    }

    long[] histogram() {
        return histogram.clone();
    }

    List<Context> contexts() {
        return List.copyOf(contexts);
    }

    TokenTable tokens() {
        return tokens;
    }

    /** Sets the sum of a tally of an earlier version, which kept it as one number. */
    void setSum(double sum) {
        whole = (long) Math.floor(sum);
        fraction = (long) ((sum - Math.floor(sum)) * (1L << FRACTION_BITS));
    }
}
