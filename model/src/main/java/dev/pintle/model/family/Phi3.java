package dev.pintle.model.family;

import dev.pintle.model.Architecture;
import dev.pintle.model.Attention;
import dev.pintle.model.ConfigReader;
import dev.pintle.model.Linear;
import dev.pintle.model.Mlp;
import dev.pintle.model.ModelConfig;
import dev.pintle.model.Rope;
import dev.pintle.model.Transformer;
import dev.pintle.model.Weights;

/** Phi-3 (arXiv:2404.14219): Llama's block with queries, keys and values, and gate and up, stored as one matrix each. */
public final class Phi3 implements Architecture {
    @Override
    public String modelType() {
        return "phi3";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        json.requireValue("attention_bias", false);
        json.ignore("original_max_position_embeddings"); // used by longrope only, which is refused by name
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Integer window = json.has("sliding_window") ? (Integer) json.positive("sliding_window") : null;
        Rope rope = Rope.of(json, c.dHead(), 10_000);
        int queries = c.nHeads() * c.dHead();
        int shared = c.nKvHeads() * c.dHead();
        return Common.assemble(
                weights,
                c,
                layer -> {
                    String at = Common.layer(layer);
                    Linear qkv = weights.linear(at + "self_attn.qkv_proj", queries + 2 * shared, c.dModel(), false);
                    Attention.Parts parts = Attention.Parts.plain(
                            qkv.rows(weights, 0, queries),
                            qkv.rows(weights, queries, shared),
                            qkv.rows(weights, queries + shared, shared),
                            weights.linear(at + "self_attn.o_proj", c.dModel(), queries, false));
                    Linear gateUp = weights.linear(at + "mlp.gate_up_proj", 2 * c.dMlp(), c.dModel(), false);
                    Mlp mlp = new Mlp(
                            gateUp.rows(weights, 0, c.dMlp()),
                            gateUp.rows(weights, c.dMlp(), c.dMlp()),
                            weights.linear(at + "mlp.down_proj", c.dModel(), c.dMlp(), false),
                            Mlp.Activation.SILU);
                    return Common.preNormBlock(weights, c, layer, new Attention(layer, c, parts, rope, window), mlp);
                },
                Common.finalNorm(weights, c));
    }
}
