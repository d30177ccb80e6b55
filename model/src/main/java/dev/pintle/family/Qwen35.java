package dev.pintle.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.GatedDeltaNet;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.RecurrentBlock;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.ArrayList;
import java.util.List;

/**
 * Qwen 3.5, dense, text only (Qwen 2026): a Gated DeltaNet in three of four layers, attention with a gate on its output in
 * the others.
 */
public final class Qwen35 implements Architecture {
    private static final int USUAL_INTERVAL = 4; // of layers with attention
    private static final double USUAL_SHARE = 0.25; // of each head's elements, rotated
    private static final int USUAL_KERNEL = 4;
    private static final int USUAL_WIDTH = 128;
    private static final int USUAL_KEY_HEADS = 16;
    private static final int USUAL_VALUE_HEADS = 32;

    @Override
    public String modelType() {
        return "qwen3_5_text";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        json.requireString("mamba_ssm_dtype", "float32");
        json.requireValue("attn_output_gate", true);
        json.has("mtp_num_hidden_layers"); // of a part that predicts later tokens, which is not loaded
        return Common.sizes(json, false);
    }

    private static GatedDeltaNet.Heads heads(ConfigReader json) {
        int keyHeads = json.positiveOr("linear_num_key_heads", USUAL_KEY_HEADS);
        int valueHeads = json.positiveOr("linear_num_value_heads", USUAL_VALUE_HEADS);
        if (valueHeads % keyHeads != 0) {
            throw json.unexpected("linear_num_value_heads", "a multiple of linear_num_key_heads = " + keyHeads);
        }
        int dKey = json.positiveOr("linear_key_head_dim", USUAL_WIDTH);
        int dValue = json.positiveOr("linear_value_head_dim", USUAL_WIDTH);
        int kernel = json.positiveOr("linear_conv_kernel_dim", USUAL_KERNEL);
        double memory = (double) valueHeads * dKey * dValue;
        double kernels = (2.0 * keyHeads * dKey + (double) valueHeads * dValue) * kernel;
        if (Math.max(memory, kernels) > Integer.MAX_VALUE) {
            throw json.unexpected("linear_num_value_heads", "heads whose widths and memory are below 2^31 elements");
        }
        return new GatedDeltaNet.Heads(keyHeads, valueHeads, dKey, dValue, kernel);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        weights.passOverAll("mtp.");
        boolean bias = json.flagOr("attention_bias", false);
        GatedDeltaNet.Heads heads = heads(json);
        boolean[] recurrent = recurrent(json, c);
        Rope rope = rope(json, c);
        return Common.assemble(
                weights,
                c,
                layer -> {
                    Norm attnNorm = norm(weights, c, layer, "input_layernorm");
                    Norm mlpNorm = norm(weights, c, layer, "post_attention_layernorm");
                    Mlp mlp = Common.mlp(weights, c, layer, false, Activation.SILU);
                    return recurrent[layer]
                            ? new RecurrentBlock(layer, attnNorm, deltaNet(weights, c, layer, heads), mlpNorm, mlp)
                            : new PreNormBlock(layer, attnNorm, attention(weights, c, layer, rope, bias), mlpNorm, mlp);
                },
                Common.gemmaNorm(weights, c, "model.norm", c.dModel()));
    }

    /** Which layers have no attention. */
    private static boolean[] recurrent(ConfigReader json, ModelConfig c) {
        int interval = json.positiveOr("full_attention_interval", USUAL_INTERVAL);
        List<String> types = json.stringsOrNull("layer_types");
        if (types != null
                && (types.size() != c.nLayers()
                        || !types.stream().allMatch(t -> t.equals("linear_attention") || t.equals("full_attention")))) {
            throw json.unexpected(
                    "layer_types", c.nLayers() + " types, each of them linear_attention or full_attention");
        }
        boolean[] recurrent = new boolean[c.nLayers()];
        for (int layer = 0; layer < recurrent.length; layer++) {
            recurrent[layer] = types == null
                    ? (layer + 1) % interval != 0
                    : types.get(layer).equals("linear_attention");
        }
        return recurrent;
    }

    /** Rotary positions; those of a text are the same along each axis of an image, between which the file divides a head. */
    private static Rope rope(ConfigReader json, ModelConfig c) {
        double share = json.numberOr("partial_rotary_factor", USUAL_SHARE);
        JsonNode rope = json.objectOrNull("rope_parameters");
        if (rope == null) {
            return RopeReader.read(json, c.dHead(), 10_000, share);
        }
        RopeReader.requireSame(json, "rope_theta", rope);
        RopeReader.requireSame(json, "partial_rotary_factor", rope);
        ObjectNode ofText = rope.deepCopy();
        ofText.remove(List.of("mrope_section", "mrope_interleaved"));
        return RopeReader.read(json, "rope_parameters", ofText, c.dHead(), json.numberOr("rope_theta", 10_000), share);
    }

    private static Norm norm(Weights weights, ModelConfig c, int layer, String name) {
        return Common.gemmaNorm(weights, c, Common.layer(layer) + name, c.dModel());
    }

    private static GatedDeltaNet deltaNet(Weights weights, ModelConfig c, int layer, GatedDeltaNet.Heads heads) {
        String at = Common.layer(layer) + "linear_attn.";
        int nHeads = heads.nValueHeads();
        int width = nHeads * heads.dValue();
        return new GatedDeltaNet(
                layer,
                heads,
                weights.joined(
                        c.dModel(),
                        false,
                        new Weights.Part(at + "in_proj_qkv", heads.channels()),
                        new Weights.Part(at + "in_proj_z", width),
                        new Weights.Part(at + "in_proj_b", nHeads),
                        new Weights.Part(at + "in_proj_a", nHeads)),
                new GatedDeltaNet.Constants(
                        weights.norm(at + "conv1d.weight", heads.channels(), 1, heads.kernel()),
                        weights.norm(at + "A_log", nHeads),
                        weights.norm(at + "dt_bias", nHeads)),
                new RmsNorm(weights.norm(at + "norm.weight", heads.dValue()), c.normEps()),
                weights.linear(at + "out_proj", c.dModel(), width, false));
    }

    /** Attention whose queries are stored together with the gate on what they read, head by head. */
    private static Attention attention(Weights weights, ModelConfig c, int layer, Rope rope, boolean bias) {
        String at = Common.layer(layer) + "self_attn.";
        int shared = c.nKvHeads() * c.dHead();
        List<Linear> both = weights.mapsByHead(at + "q_proj", c.dModel(), c.nHeads(), c.dHead(), 2, bias);
        List<Linear> qkv = new ArrayList<>(both.subList(0, 1));
        qkv.add(weights.linear(at + "k_proj", shared, c.dModel(), bias));
        qkv.add(weights.linear(at + "v_proj", shared, c.dModel(), bias));
        HeadNorms norms = new HeadNorms(
                Common.gemmaNorm(weights, c, at + "q_norm", c.dHead()),
                Common.gemmaNorm(weights, c, at + "k_norm", c.dHead()),
                HeadNorms.Span.HEAD);
        Linear out = weights.linear(at + "o_proj", c.dModel(), c.nHeads() * c.dHead(), bias);
        return new Attention(layer, c, weights.joined(qkv), out, norms, rope, null).gated(both.get(1));
    }
}
