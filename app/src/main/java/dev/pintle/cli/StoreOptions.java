package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a store of activations holds, and how. */
public final class StoreOptions {
    @Option(
            names = "--at",
            paramLabel = "PATTERN",
            description = "Hook points to store; * matches anything (default: " + HookPointChoice.RESIDUAL_STREAM
                    + " of --layers).")
    private List<String> patterns = new ArrayList<>();

    @Option(names = "--layers", paramLabel = "LIST", description = "Only these layers, such as 3,5-7.")
    private @Nullable String layers;

    @Option(
            names = "--stored-as",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description = "Dtype of the stored activations, fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--shard-size",
            paramLabel = "MIB",
            defaultValue = "256",
            description = "Size of a file at most; a process that is killed loses the one it was writing (default:"
                    + " ${DEFAULT-VALUE}).")
    private int shardMib;

    @Option(
            names = "--bos",
            description = "Begin plain texts with the start token if the tokenizer adds none, as GPT-2's does not.")
    private boolean bos;

    /**
     * The patterns of hook points.
     *
     * @throws IllegalArgumentException if neither they nor layers are named
     */
    public List<String> patterns() {
        if (patterns.isEmpty() && layers == null) {
            throw Problem.of("There is nothing to store.")
                    .fact("expected", "--layers LIST or --at PATTERN")
                    .fact("try", "--layers 3, for blocks.3.hook_resid_post")
                    .toIllegalArgument();
        }
        return patterns.isEmpty() ? List.of(HookPointChoice.RESIDUAL_STREAM) : patterns;
    }

    /** Layers of the hook points, such as {@code 3,5-7}; null for all. */
    public @Nullable String layers() {
        return layers;
    }

    /** Dtype of the stored activations. */
    public DType dtype() {
        return DType.parse(dtype, HarvestSettings.DTYPES);
    }

    /** Size of a shard at most, in MiB. */
    public int shardMib() {
        return shardMib;
    }

    /** Whether a plain text gets the start token if the tokenizer adds none. */
    public boolean startsWithBos() {
        return bos;
    }
}
