package dev.pintle.steering.files;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A tool that vectors can be written for, and what its files can hold. */
public enum VectorTarget {
    /** Pintle itself: everything, in safetensors. */
    PINTLE("pintle", "safetensors"),
    /** llama.cpp: control vectors after blocks from 1 on, in GGUF. */
    LLAMA_CPP("llama.cpp", "gguf"),
    /** repeng: control vectors after any block, in GGUF. */
    REPENG("repeng", "gguf"),
    /** EasySteer: control vectors after any block, in GGUF. */
    EASYSTEER("easysteer", "gguf"),
    /** lm-evaluation-harness: a dictionary of modules, in PyTorch's format. */
    LM_EVAL("lm-eval", "pt"),
    /** The values of one vector, in NumPy's format. */
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

    /** The extension of its files, without the dot. */
    public String ending() {
        return ending;
    }

    /**
     * How the tool loads its file.
     *
     * @param file its name
     * @param first the first layer in it
     * @param last the last one
     */
    public String loading(String file, int first, int last) {
        return switch (this) {
            case LLAMA_CPP ->
                "llama-cli -m MODEL.gguf --control-vector-scaled " + file + ":STRENGTH --control-vector-layer-range "
                        + first + " " + last;
            case REPENG -> "ControlVector.import_gguf(\"" + file + "\")";
            case EASYSTEER -> "SteerVectorRequest(steer_vector_local_path=\"" + file + "\", scale=STRENGTH)";
            case LM_EVAL -> "lm_eval --model steered --model_args pretrained=MODEL,steer_path=" + file;
            case NUMPY, PINTLE -> "numpy.load(\"" + file + "\")";
        };
    }

    /** Names of the tools other than Pintle, in order. */
    public static List<String> names() {
        return Arrays.stream(values())
                .filter(target -> target != PINTLE)
                .map(VectorTarget::label)
                .toList();
    }

    /** @throws IllegalArgumentException listing the names of all tools other than Pintle */
    public static VectorTarget parse(String name) {
        return Arrays.stream(values())
                .filter(target -> target.label.equals(name) && target != PINTLE)
                .findFirst()
                .orElseThrow(() -> Problem.of("There is no export for that tool.")
                        .fact("but was", name)
                        .fact("choose", String.join(", ", names()))
                        .toIllegalArgument());
    }

    /** The target for a file extension; for GGUF that is llama.cpp, whose control vectors all other tools read. */
    static Optional<VectorTarget> ofEnding(String ending) {
        String usual = ending.equals("pth") ? "pt" : ending;
        return Arrays.stream(values())
                .filter(target -> target.ending.equals(usual))
                .findFirst();
    }

    /** Why a vector at a hook point cannot be written for this tool; empty if it can. */
    String refuses(HookPoint at) {
        boolean afterBlock = at.site() == HookPoint.Site.RESID_POST;
        return switch (this) {
            case PINTLE, NUMPY -> "";
            case LLAMA_CPP ->
                afterBlock
                        ? at.layer() == 0 ? "llama.cpp cannot steer block 0" : ""
                        : "llama.cpp only steers the residual stream after a block";
            case REPENG, EASYSTEER -> afterBlock ? "" : label + " only steers the residual stream after a block";
            case LM_EVAL -> afterBlock ? "" : "lm-evaluation-harness only steers the residual stream after a block";
        };
    }
}
