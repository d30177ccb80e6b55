package dev.pintle.transformer;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The hyperparameters of a decoder-only transformer, under the field's names.
 *
 * @param family name of the architecture as in config.json, such as {@code llama}
 * @param sizes of the transformer
 * @param heads the attention heads
 * @param ends what happens before the first and after the last block
 * @param normEps added to the mean square or variance inside norms
 * @param experts the experts of its mixtures, or null if it has none
 */
public record ModelConfig(
        String family,
        Sizes sizes,
        Heads heads,
        Ends ends,
        double normEps,
        @Nullable Experts experts) {
    /** A model without experts. */
    public ModelConfig(String family, Sizes sizes, Heads heads, Ends ends, double normEps) {
        this(family, sizes, heads, ends, normEps, null);
    }

    /**
     * Sizes of a transformer.
     *
     * @param nLayers number of blocks
     * @param dModel width of the residual stream
     * @param dMlp width inside the MLP
     * @param dVocab number of token ids
     * @param maxPositions longest sequence the model supports
     */
    public record Sizes(int nLayers, int dModel, int dMlp, int dVocab, int maxPositions) {}

    /**
     * The attention heads.
     *
     * @param nHeads query heads
     * @param nKvHeads key and value heads, each shared by nHeads / nKvHeads query heads
     * @param dHead width of one head, as configured; not necessarily dModel / nHeads
     * @param scale factor on query·key
     * @param softCap soft cap c in c·tanh(score / c), or null for none
     */
    public record Heads(
            int nHeads,
            int nKvHeads,
            int dHead,
            double scale,
            @Nullable Double softCap) {
        /** Heads with scores divided by √dHead and no soft cap. */
        public Heads(int nHeads, int nKvHeads, int dHead) {
            this(nHeads, nKvHeads, dHead, 1 / Math.sqrt(dHead), null);
        }

        /** A copy with another scale and soft cap. */
        public Heads scaled(double factor, @Nullable Double cap) {
            return new Heads(nHeads, nKvHeads, dHead, factor, cap);
        }
    }

    /**
     * What happens before the first and after the last block.
     *
     * @param tied whether the unembedding is the embedding
     * @param embeddingScale factor on the token embeddings
     * @param logitScale factor on the logits
     * @param logitSoftCap soft cap c in c·tanh(logit / c), or null for none
     */
    public record Ends(
            boolean tied,
            double embeddingScale,
            double logitScale,
            @Nullable Double logitSoftCap) {
        /** Embeddings and logits without scaling. */
        public Ends(boolean tied) {
            this(tied, 1, 1, null);
        }

        /** A copy with embeddings tied or not. */
        public Ends tied(boolean other) {
            return new Ends(other, embeddingScale, logitScale, logitSoftCap);
        }
    }

    /**
     * The experts of a model in which some MLPs are mixtures of experts.
     *
     * @param nExperts experts of a mixture
     * @param nChosen experts that read a token
     * @param dExpert width inside one expert
     * @param dShared width inside the expert that reads every token; 0 for none
     * @param nLayers number of blocks with a mixture
     */
    public record Experts(int nExperts, int nChosen, int dExpert, int dShared, int nLayers) {}

    /** A copy with other heads. */
    public ModelConfig with(Heads other) {
        return new ModelConfig(family, sizes, other, ends, normEps, experts);
    }

    /** A copy with other ends. */
    public ModelConfig with(Ends other) {
        return new ModelConfig(family, sizes, heads, other, normEps, experts);
    }

    /** A copy with experts. */
    public ModelConfig with(Experts other) {
        return new ModelConfig(family, sizes, heads, ends, normEps, other);
    }

    /** Number of blocks. */
    public int nLayers() {
        return sizes.nLayers;
    }

    /** Width of the residual stream. */
    public int dModel() {
        return sizes.dModel;
    }

    /** Width inside the MLP. */
    public int dMlp() {
        return sizes.dMlp;
    }

    /** Number of token ids. */
    public int dVocab() {
        return sizes.dVocab;
    }

    /** Longest sequence the model supports. */
    public int maxPositions() {
        return sizes.maxPositions;
    }

    /** Query heads. */
    public int nHeads() {
        return heads.nHeads;
    }

    /** Key and value heads. */
    public int nKvHeads() {
        return heads.nKvHeads;
    }

    /** Width of one head. */
    public int dHead() {
        return heads.dHead;
    }

    /** Factor on query·key. */
    public double attentionScale() {
        return heads.scale;
    }

    /** Soft cap of the scores, or null for none. */
    public @Nullable Double attentionSoftCap() {
        return heads.softCap;
    }

    /** Factor on the logits. */
    public double logitScale() {
        return ends.logitScale;
    }

    /** Soft cap of the logits, or null for none. */
    public @Nullable Double logitSoftCap() {
        return ends.logitSoftCap;
    }

    /** Whether the unembedding is the embedding. */
    public boolean tiedEmbeddings() {
        return ends.tied;
    }

    /**
     * The experts of a model that has some.
     *
     * @throws IllegalStateException if it has none
     */
    public Experts requireExperts() {
        if (experts == null) {
            throw new IllegalStateException("The model has no experts.");
        }
        return experts;
    }

    /** Number of weights in the linear maps of one block, assuming a gated MLP and no experts. */
    public long blockWeights() {
        return (long) dModel() * dHead() * (2L * nHeads() + 2L * nKvHeads()) + 3L * dModel() * dMlp();
    }

    /** By how many weights the blocks with experts exceed the same number of others. */
    private long weightsOfExperts() {
        if (experts == null) {
            return 0;
        }
        long widths = (long) experts.nExperts * experts.dExpert + experts.dShared - dMlp();
        return (long) experts.nLayers * dModel() * (3 * widths + experts.nExperts);
    }

    /** Number of weights in the model's matrices, without norms and biases. */
    public long weights() {
        return nLayers() * blockWeights() + weightsOfExperts() + (tiedEmbeddings() ? 1L : 2L) * dVocab() * dModel();
    }

    /** Sizes by axis name, for shape checks. */
    public Map<String, Integer> dims() {
        Map<String, Integer> dims = new LinkedHashMap<>();
        dims.put("dModel", dModel());
        dims.put("nHeads", nHeads());
        dims.put("nKvHeads", nKvHeads());
        dims.put("dHead", dHead());
        dims.put("dMlp", dMlp());
        dims.put("dVocab", dVocab());
        if (experts != null) {
            dims.put("nExperts", experts.nExperts);
        }
        return dims;
    }
}
