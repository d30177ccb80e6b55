package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Dense;
import dev.pintle.transformer.FusableBlock;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Tiled;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether the custom kernels support a model. */
public final class Fusing {
    private static final int OLDEST = 80; // compute capability with tensor cores for BF16
    private static final List<Integer> HEADS = List.of(16, 32, 64, 96, 128, 256);

    private Fusing() {}

    /** Why a model's blocks cannot be fused, as a clause; empty if they can. */
    public static Optional<String> obstacle(Transformer transformer, ModelConfig c, Device device, DType dtype) {
        if (device.kind() != Device.Kind.CUDA) {
            return Optional.of("the device is " + device);
        }
        if (dtype != DType.BF16 && dtype != DType.FP16) {
            return Optional.of("the kernels compute in bf16 or fp16, not " + dtype);
        }
        if (CudaProgram.capability(device) < OLDEST) {
            return Optional.of("the GPU's compute capability is below 8.0");
        }
        if (!HEADS.contains(c.dHead()) || c.dModel() % 32 != 0 || c.dMlp() % 32 != 0) {
            return Optional.of("the kernels do not support these sizes (dHead " + c.dHead() + ", dModel " + c.dModel()
                    + ", dMlp " + c.dMlp() + ")");
        }
        for (Block block : transformer.blocks()) {
            if (block.fusable().filter(parts -> fits(parts, c)).isEmpty()) {
                return Optional.of("the kernels do not support the wiring of block " + block.layer());
            }
        }
        return Optional.empty();
    }

    private static boolean fits(FusableBlock block, ModelConfig c) {
        Attention attention = block.attention();
        HeadNorms norms = attention.norms();
        return isNoneOrRms(norms.queries())
                && isNoneOrRms(norms.keys())
                && (norms.keys() == null) == (norms.queries() == null)
                && (norms.queries() == null
                        || (norms.span() == HeadNorms.Span.HEAD && Integer.bitCount(c.dHead()) == 1))
                && attention.rope() != null
                && attention.rope().rotated() == c.dHead()
                && !attention.qkv().stacks().isEmpty()
                && isDenseOrTiled(attention.out())
                && !block.mlp().gateUp().stacks().isEmpty()
                && isDenseOrTiled(block.mlp().down())
                && block.mlp().activation() != Activation.GELU;
    }

    private static boolean isDenseOrTiled(Linear map) {
        return map instanceof Dense || map instanceof Tiled;
    }

    private static boolean isNoneOrRms(@Nullable Norm norm) {
        return norm == null || norm instanceof RmsNorm;
    }

    /** Why a model's decoding steps cannot be recorded; empty if they can. */
    public static Optional<String> obstacleToRecording(
            Transformer transformer, ModelConfig c, Device device, DType dtype) {
        Optional<String> fusing = obstacle(transformer, c, device, dtype);
        if (fusing.isPresent()) {
            return fusing;
        }
        if (!SlotLender.recordsSteps(System.getenv("PINTLE_CUDA_GRAPHS"))) {
            return Optional.of("PINTLE_CUDA_GRAPHS is off");
        }
        if (c.dVocab() % 16 != 0) {
            return Optional.of("the kernels need a vocabulary size that is a multiple of 16, not " + c.dVocab());
        }
        boolean known = transformer.finalNorm() instanceof RmsNorm
                && transformer.embedding().tokens() instanceof Table.Plain
                && transformer.embedding().positions() == null
                && c.logitScale() == 1
                && transformer.logitBias() == null
                && (transformer.unembedding() instanceof Dense head
                        ? head.bias() == null
                        : transformer.unembedding() instanceof Tiled tiled && tiled.bias() == null);
        return known ? Optional.empty() : Optional.of("the kernels do not support this embedding or unembedding");
    }

    /** The blocks as the kernels see them. */
    static List<FusableBlock> blocks(Transformer transformer) {
        return transformer.blocks().stream()
                .map(block -> block.fusable().orElseThrow())
                .toList();
    }
}
