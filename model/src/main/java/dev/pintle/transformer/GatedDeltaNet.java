package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Workers;
import java.util.List;

/*
 * The recurrence runs token by token on the Java heap, in FP64: each head's memory is read, corrected and read again, always
 * in the same order. So a row's numbers depend neither on other rows nor on padding, chunks or what was cached.
 */
/**
 * Attention whose keys and values are folded into a memory of fixed size, S `[dKey, dValue]` per head: with the decay
 * α = exp(−exp(A) · softplus(a + dt)) and the strength β = sigmoid(b), S ← αS, then S ← S + k ⊗ β(v − Sᵀk), and o = Sᵀq
 * (Gated DeltaNet, arXiv:2412.06464). Queries, keys and values pass a causal convolution per channel and SiLU before;
 * queries and keys have length 1; o is normalised and multiplied by silu(z).
 *
 * @param heads sizes
 * @param in maps to queries, keys and values `[channels, dModel]`, z `[nValueHeads·dValue, dModel]`, b and a
 *     `[nValueHeads, dModel]`
 * @param constants of the convolution and the decay
 * @param norm of each head's output, `[dValue]`
 * @param out `[dModel, nValueHeads·dValue]`
 */
public record GatedDeltaNet(int layer, Heads heads, Joined in, Constants constants, RmsNorm norm, Linear out) {
    private static final double LENGTH_EPS = 1e-6; // added to the squared length of queries and keys
    private static final double LINEAR_FROM = 20; // where softplus(x) is x

    /**
     * Sizes.
     *
     * @param nKeyHeads heads of queries and keys, each shared by nValueHeads / nKeyHeads heads of values
     * @param kernel tokens that the convolution reads
     */
    public record Heads(int nKeyHeads, int nValueHeads, int dKey, int dValue, int kernel) {
        /** Width of queries, keys and values together. */
        public int channels() {
            return 2 * nKeyHeads * dKey + nValueHeads * dValue;
        }
    }

    /** Numbers on the Java heap. */
    public static final class Constants {
        private final double[] kernels; // [channels, kernel]
        private final double[] rates; // exp(A), [nValueHeads]
        private final double[] shifts; // dt, [nValueHeads]

        /**
         * @param kernels `[channels, 1, kernel]`
         * @param logRates A, `[nValueHeads]`
         * @param shifts dt, `[nValueHeads]`
         */
        public Constants(Tensor kernels, Tensor logRates, Tensor shifts) {
            this.kernels = kernels.toDoubles();
            this.rates = logRates.toDoubles();
            this.shifts = shifts.toDoubles();
            for (int head = 0; head < rates.length; head++) {
                rates[head] = Math.exp(rates[head]);
            }
        }
    }

    /**
     * @param x `[batch, tokens, dModel]`
     * @return what is added to the residual stream, `[batch, tokens, dModel]`, or `[batch, 1, dModel]` if only the last
     *     token is needed
     */
    Tensor forward(Tensor x, Pass pass) {
        List<Tensor> mapped = in.each(x); // [batch, tokens, width] each
        RecurrentState[] states = pass.states(
                layer,
                () -> new RecurrentState(
                        (heads.kernel - 1) * heads.channels(), heads.nValueHeads * heads.dKey * heads.dValue));
        double[] convolved = convolved(mapped.get(0).toDoubles(), states, pass.layout());
        double[] read =
                recurrence(convolved, mapped.get(2).toDoubles(), mapped.get(3).toDoubles(), states, pass.layout());
        DType precise = x.dtype().precise();
        Tensor o = Tensor.of(read, x.size(0), x.size(1), heads.nValueHeads, heads.dValue)
                .to(precise)
                .to(x.device());
        Tensor z = mapped.get(1).reshape(o.shape().toArray()).to(precise);
        Tensor gated = pass.needed(layer, norm.forward(o).times(z.silu()).to(x.dtype()));
        return out.forward(gated.reshape(gated.size(0), gated.size(1), (long) heads.nValueHeads * heads.dValue));
    }

    /** Queries, keys and values after convolution and SiLU, `[batch · tokens, channels]`; 0 for padding. */
    private double[] convolved(double[] fresh, RecurrentState[] states, Layout layout) {
        int channels = heads.channels();
        int past = heads.kernel - 1;
        double[] result = new double[fresh.length];
        Workers.share(states.length, 2.0 * fresh.length * heads.kernel, row -> {
            double[] recent = states[row].recent;
            for (int t = 0; t < layout.tokens(); t++) {
                if (layout.position(row, t) == Layout.PADDING) {
                    continue;
                }
                int at = (row * layout.tokens() + t) * channels;
                for (int c = 0; c < channels; c++) {
                    double sum = constants.kernels[c * heads.kernel + past] * fresh[at + c];
                    for (int before = 0; before < past; before++) {
                        sum += constants.kernels[c * heads.kernel + before] * recent[before * channels + c];
                    }
                    result[at + c] = sum / (1 + Math.exp(-sum));
                }
                if (past > 0) {
                    System.arraycopy(recent, channels, recent, 0, (past - 1) * channels);
                    System.arraycopy(fresh, at, recent, (past - 1) * channels, channels);
                }
            }
        });
        return result;
    }

    /** What each head reads from its memory, `[batch · tokens, nValueHeads · dValue]`; 0 for padding. */
    private double[] recurrence(double[] qkv, double[] b, double[] a, RecurrentState[] states, Layout layout) {
        int tokens = layout.tokens();
        int nHeads = heads.nValueHeads;
        double[] result = new double[states.length * tokens * nHeads * heads.dValue];
        Workers.share(states.length * nHeads, 6.0 * result.length * heads.dKey, at -> {
            int row = at / nHeads;
            int head = at % nHeads;
            for (int t = 0; t < tokens; t++) {
                if (layout.position(row, t) != Layout.PADDING) {
                    int token = row * tokens + t;
                    double decay = Math.exp(
                            -constants.rates[head] * softplus(a[token * nHeads + head] + constants.shifts[head]));
                    double strength = 1 / (1 + Math.exp(-b[token * nHeads + head]));
                    step(qkv, token, head, decay, strength, states[row].memory, result);
                }
            }
        });
        return result;
    }

    private static double softplus(double x) {
        return x > LINEAR_FROM ? x : Math.log1p(Math.exp(x));
    }

    /** One token of one head. */
    private void step(
            double[] qkv, int token, int head, double decay, double strength, double[] memory, double[] result) {
        int dKey = heads.dKey;
        int dValue = heads.dValue;
        int keyHead = head / (heads.nValueHeads / heads.nKeyHeads);
        int start = token * heads.channels();
        int q = start + keyHead * dKey;
        int k = start + (heads.nKeyHeads + keyHead) * dKey;
        int v = start + 2 * heads.nKeyHeads * dKey + head * dValue;
        int s = head * dKey * dValue;
        int o = (token * heads.nValueHeads + head) * dValue;
        double keyLength = length(qkv, k);
        double queryLength = length(qkv, q) * Math.sqrt(dKey);
        double[] change = new double[dValue]; // beta (v - S'k)
        for (int i = 0; i < dKey; i++) {
            double key = qkv[k + i] / keyLength;
            for (int j = 0; j < dValue; j++) {
                memory[s + i * dValue + j] *= decay;
                change[j] += memory[s + i * dValue + j] * key;
            }
        }
        for (int j = 0; j < dValue; j++) {
            change[j] = strength * (qkv[v + j] - change[j]);
        }
        for (int i = 0; i < dKey; i++) {
            double key = qkv[k + i] / keyLength;
            double query = qkv[q + i] / queryLength;
            for (int j = 0; j < dValue; j++) {
                memory[s + i * dValue + j] += key * change[j];
                result[o + j] += memory[s + i * dValue + j] * query;
            }
        }
    }

    private double length(double[] x, int from) {
        double squares = LENGTH_EPS;
        for (int i = from; i < from + heads.dKey; i++) {
            squares += x[i] * x[i];
        }
        return Math.sqrt(squares);
    }
}
