package dev.pintle.model;

import dev.pintle.base.Problem;

/** How tokens are chosen from the logits, and how many are generated. */
public sealed interface Decoding {
    /** Maximum number of tokens to generate. */
    int maxNewTokens();

    /** Always the most probable token. */
    static Decoding greedy(int maxNewTokens) {
        return new Greedy(maxNewTokens);
    }

    /**
     * Samples from the model's distribution at a temperature.
     *
     * @param seed the same seed gives the same tokens
     */
    static Sample sample(int maxNewTokens, double temperature, long seed) {
        return new Sample(maxNewTokens, temperature, 0, 1, 0, 1, seed);
    }

    /** Always the most probable token; ties go to the lower id. */
    record Greedy(int maxNewTokens) implements Decoding {
        /** @throws IllegalArgumentException if {@code maxNewTokens} is negative */
        public Greedy {
            requireTokens(maxNewTokens);
        }
    }

    /**
     * Random sampling. The filters apply in this order, as in transformers: repetition penalty, temperature, top-k,
     * top-p, min-p.
     *
     * @param maxNewTokens maximum number of tokens to generate
     * @param temperature divides the logits; above 0
     * @param topK keeps only the k most probable tokens; 0 for all
     * @param topP keeps the fewest tokens whose probabilities reach this sum; 1 for all
     * @param minP keeps tokens with at least this fraction of the highest probability; 0 for all
     * @param repetitionPenalty divides positive and multiplies negative logits of tokens already seen; 1 for none
     * @param seed the same seed gives the same tokens, whatever else is in the batch
     */
    record Sample(
            int maxNewTokens,
            double temperature,
            int topK,
            double topP,
            double minP,
            double repetitionPenalty,
            long seed)
            implements Decoding {
        /** @throws IllegalArgumentException naming the value that is out of range */
        public Sample {
            requireTokens(maxNewTokens);
            require(temperature > 0 && Double.isFinite(temperature), "temperature", "above 0", temperature);
            require(topK >= 0, "top-k", "0 (all) or more", topK);
            require(topP > 0 && topP <= 1, "top-p", "above 0, at most 1", topP);
            require(minP >= 0 && minP <= 1, "min-p", "0 to 1", minP);
            require(
                    repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                    "repetition penalty",
                    "above 0",
                    repetitionPenalty);
        }

        /** A copy with top-k. */
        public Sample withTopK(int k) {
            return new Sample(maxNewTokens, temperature, k, topP, minP, repetitionPenalty, seed);
        }

        /** A copy with top-p. */
        public Sample withTopP(double p) {
            return new Sample(maxNewTokens, temperature, topK, p, minP, repetitionPenalty, seed);
        }

        /** A copy with min-p. */
        public Sample withMinP(double p) {
            return new Sample(maxNewTokens, temperature, topK, topP, p, repetitionPenalty, seed);
        }

        /** A copy with a repetition penalty. */
        public Sample withRepetitionPenalty(double penalty) {
            return new Sample(maxNewTokens, temperature, topK, topP, minP, penalty, seed);
        }
    }

    private static void requireTokens(int maxNewTokens) {
        require(maxNewTokens >= 0, "new tokens", "0 or more", maxNewTokens);
    }

    private static void require(boolean fits, String what, String expected, Object found) {
        if (!fits) {
            throw Problem.of("A decoding setting is out of range.")
                    .fact("setting", what)
                    .fact("expected", expected)
                    .fact("but was", found)
                    .toIllegalArgument();
        }
    }
}
