package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Turns token ids into the residual stream that the first block reads.
 *
 * @param tokens `[dVocab, dModel]`
 * @param positions learned position embeddings `[maxPositions, dModel]` (GPT-2); null for none
 * @param scale factor on the token embeddings, rounded to the model's dtype as in Gemma
 */
public record Embedding(Table tokens, @Nullable Tensor positions, double scale) {
    /** The same with token embeddings that are numbers. */
    public Embedding(Tensor tokens, @Nullable Tensor positions, double scale) {
        this(new Table.Plain(tokens), positions, scale);
    }

    /** The token embeddings `[dVocab, dModel]`, as they always are on a GPU. */
    public Tensor matrix() {
        return ((Table.Plain) tokens).matrix();
    }

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
