package dev.pintle.sae.profile;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Running counts of one latent, in bounded space. Tokens are counted by the space-saving algorithm (Metwally, Agrawal
 * and El Abbadi 2005): if the table is full, a new token replaces the one with the smallest sum and inherits that sum,
 * so that no token with a large sum is lost.
 */
final class Tally {
    /**
     * Bins of the histogram: two per octave, starting at 2^-10; smaller and larger activations fall into the end bins.
     */
    static final int BINS = 40;

    private static final int OCTAVES_BELOW_ONE = 10;
    private static final int TOKENS = 48;

    private final int contextsKept;
    private final int[] histogram = new int[BINS];
    private final List<Context> contexts = new ArrayList<>(); // strongest first
    private final SortedMap<Integer, Sample> samples = new TreeMap<>(); // by histogram bin
    private int[] tokens = new int[4];
    private float[] sums = new float[4];
    private int tokenCount;
    private long fires;
    private double sum;
    private float max;

    /** A firing sampled from those of a bin: the one with the smallest rank so far. */
    private record Sample(Context context, long rank) {}

    Tally(int contextsKept) {
        this.contextsKept = contextsKept;
    }

    void fired(int token, float activation) {
        fires++;
        sum += activation;
        max = Math.max(max, activation);
        histogram[bin(activation)]++;
        int at = 0;
        while (at < tokenCount && tokens[at] != token) {
            at++;
        }
        if (at == tokenCount && tokenCount < TOKENS) {
            if (tokenCount == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * tokens.length);
                sums = Arrays.copyOf(sums, 2 * sums.length);
            }
            tokenCount++;
        } else if (at == tokenCount) {
            at = smallest();
        }
        tokens[at] = token;
        sums[at] += activation;
    }

    private int smallest() {
        int smallest = 0;
        for (int i = 1; i < tokenCount; i++) {
            smallest = sums[i] < sums[smallest] ? i : smallest;
        }
        return smallest;
    }

    /** The bin of an activation. */
    static int bin(float activation) {
        double octave = Math.log(activation) / Math.log(2) + OCTAVES_BELOW_ONE;
        return (int) Math.max(0, Math.min(BINS - 1, Math.floor(2 * octave)));
    }

    /** Where a bin begins. */
    static double binStart(int bin) {
        return Math.pow(2, bin / 2.0 - OCTAVES_BELOW_ONE);
    }

    /** Whether a context with this peak would be kept. */
    boolean wants(float peak) {
        return contexts.size() < contextsKept
                || peak > contexts.get(contexts.size() - 1).max();
    }

    /** Keeps a context, unless the same tokens are kept already. */
    void offer(Context context) {
        for (Context known : contexts) {
            if (Arrays.equals(known.ids(), context.ids())) {
                return;
            }
        }
        int at = contexts.size();
        while (at > 0 && contexts.get(at - 1).max() < context.max()) {
            at--;
        }
        contexts.add(at, context);
        if (contexts.size() > contextsKept) {
            contexts.remove(contextsKept);
        }
    }

    /** Whether a firing would become the sample of its bin. */
    boolean wantsSample(float activation, long rank) {
        Sample known = samples.get(bin(activation));
        return known == null || rank < known.rank();
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
        return sum;
    }

    float max() {
        return max;
    }

    int[] histogram() {
        return histogram.clone();
    }

    List<Context> contexts() {
        return List.copyOf(contexts);
    }

    int tokenCount() {
        return tokenCount;
    }

    int token(int entry) {
        return tokens[entry];
    }

    float tokenSum(int entry) {
        return sums[entry];
    }

    byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(fires);
            out.writeDouble(sum);
            out.writeFloat(max);
            for (int count : histogram) {
                out.writeInt(count);
            }
            out.writeInt(tokenCount);
            for (int i = 0; i < tokenCount; i++) {
                out.writeInt(tokens[i]);
                out.writeFloat(sums[i]);
            }
            out.writeInt(contexts.size());
            for (Context context : contexts) {
                write(out, context);
            }
            out.writeInt(samples.size());
            for (Map.Entry<Integer, Sample> entry : samples.entrySet()) {
                out.writeInt(entry.getKey());
                out.writeLong(entry.getValue().rank());
                write(out, entry.getValue().context());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // cannot happen in memory
        }
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, Context context) throws IOException {
        out.writeLong(context.document());
        out.writeInt(context.peak());
        out.writeInt(context.ids().length);
        for (int i = 0; i < context.ids().length; i++) {
            out.writeInt(context.ids()[i]);
            out.writeFloat(context.activations()[i]);
        }
    }

    private static Context context(DataInputStream in) throws IOException {
        long document = in.readLong();
        int peak = in.readInt();
        int[] ids = new int[in.readInt()];
        float[] activations = new float[ids.length];
        for (int t = 0; t < ids.length; t++) {
            ids[t] = in.readInt();
            activations[t] = in.readFloat();
        }
        return new Context(ids, activations, peak, document);
    }

    static Tally of(byte[] bytes, int contextsKept) {
        Tally tally = new Tally(contextsKept);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            tally.fires = in.readLong();
            tally.sum = in.readDouble();
            tally.max = in.readFloat();
            for (int i = 0; i < BINS; i++) {
                tally.histogram[i] = in.readInt();
            }
            tally.tokenCount = in.readInt();
            tally.tokens = new int[Math.max(4, tally.tokenCount)];
            tally.sums = new float[tally.tokens.length];
            for (int i = 0; i < tally.tokenCount; i++) {
                tally.tokens[i] = in.readInt();
                tally.sums[i] = in.readFloat();
            }
            int contexts = in.readInt();
            for (int i = 0; i < contexts; i++) {
                tally.contexts.add(context(in));
            }
            int samples = in.available() > 0 ? in.readInt() : 0; // earlier versions stored none
            for (int i = 0; i < samples; i++) {
                int bin = in.readInt();
                long rank = in.readLong();
                tally.samples.put(bin, new Sample(context(in), rank));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tally;
    }

    /** Entries of the token table, largest score first. */
    int[] tokensBy(java.util.function.IntToDoubleFunction score) {
        return IntStream.range(0, tokenCount)
                .boxed()
                .sorted((a, b) -> Double.compare(score.applyAsDouble(b), score.applyAsDouble(a)))
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
