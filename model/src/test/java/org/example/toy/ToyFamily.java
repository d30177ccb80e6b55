package org.example.toy;

import dev.pintle.family.Architecture;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Weights;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Embedding;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.LayerNorm;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.PlainMlp;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** A family as another jar would bring it: learned positions, and blocks whose one layer norm feeds attention and MLP alike. */
public final class ToyFamily implements Architecture {
    /** A block of a wiring that Pintle itself does not have. */
    private record OneNormBlock(int layer, Norm norm, Attention attention, Mlp mlp) implements Block {
        @Override
        public Tensor forward(Tensor resid, Pass pass) {
            Tensor before = pass.hook(Site.RESID_PRE, layer, resid);
            Tensor normed = norm.forward(before);
            Tensor attnOut = pass.hook(Site.ATTN_OUT, layer, attention.forward(normed, pass));
            Tensor mlpOut = pass.hook(Site.MLP_OUT, layer, mlp.forward(pass.needed(layer, normed), pass));
            return pass.hook(
                    Site.RESID_POST,
                    layer,
                    pass.needed(layer, before).plus(attnOut).plus(mlpOut));
        }

        @Override
        public Set<Site> sites() {
            return Set.of(Site.RESID_PRE, Site.ATTN_OUT, Site.MLP_PRE, Site.MLP_POST, Site.MLP_OUT, Site.RESID_POST);
        }

        @Override
        public List<Rope> rotations() {
            return List.of();
        }
    }

    @Override
    public String modelType() {
        return "toy";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        int width = json.positive("width");
        int heads = json.positive("heads");
        return new ModelConfig(
                modelType(),
                new ModelConfig.Sizes(
                        json.positive("layers"),
                        width,
                        2 * width,
                        json.positive("vocabulary"),
                        json.positive("context")),
                new ModelConfig.Heads(heads, heads, width / heads),
                new ModelConfig.Ends(false),
                1e-5);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Embedding embedding = new Embedding(
                weights.get("tokens.weight", c.dVocab(), c.dModel()),
                weights.get("positions.weight", c.maxPositions(), c.dModel()),
                1);
        List<Block> blocks = IntStream.range(0, c.nLayers())
                .mapToObj(layer -> block(weights, c, layer))
                .toList();
        return new Transformer(
                embedding, blocks, norm(weights, c, "ln_f"), weights.linear("head", c.dVocab(), c.dModel(), false));
    }

    private static Block block(Weights weights, ModelConfig c, int layer) {
        String at = "blocks." + layer + ".";
        Attention attention = new Attention(
                layer,
                c,
                weights.joined(
                        c.dModel(),
                        false,
                        new Weights.Part(at + "q", c.dModel()),
                        new Weights.Part(at + "k", c.dModel()),
                        new Weights.Part(at + "v", c.dModel())),
                weights.linear(at + "o", c.dModel(), c.dModel(), false),
                HeadNorms.NONE,
                null,
                null);
        Mlp mlp = new PlainMlp(
                layer,
                weights.linear(at + "in", c.dMlp(), c.dModel(), true),
                weights.linear(at + "out", c.dModel(), c.dMlp(), true),
                Activation.GELU);
        return new OneNormBlock(layer, norm(weights, c, at + "norm"), attention, mlp);
    }

    private static Norm norm(Weights weights, ModelConfig c, String name) {
        return new LayerNorm(
                weights.norm(name + ".weight", c.dModel()), weights.norm(name + ".bias", c.dModel()), c.normEps());
    }
}
