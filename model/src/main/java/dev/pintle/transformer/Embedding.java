package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Token ids as the first block reads them.
 *
 * @param tokens `[dVocab, dModel]`
 * @param positions `[maxPositions, dModel]`, added where positions are learned (GPT-2); null where they are not
 * @param scale of the tokens' rows, in the dtype of the model, in which Gemma rounds it
 */
public record Embedding(Tensor tokens, @Nullable Tensor positions, double scale) {
    /**
     * @param ids `[batch, tokens]`
     * @return `[batch, tokens, dModel]`
     */
    Tensor forward(Tensor ids, Pass pass) {
        Tensor rows = tokens.rows(ids);
        Tensor scaled = scale == 1 ? rows : rows.times(scale);
        return positions == null ? scaled : scaled.plus(positions.rows(pass.positions()));
    }
}
