package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/*
 * Blocks on a GPU in 16 bits, with nine kernels each and no memory made but for their results.
 *
 * What a block does between its products takes a GPU a few microseconds an operation, and the processor longer than that to
 * ask for it: made of plain operations, a pass over 512 tokens of an 8B model is bound by the processor. Here everything
 * between two products is one kernel, and all of it works in memory that is made once a pass. Hooks are called between
 * blocks; a block in which one wants to see more is left to the plain operations.
 */
/** The blocks of one forward pass, taken in order, in few kernels each. */
public final class FusedBlocks {
    private static final int OLDEST = 80; // compute capability with tensor cores for BF16

    private final Transformer transformer;
    private final ModelConfig config;
    private final Pass pass;
    private final FusedOps ops;
    private final int tokens;
    private final Tensor mapped; // [batch·tokens, (nHeads + 2 nKvHeads) dHead]
    private final Tensor queries; // [batch, nHeads, tokens, dHead], part of mapped, as are keys and values
    private final Tensor keys; // [batch, nKvHeads, tokens, dHead]
    private final Tensor values;
    private final Room room;
    private int normed = -1; // the block for which room.normed holds the residual stream

    /** Memory for what follows attention, for some tokens. */
    private record Room(Tensor product, Tensor mid, Tensor normed, Tensor gateUp, Tensor hidden) {
        static Room of(Tensor like, ModelConfig c, long rows) {
            return new Room(
                    Tensor.empty(like.dtype(), like.device(), rows, c.dModel()),
                    Tensor.empty(like.dtype(), like.device(), rows, c.dModel()),
                    Tensor.empty(like.dtype(), like.device(), rows, c.dModel()),
                    Tensor.empty(like.dtype(), like.device(), rows, 2L * c.dMlp()),
                    Tensor.empty(like.dtype(), like.device(), rows, c.dMlp()));
        }
    }

    /**
     * Makes the memory of a pass in the current scope.
     *
     * @param embedded what the first block reads, `[batch, tokens, dModel]`
     */
    public FusedBlocks(Transformer transformer, ModelConfig config, Pass pass, Tensor embedded) {
        this.transformer = transformer;
        this.config = config;
        this.pass = pass;
        this.ops = FusedOps.on(embedded).orElseThrow();
        long batch = embedded.size(0);
        this.tokens = (int) embedded.size(1);
        int heads = config.nHeads() + 2 * config.nKvHeads();
        this.mapped = Tensor.empty(embedded.dtype(), embedded.device(), batch * tokens, (long) heads * config.dHead());
        Tensor byHead = mapped.reshape(batch, tokens, heads, config.dHead()).transpose(1, 2);
        this.queries = byHead.narrow(1, 0, config.nHeads());
        this.keys = byHead.narrow(1, config.nHeads(), config.nKvHeads());
        this.values = byHead.narrow(1, config.nHeads() + (long) config.nKvHeads(), config.nKvHeads());
        this.room = Room.of(embedded, config, batch * tokens);
    }

    /** Whether the kernels know everything that this model's blocks do. */
    public static boolean suit(Transformer transformer, ModelConfig c, Device device, DType dtype) {
        return device.kind() == Device.Kind.CUDA
                && CudaProgram.capability(device) >= OLDEST
                && (dtype == DType.BF16 || dtype == DType.FP16)
                && List.of(16, 32, 64, 96, 128, 256).contains(c.dHead())
                && c.dModel() % 32 == 0
                && c.dMlp() % 32 == 0
                && transformer.blocks().stream().allMatch(block -> suits(block, c));
    }

    private static boolean suits(Block block, ModelConfig c) {
        Attention attention = block.attention();
        Attention.Parts parts = attention.parts();
        return isNoneOrRms(block.postAttn())
                && isNoneOrRms(block.postMlp())
                && block.preAttn() instanceof RmsNorm
                && block.preMlp() instanceof RmsNorm
                && parts.normPerHead()
                && isNoneOrRms(parts.queryNorm())
                && (parts.keyNorm() == Norm.NONE) == (parts.queryNorm() == Norm.NONE)
                && (parts.queryNorm() == Norm.NONE || Integer.bitCount(c.dHead()) == 1)
                && attention.rope().rotated() == c.dHead()
                && attention.joined() != null
                && block.mlp().joined() != null;
    }

    private static boolean isNoneOrRms(Norm norm) {
        return norm == Norm.NONE || norm instanceof RmsNorm;
    }

    /** Whether no hook wants to see the inside of a block. */
    public boolean take(Block block) {
        return !block.isSeenInside(pass);
    }

    /**
     * @param resid `[batch, tokens, dModel]`, left as it is
     * @param onlyLast whether what follows attention is computed for the last token of each row only
     * @return the residual stream after this block, `[batch, tokens or 1, dModel]`
     */
    public Tensor forward(Block block, Tensor resid, boolean onlyLast) {
        int layer = block.layer();
        Tensor before = pass.hook(Site.RESID_PRE, layer, resid).contiguous();
        if (normed != layer) {
            ops.rmsNormInto(before, (RmsNorm) block.preAttn(), room.normed);
        }
        Tensor mixed = attention(block, onlyLast);
        long batch = resid.size(0);
        Room here = onlyLast ? Room.of(resid, config, batch) : room;
        Tensor read = onlyLast ? before.narrow(1, tokens - 1L, 1).contiguous() : before;
        block.attention().parts().out().forwardInto(mixed, here.product);
        ops.addNormed(read, here.product, block.postAttn(), null, here.mid, here.normed, (RmsNorm) block.preMlp());
        Mlp mlp = block.mlp();
        Objects.requireNonNull(mlp.joined()).forwardInto(here.normed, here.gateUp);
        ops.gated(here.gateUp, mlp.activation(), here.hidden);
        mlp.down().forwardInto(here.hidden, here.product);
        Tensor after = Tensor.empty(resid.dtype(), resid.device(), batch, onlyLast ? 1 : tokens, config.dModel());
        RmsNorm next = normBefore(layer + 1);
        ops.addNormed(here.mid, here.product, block.postMlp(), null, after, next == null ? null : here.normed, next);
        normed = next == null ? -1 : layer + 1;
        return pass.hook(Site.RESID_POST, layer, after);
    }

    /** The norm by which a block reads what the block before it wrote; null where that is not what it reads. */
    private @Nullable RmsNorm normBefore(int layer) {
        if (layer == config.nLayers()
                || pass.isSeen(Site.RESID_POST, layer - 1)
                || pass.isSeen(Site.RESID_PRE, layer)) {
            return null;
        }
        Block block = transformer.blocks().get(layer);
        return take(block) ? (RmsNorm) block.preAttn() : null;
    }

    /** What the heads mix, `[rows, nHeads·dHead]`. */
    private Tensor attention(Block block, boolean onlyLast) {
        Attention attention = block.attention();
        Objects.requireNonNull(attention.joined()).forwardInto(room.normed, mapped);
        KvCache cache = pass.cache();
        KvCache.Entry kept = cache == null ? null : cache.room(block.layer(), tokens);
        ops.turnHeads(mapped, attention.parts(), pass.turn(attention.rope()), kept, pass.past(), config);
        KvCache.Entry seen = cache == null ? new KvCache.Entry(keys, values) : cache.entry(block.layer());
        Tensor mixed = attention.mix(onlyLast ? Attention.last(queries) : queries, seen, pass, onlyLast);
        return mixed.transpose(1, 2).reshape(-1, (long) config.nHeads() * config.dHead());
    }
}
