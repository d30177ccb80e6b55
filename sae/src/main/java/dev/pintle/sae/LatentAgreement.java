package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/*
 * An autoencoder's threshold turns a small error of an activation into latents that appear or vanish, which a cosine does not
 * show. Weak latents are nearest to their threshold and go first: in arXiv:2606.03002 a latent's largest activation predicts
 * whether it survives rounding of the weights. Therefore activations are also counted by the peak of their latent.
 */
/** Compares an autoencoder's latents on two activations of the same tokens, such as those of a model and its quantised copy. */
public final class LatentAgreement {
    /** Relative change from which an activation counts as changed. */
    public static final double CHANGED = 0.1;

    private static final int BANDS = 4;

    private final SparseAutoencoder sae;
    private final float[] peak; // by latent, in the first activations
    private final double[] active; // by latent, tokens on which it is active in the first
    private final double[] both;
    private final double[] close; // of both, those that differ by at most CHANGED
    private long activeInOther;
    private double relativeChange; // summed over both
    private long tokens;

    /** Compares nothing yet. */
    public LatentAgreement(SparseAutoencoder sae) {
        this.sae = sae;
        this.peak = new float[sae.dSae()];
        this.active = new double[sae.dSae()];
        this.both = new double[sae.dSae()];
        this.close = new double[sae.dSae()];
    }

    /**
     * The result; means are over tokens, shares over activations, that is pairs of a token and a latent active on it.
     *
     * @param tokens number of tokens
     * @param active mean number of active latents of a token in the first activations
     * @param activeInOther the same in the second
     * @param appear mean number that are active in the second only
     * @param vanish mean number that are active in the first only
     * @param changed mean number that are active in both, but differ by more than {@link #CHANGED} of the first
     * @param relativeChange mean of |g − f| / f over latents active in both, with f the first and g the second activation;
     *     NaN if there are none
     * @param bands the latents active in the first, from the quarter with the lowest peaks to that with the highest
     */
    public record Report(
            long tokens,
            double active,
            double activeInOther,
            double appear,
            double vanish,
            double changed,
            double relativeChange,
            List<Band> bands) {
        /** @param bands copied */
        public Report {
            bands = List.copyOf(bands);
        }
    }

    /**
     * Latents of similar peaks, a peak being the largest activation of a latent in the first activations.
     *
     * @param from lowest peak
     * @param to highest peak
     * @param latents number of latents
     * @param activations number of tokens on which they are active, summed over the latents
     * @param survive share of those activations that are active in the second too
     * @param close share that also differ by at most {@link #CHANGED}
     */
    public record Band(double from, double to, int latents, long activations, double survive, double close) {}

    /**
     * Adds tokens.
     *
     * @param first `[tokens, dModel]`, any floating dtype; compared in FP32
     * @param second `[tokens, dModel]`, of the same tokens
     */
    public void add(Tensor first, Tensor second) {
        long size = SparseCoder.tokensAtOnce(first.device(), 2 * sae.dSae()); // latents of both
        for (long start = 0; start < first.size(0); start += size) {
            long count = Math.min(size, first.size(0) - start);
            try (TensorScope scope = TensorScope.open("latents of both")) {
                block(sae.encode(first.narrow(0, start, count)), sae.encode(second.narrow(0, start, count)));
            }
        }
    }

    /** @param f, g latent activations `[tokens, dSae]` FP32 */
    private void block(Tensor f, Tensor g) {
        float[] first = f.toFloats();
        float[] second = g.toFloats();
        for (int at = 0; at < first.length; at++) {
            activeInOther += second[at] > 0 ? 1 : 0;
            if (first[at] > 0) {
                int latent = at % peak.length;
                peak[latent] = Math.max(peak[latent], first[at]);
                active[latent]++;
                if (second[at] > 0) {
                    double change = Math.abs((double) second[at] - first[at]) / first[at];
                    both[latent]++;
                    close[latent] += change <= CHANGED ? 1 : 0;
                    relativeChange += change;
                }
            }
        }
        tokens += f.size(0);
    }

    /** What was found on the tokens added so far. */
    public Report report() {
        double first = Arrays.stream(active).sum();
        double shared = Arrays.stream(both).sum();
        return new Report(
                tokens,
                first / tokens,
                (double) activeInOther / tokens,
                (activeInOther - shared) / tokens,
                (first - shared) / tokens,
                (shared - Arrays.stream(close).sum()) / tokens,
                relativeChange / shared,
                bands());
    }

    private List<Band> bands() {
        int[] byPeak = IntStream.range(0, peak.length)
                .filter(i -> active[i] > 0)
                .boxed()
                .sorted((one, other) -> Float.compare(peak[one], peak[other]))
                .mapToInt(i -> i)
                .toArray();
        List<Band> bands = new ArrayList<>();
        for (int band = 0; band < BANDS; band++) {
            int[] latents =
                    Arrays.copyOfRange(byPeak, band * byPeak.length / BANDS, (band + 1) * byPeak.length / BANDS);
            if (latents.length > 0) {
                double all = sum(active, latents);
                bands.add(new Band(
                        peak[latents[0]],
                        peak[latents[latents.length - 1]],
                        latents.length,
                        Math.round(all),
                        sum(both, latents) / all,
                        sum(close, latents) / all));
            }
        }
        return bands;
    }

    private static double sum(double[] values, int[] latents) {
        return Arrays.stream(latents).mapToDouble(i -> values[i]).sum();
    }
}
