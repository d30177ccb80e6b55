package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import org.jspecify.annotations.Nullable;

/**
 * Runs of differently hooked views of one model over the same tokens. The blocks that are passed before a view's first hook
 * compute the same for all, so they run once: what was last computed there is kept. Every number has the bits of
 * {@link LanguageModel#run}. For one thread; close it when the runs are done.
 */
public final class SharedRuns implements AutoCloseable {
    private final LanguageModel model;
    private final TokenBatch batch;
    private final int[] promptLengths;
    private final TensorScope owner = TensorScope.owner("residual stream before the first hook");
    private int blocks;
    private @Nullable Tensor resid; // after so many blocks

    /**
     * @param model without hooks
     * @param promptLengths length of each row's prompt within the whole sequence, in tokens
     */
    public SharedRuns(LanguageModel model, TokenBatch batch, int[] promptLengths) {
        this.model = model;
        this.batch = batch;
        this.promptLengths = promptLengths.clone();
    }

    /** Logits of every entry, `[batch, tokens, dVocab]`, of a view; they belong to the innermost open scope. */
    public Tensor logits(LanguageModel view) {
        RunOptions options = RunOptions.allLogits();
        int shared = view.blocksShared(model);
        if (shared == 0) {
            return view.run(batch, options, promptLengths).logits();
        }
        return view.run(batch, options, promptLengths, new ForwardPass.Midway(shared, after(shared)))
                .logits();
    }

    private Tensor after(int count) {
        Tensor known = resid;
        if (known != null && blocks == count) {
            return known;
        }
        if (known != null) {
            known.close();
        }
        HookPoint at = HookPoint.residPost(count - 1);
        try (TensorScope scope = TensorScope.open("run what is shared")) {
            Run run = model.run(batch, RunOptions.reading(at), promptLengths);
            Tensor fresh = owner.adopt(run.at(at));
            blocks = count;
            resid = fresh;
            return fresh;
        }
    }

    @Override
    public void close() {
        owner.close();
    }
}
