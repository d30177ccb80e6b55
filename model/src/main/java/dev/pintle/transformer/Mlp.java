package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.Set;

/** The part of a block that is computed for each position separately. */
public interface Mlp {
    /**
     * @param x `[batch, tokens, dModel]`
     * @return what is added to the residual stream, `[batch, tokens, dModel]`
     */
    Tensor forward(Tensor x, Pass pass);

    /** The sites that {@link #forward} passes to {@link Pass#hook}. */
    default Set<Site> sites() {
        return Set.of(Site.MLP_PRE, Site.MLP_POST);
    }
}
