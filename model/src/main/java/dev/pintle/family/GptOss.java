package dev.pintle.family;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.ClampedExpert;
import dev.pintle.transformer.Expert;
import dev.pintle.transformer.MixtureOfExperts;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Experts;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Sinks;
import dev.pintle.transformer.Transformer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * gpt-oss (arXiv:2508.10925): Llama's block with a mixture of experts, attention that may go to nothing, and a sliding
 * window in every other layer. Experts that safetensors store in MXFP4 are decoded, exactly, when the model is loaded.
 */
public final class GptOss implements Architecture {
    private static final int USUAL_WINDOW = 128;
    private static final double USUAL_LIMIT = 7;
    private static final Set<String> QUANTISED = Set.of("quant_method", "modules_to_not_convert", "dequantize");

    @Override
    public String modelType() {
        return "gpt_oss";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        JsonNode quantised = json.objectOrNull("quantization_config");
        if (quantised != null) {
            if (!quantised.path("quant_method").asText().equals("mxfp4")) {
                throw json.unexpected("quantization_config", "quant_method mxfp4");
            }
            quantised.fieldNames().forEachRemaining(key -> {
                if (!QUANTISED.contains(key)) {
                    throw json.unexpected("quantization_config", "only the keys " + String.join(", ", QUANTISED));
                }
            });
        }
        ModelConfig c = ExpertReader.sizes(json, Common.sizes(json, false), "intermediate_size", 0, layer -> true);
        json.requireValue("experts_per_token", c.requireExperts().nChosen()); // another name of num_experts_per_tok
        json.has("initial_context_length"); // another name of what YaRN's settings state
        return c;
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", true);
        double limit = json.numberOr("swiglu_limit", USUAL_LIMIT);
        Rope rope = RopeReader.read(json, c.dHead(), 150_000);
        IntFunction<@Nullable Integer> windows =
                Common.windows(json, c, json.positiveOr("sliding_window", USUAL_WINDOW), layer -> layer % 2 == 0);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(layer, c, rope, windows.apply(layer))
                                .with(new Sinks(weights.norm(Common.layer(layer) + "self_attn.sinks", c.nHeads()))),
                        mixture(weights, c, layer, limit)),
                Common.finalNorm(weights, c));
    }

    private static Mlp mixture(Weights weights, ModelConfig c, int layer, double limit) {
        Experts experts = c.requireExperts();
        String at = Common.layer(layer) + "mlp.";
        return new MixtureOfExperts(
                layer,
                weights.linear(at + "router", experts.nExperts(), c.dModel(), true),
                experts.nChosen(),
                true, // the softmax of the chosen logits is that of all, divided by the sum of the chosen
                experts(weights, c, experts, at + "experts.", limit),
                null);
    }

    /** Gate and up are one interleaved matrix of all experts, or maps of each expert, as a GGUF file stores them. */
    private static List<Expert> experts(Weights weights, ModelConfig c, Experts experts, String at, double limit) {
        int width = experts.dExpert();
        List<Expert> all = new ArrayList<>();
        if (weights.has(at + "0.gate_proj.weight")) {
            for (int e = 0; e < experts.nExperts(); e++) {
                all.add(new ClampedExpert(
                        weights.joined(
                                c.dModel(),
                                true,
                                new Weights.Part(at + e + ".gate_proj", width),
                                new Weights.Part(at + e + ".up_proj", width)),
                        weights.linear(at + e + ".down_proj", c.dModel(), width, true),
                        limit));
            }
            return all;
        }
        try (TensorScope scope = TensorScope.open("load " + at)) {
            Matrices gateUps = Matrices.of(weights, at + "gate_up_proj", experts.nExperts(), 2 * width, c.dModel());
            Matrices downs = Matrices.of(weights, at + "down_proj", experts.nExperts(), c.dModel(), width);
            Tensor gateUpBias = weights.taken(at + "gate_up_proj_bias", experts.nExperts(), 2L * width);
            Tensor downBias = weights.taken(at + "down_proj_bias", experts.nExperts(), c.dModel());
            for (int e = 0; e < experts.nExperts(); e++) {
                try (TensorScope inner = TensorScope.open("load an expert")) {
                    Tensor gateUp = gateUps.get(e).reshape(width, 2, c.dModel()); // rows of gate and up alternate
                    Tensor bias = gateUpBias.select(0, e).reshape(width, 2);
                    all.add(new ClampedExpert(
                            weights.joined(List.of(
                                    weights.map(
                                            gateUp.select(1, 0).contiguous(),
                                            bias.select(1, 0).contiguous()),
                                    weights.map(
                                            gateUp.select(1, 1).contiguous(),
                                            bias.select(1, 1).contiguous()))),
                            weights.map(downs.get(e).contiguous(), downBias.select(0, e)),
                            limit));
                }
            }
        }
        return all;
    }

    /** Matrices `[rows, columns]` of all experts, one at a time. */
    private interface Matrices {
        Tensor get(int expert);

        /** @param name without the ending of the parts of MXFP4 */
        static Matrices of(Weights weights, String name, int experts, int rows, int columns) {
            Tensor blocks = weights.findStored(name + "_blocks");
            Tensor scales = weights.findStored(name + "_scales");
            if (blocks == null || scales == null) {
                Tensor turned = weights.taken(name, experts, columns, rows);
                return expert -> turned.select(0, expert).transpose(0, 1);
            }
            Mxfp4.require(name, blocks, scales, experts, rows, columns);
            return expert -> Mxfp4.matrix(blocks, scales, expert);
        }
    }
}
