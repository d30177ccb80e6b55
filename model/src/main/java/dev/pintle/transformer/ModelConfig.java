package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a decoder-only transformer, under the field's names.
 *
 * @param family name of the architecture as config.json gives it, such as {@code llama}
 * @param nLayers number of blocks
 * @param dModel width of the residual stream
 * @param nHeads query heads
 * @param nKvHeads key and value heads, each shared by nHeads / nKvHeads query heads
 * @param dHead width of one head, as configured and never divided out where the file gives it
 * @param dMlp width inside the MLP
 * @param dVocab number of token ids
 * @param maxPositions longest sequence the model was made for
 * @param normEps added to the mean square inside norms
 * @param tiedEmbeddings whether the unembedding is the embedding
 * @param attentionScale factor on query·key
 * @param attentionSoftCap bound c of c·tanh(score / c), or null for none
 * @param logitSoftCap bound c of c·tanh(logit / c), or null for none
 * @param embeddingScale factor on the token embeddings
 */
public record ModelConfig(
        String family,
        int nLayers,
        int dModel,
        int nHeads,
        int nKvHeads,
        int dHead,
        int dMlp,
        int dVocab,
        int maxPositions,
        double normEps,
        boolean tiedEmbeddings,
        double attentionScale,
        @Nullable Double attentionSoftCap,
        @Nullable Double logitSoftCap,
        double embeddingScale) {

    /** The same with embeddings that are tied or not. */
    public ModelConfig withTiedEmbeddings(boolean tied) {
        return new ModelConfig(
                family,
                nLayers,
                dModel,
                nHeads,
                nKvHeads,
                dHead,
                dMlp,
                dVocab,
                maxPositions,
                normEps,
                tied,
                attentionScale,
                attentionSoftCap,
                logitSoftCap,
                embeddingScale);
    }

    /** The factor on the token embeddings of a model in a dtype, in which Gemma rounds it. */
    public double embeddingScale(DType dtype) {
        try (TensorScope scope = TensorScope.open("round a number")) {
            return Tensor.of(new double[] {embeddingScale}, 1).to(dtype).toDoubles()[0];
        }
    }

    /** How many numbers the linear maps of one block hold. */
    public long blockWeights() {
        return (long) dModel * dHead * (2L * nHeads + 2L * nKvHeads) + 3L * dModel * dMlp;
    }

    /** How many numbers the matrices of the model hold; norms and biases are left out. */
    public long weights() {
        return nLayers * blockWeights() + (tiedEmbeddings ? 1L : 2L) * dVocab * dModel;
    }

    /** Sizes by axis name, for shape checks. */
    public Map<String, Integer> dims() {
        Map<String, Integer> dims = new LinkedHashMap<>();
        dims.put("dModel", dModel);
        dims.put("nHeads", nHeads);
        dims.put("nKvHeads", nKvHeads);
        dims.put("dHead", dHead);
        dims.put("dMlp", dMlp);
        dims.put("dVocab", dVocab);
        return dims;
    }
}
