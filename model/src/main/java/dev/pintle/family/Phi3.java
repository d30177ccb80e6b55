package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.GatedMlp;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.List;

/**
 * Phi-3 (arXiv:2404.14219): Llama's block, with queries, keys and values stored as one matrix, and gate and up as
 * another.
 */
public final class Phi3 implements Architecture {
    @Override
    public String modelType() {
        return "phi3";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        for (String key : List.of("attention_bias", "mlp_bias", "lm_head_bias")) {
            json.requireValue(key, false);
        }
        json.requireValue("full_attn_mod", 1); // Phi-4 mini states these two
        json.requireValue("interpolate_factor", 1);
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Integer window = json.has("sliding_window") ? (Integer) json.positive("sliding_window") : null;
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        int queries = c.nHeads() * c.dHead();
        int shared = c.nKvHeads() * c.dHead();
        return Common.assemble(
                weights,
                c,
                layer -> {
                    String at = Common.layer(layer);
                    Common.AttentionMaps maps = new Common.AttentionMaps(
                            weights.stored(at + "self_attn.qkv_proj", c.dModel(), queries, shared, shared),
                            weights.linear(at + "self_attn.o_proj", c.dModel(), queries, false));
                    Mlp mlp = new GatedMlp(
                            layer,
                            weights.stored(at + "mlp.gate_up_proj", c.dModel(), c.dMlp(), c.dMlp()),
                            weights.linear(at + "mlp.down_proj", c.dModel(), c.dMlp(), false),
                            Activation.SILU);
                    return Common.preNormBlock(weights, c, layer, maps.with(layer, c, rope, window), mlp);
                },
                Common.finalNorm(weights, c));
    }
}
