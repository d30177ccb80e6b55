package dev.pintle.transformer.cpu;

import static dev.pintle.transformer.HookPoint.Site.ATTN_PATTERN;
import static dev.pintle.transformer.HookPoint.Site.RESID_PRE;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.HeapWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.HeapDense;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/*
 * In a model of some million parameters, an operation of libtorch takes less time than calling it. Here a block is a few
 * loops over arrays on the Java heap, whose tiles of tokens several threads share.
 *
 * Every number of a token is computed from this token and from keys and values before it, always in the same order. So
 * its bits depend neither on other rows nor on padding, chunks, what was cached, or the number of threads; and hooks,
 * which are called in between, see and change the same numbers as without them.
 */
/** The blocks of a small model on a CPU, in Java: in FP32, whose results are rounded after each step in a BF16 model. */
public final class HeapBlocks {
    private final ModelConfig config;
    private final DType dtype;
    private final List<HeapBlock> blocks = new ArrayList<>();

    /** Copies the weights of a transformer for which there is no {@link #obstacle} to the heap. */
    public HeapBlocks(Transformer transformer, ModelConfig config, DType dtype) {
        this.config = config;
        this.dtype = dtype;
        transformer
                .blocks()
                .forEach(block -> blocks.add(HeapBlock.of(block.fusable().orElseThrow())));
    }

    /** Why a model's blocks cannot be computed this way, as a clause; empty if they can. */
    public static Optional<String> obstacle(Transformer transformer) {
        if (!HeapWeight.usesVectors()) {
            return Optional.of("the module jdk.incubator.vector is missing");
        }
        for (Block block : transformer.blocks()) {
            Optional<FusableBlock> parts = block.fusable();
            if (parts.isEmpty() || !fits(parts.get())) {
                return Optional.of("the loops on the Java heap do not support the wiring of block " + block.layer());
            }
            for (Linear map : maps(parts.get())) {
                if (!(map instanceof HeapDense dense) || dense.dtype() == DType.FP16) {
                    return Optional.of("the loops on the Java heap compute in fp32 or bf16");
                }
                if (!dense.isOnHeap()) {
                    return Optional.of("the weights are large compared with the Java heap");
                }
            }
        }
        return Optional.empty();
    }

    private static boolean fits(FusableBlock block) {
        HeadNorms norms = block.attention().norms();
        return (norms.queries() == null || norms.queries() instanceof RmsNorm)
                && (norms.keys() == null || norms.keys() instanceof RmsNorm)
                && norms.span() == HeadNorms.Span.HEAD
                && block.mlp().activation() != Activation.GELU;
    }

    private static List<Linear> maps(FusableBlock block) {
        List<Linear> maps = new ArrayList<>(block.attention().qkv().parts());
        maps.add(block.attention().out());
        maps.addAll(block.mlp().gateUp().parts());
        maps.add(block.mlp().down());
        return maps;
    }

    /** Whether a block of a pass can be computed here: no hook looks at its attention pattern. */
    public boolean takes(int layer, Pass pass) {
        return !pass.isSeen(ATTN_PATTERN, layer);
    }

    /**
     * @param resid `[batch, tokens, dModel]`
     * @return the residual stream after this block, `[batch, tokens or 1, dModel]`
     */
    public Tensor forward(int layer, Tensor resid, Pass pass) {
        return new BlockRun(config, dtype, blocks.get(layer), pass.hook(RESID_PRE, layer, resid), pass).after();
    }
}
