package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Expert;
import dev.pintle.transformer.GatedExpert;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Experts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Reads the keys and weights of mixtures of experts. */
final class ExpertReader {
    private ExpertReader() {}

    /**
     * The experts of a model.
     *
     * @param width key of the width inside one expert
     * @param shared width inside the expert that reads every token; 0 for none
     * @param has which layers have a mixture
     */
    static ModelConfig sizes(ConfigReader json, ModelConfig c, String width, int shared, IntPredicate has) {
        String count =
                json.has("num_experts") ? "num_experts" : "num_local_experts"; // transformers 5 writes the latter
        int nExperts = json.positive(count);
        json.requireValue("num_local_experts", nExperts);
        int chosen = json.positive("num_experts_per_tok");
        if (chosen > nExperts) {
            throw json.unexpected("num_experts_per_tok", "at most " + count + " = " + nExperts);
        }
        int layers = (int) IntStream.range(0, c.nLayers()).filter(has).count();
        return c.with(new Experts(nExperts, chosen, json.positive(width), shared, layers));
    }

    /** Which layers of a Qwen model have a mixture: all but those listed, and only every few if the file says so. */
    static IntPredicate sparse(ConfigReader json) {
        int step = json.positiveOr("decoder_sparse_step", 1);
        List<Integer> listed = json.wholeNumbersOrNull("mlp_only_layers");
        Set<Integer> dense = new HashSet<>(listed == null ? List.of() : listed);
        return layer -> (layer + 1) % step == 0 && !dense.contains(layer);
    }

    /** The experts of one mixture, each with maps of its own. */
    static List<Expert> gated(Weights weights, ModelConfig c, Experts experts, String at, Names names) {
        List<Expert> all = new ArrayList<>();
        for (int e = 0; e < experts.nExperts(); e++) {
            all.add(gated(weights, c, experts.dExpert(), at + "experts." + e + ".", names));
        }
        return all;
    }

    /** One expert. */
    static Expert gated(Weights weights, ModelConfig c, int width, String at, Names names) {
        return new GatedExpert(
                weights.joined(
                        c.dModel(),
                        false,
                        new Weights.Part(at + names.gate, width),
                        new Weights.Part(at + names.up, width)),
                weights.linear(at + names.down, c.dModel(), width, false),
                Activation.SILU);
    }

    /** What the maps of an expert are called. */
    record Names(String gate, String up, String down) {
        static final Names QWEN = new Names("gate_proj", "up_proj", "down_proj");
        static final Names MIXTRAL = new Names("w1", "w3", "w2");
    }
}
