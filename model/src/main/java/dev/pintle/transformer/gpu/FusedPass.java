package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * Blocks on a GPU in 16 bits, with nine kernels each and no allocations except for their results.
 *
 * The operations between a block's matrix products take a GPU a few microseconds each, less than the CPU needs to
 * launch them: with plain operations, a pass over 512 tokens of an 8B model is bound by the CPU. Here, everything
 * between two products is one kernel, and all of it works in memory that is allocated once per pass. Hooks are called
 * between blocks; a block that a hook looks into falls back to the plain operations.
 */
/** The fused blocks of one forward pass, to be run in order. */
public final class FusedPass {
    private final List<FusableBlock> blocks;
    private final ModelConfig config;
    private final Pass pass;
    private final FusedOps ops;
    private final FusedBlock fused;
    private final int tokens;
    private final Tensor
            queries; // [batch, nHeads, tokens, dHead], part of the workspace's mapped, as are keys and values
    private final Tensor keys; // [batch, nKvHeads, tokens, dHead]
    private final Tensor values;
    private final Workspace work;
    private int normed = -1; // the block whose input norm is already in the workspace

    /**
     * Allocates the workspace of a pass in the current scope.
     *
     * @param embedded the first block's input, `[batch, tokens, dModel]`
     */
    public FusedPass(Transformer transformer, ModelConfig config, Pass pass, Tensor embedded) {
        this.blocks = Fusing.blocks(transformer);
        this.config = config;
        this.pass = pass;
        this.ops = FusedOps.of(embedded.device(), embedded.dtype());
        this.fused = new FusedBlock(ops, FusedBlock.Products.FASTEST);
        long batch = embedded.size(0);
        this.tokens = (int) embedded.size(1);
        this.work = workspace(embedded, batch * tokens);
        int heads = config.nHeads() + 2 * config.nKvHeads();
        Tensor byHead =
                work.mapped().reshape(batch, tokens, heads, config.dHead()).transpose(1, 2);
        this.queries = byHead.narrow(1, 0, config.nHeads());
        this.keys = byHead.narrow(1, config.nHeads(), config.nKvHeads());
        this.values = byHead.narrow(1, config.nHeads() + (long) config.nKvHeads(), config.nKvHeads());
    }

    private Workspace workspace(Tensor like, long rows) {
        return Workspace.of(config, width -> Tensor.empty(like.dtype(), like.device(), rows, width));
    }

    /** Whether a block can be fused: no hook looks inside it. */
    public boolean takes(int layer) {
        return !pass.seesInside(layer);
    }

    /**
     * @param resid `[batch, tokens, dModel]`, not modified
     * @return the residual stream after this block, `[batch, tokens or 1, dModel]`
     */
    public Tensor forward(int layer, Tensor resid) {
        FusableBlock block = blocks.get(layer);
        Tensor before = pass.hook(Site.RESID_PRE, layer, resid).contiguous();
        if (normed != layer) {
            ops.rmsNormInto(before, block.attnNorm(), work.normed());
        }
        fused.project(block, work);
        Tensor mixed = attention(block);
        Tensor read = pass.needed(layer, before).contiguous();
        long rows = read.size(0) * read.size(1);
        Workspace rest = pass.needsOnlyLast(layer) ? workspace(resid, rows) : work;
        Tensor after = Tensor.empty(resid.dtype(), resid.device(), read.shape().toArray());
        RmsNorm next = normBefore(layer + 1);
        fused.finish(block, read, mixed, rest, after, next);
        normed = next == null ? -1 : layer + 1;
        return pass.hook(Site.RESID_POST, layer, after);
    }

    /**
     * The norm that a block applies to the previous block's output; null if hooks in between may change that output, or
     * the block is not fused.
     */
    private @Nullable RmsNorm normBefore(int layer) {
        if (layer == blocks.size() || pass.isSeen(Site.RESID_POST, layer - 1) || pass.isSeen(Site.RESID_PRE, layer)) {
            return null;
        }
        return takes(layer) ? blocks.get(layer).attnNorm() : null;
    }

    /** The heads' outputs, `[rows, nHeads·dHead]`. */
    private Tensor attention(FusableBlock block) {
        Attention attention = block.attention();
        KvCache cache = pass.cache();
        KvCache.Entry kept = cache == null ? null : cache.room(block.layer(), tokens);
        ops.turnHeads(
                work.mapped(), attention.norms(), pass.turn(StepKernels.rope(attention)), kept, pass.past(), config);
        KvCache.Entry seen = cache == null ? new KvCache.Entry(keys, values) : cache.entry(block.layer());
        Tensor asking = pass.needsOnlyLast(block.layer()) ? Attention.last(queries) : queries;
        return attention.mix(asking, seen, pass).transpose(1, 2).reshape(-1, (long) config.nHeads() * config.dHead());
    }
}
