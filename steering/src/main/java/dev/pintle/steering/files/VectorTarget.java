package dev.pintle.steering.files;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** A tool that vectors are written for, and what its files can hold. */
public enum VectorTarget {
    /** Pintle itself: everything, in safetensors. */
    PINTLE("pintle", "safetensors"),
    /** llama.cpp: control vectors after blocks from 1 on, in GGUF. */
    LLAMA_CPP("llama.cpp", "gguf"),
    /** repeng: control vectors after any block, in GGUF. */
    REPENG("repeng", "gguf"),
    /** EasySteer: control vectors after any block, in GGUF. */
    EASYSTEER("easysteer", "gguf"),
    /** lm-evaluation-harness: a dictionary of modules, in torch's format. */
    LM_EVAL("lm-eval", "pt"),
    /** The numbers of one vector, in NumPy's format. */
    NUMPY("numpy", "npy");

    private final String label;
    private final String ending;

    VectorTarget(String label, String ending) {
        this.label = label;
        this.ending = ending;
    }

    /** The name on the command line. */
    public String label() {
        return label;
    }

    /** The format of its files. */
    VectorFormat format() {
        return VectorFiles.format(ending).orElseThrow();
    }

    /** The ending of its files, without the point. */
    public String ending() {
        return ending;
    }

    /** @throws IllegalArgumentException listing the names, those of other tools than Pintle */
    public static VectorTarget parse(String name) {
        return Arrays.stream(values())
                .filter(target -> target.label.equals(name) && target != PINTLE)
                .findFirst()
                .orElseThrow(() -> Problem.of("There is no export for that tool.")
                        .fact("but was", name)
                        .fact(
                                "choose",
                                Arrays.stream(values())
                                        .filter(target -> target != PINTLE)
                                        .map(VectorTarget::label)
                                        .collect(Collectors.joining(", ")))
                        .toIllegalArgument());
    }

    /** The target that writes files of an ending; of a control vector llama.cpp, whose files all others read. */
    static Optional<VectorTarget> ofEnding(String ending) {
        String usual = ending.equals("pth") ? "pt" : ending;
        return Arrays.stream(values())
                .filter(target -> target.ending.equals(usual))
                .findFirst();
    }

    /** Why a vector there has no place in a file for this tool; empty where it has one. */
    String refuses(HookPoint at) {
        boolean afterBlock = at.site() == HookPoint.Site.RESID_POST;
        return switch (this) {
            case PINTLE, NUMPY -> "";
            case LLAMA_CPP ->
                afterBlock
                        ? at.layer() == 0 ? "llama.cpp cannot steer block 0" : ""
                        : "llama.cpp steers the residual stream after a block";
            case REPENG, EASYSTEER -> afterBlock ? "" : label + " steers the residual stream after a block";
            case LM_EVAL -> afterBlock ? "" : "lm-evaluation-harness steers the residual stream after a block";
        };
    }
}
