package dev.pintle.sae.profile;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.profile.LatentFacts.Effect;
import dev.pintle.sae.profile.LatentFacts.Neighbour;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.List;

/**
 * What a direction does without any text: the tokens whose logits it raises and lowers most when it is unembedded directly, and
 * for a latent those with the most similar decoder rows.
 *
 * @param promoted tokens whose logits it raises most
 * @param suppressed tokens whose logits it lowers most
 * @param nearest latents with the most similar decoder rows; empty for a vector
 */
public record LatentEffects(List<Effect> promoted, List<Effect> suppressed, List<Neighbour> nearest) {
    /** Copies the lists. */
    public LatentEffects {
        promoted = List.copyOf(promoted);
        suppressed = List.copyOf(suppressed);
        nearest = List.copyOf(nearest);
    }

    /** Of a latent, as a profile keeps them. */
    public static LatentEffects of(LanguageModel model, SparseAutoencoder sae, int latent) {
        EffectsStage stage = new EffectsStage(model, sae, null);
        Effects effects = stage.block(latent, 1).values().iterator().next();
        List<Neighbour> nearest = new ArrayList<>();
        for (int i = 0; i < effects.nearest().length; i++) {
            nearest.add(new Neighbour(effects.nearest()[i], effects.cosines()[i]));
        }
        return new LatentEffects(
                effects(stage, effects.promoted(), effects.promotedBy()),
                effects(stage, effects.suppressed(), effects.suppressedBy()),
                nearest);
    }

    private static List<Effect> effects(EffectsStage stage, int[] ids, float[] logits) {
        List<Effect> all = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            all.add(new Effect(stage.piece(ids[i]), logits[i]));
        }
        return all;
    }

    /**
     * Of a vector: what a unit of it adds to the logits, without the final norm.
     *
     * @param direction `[dModel]`
     * @param tokens number of tokens of each kind
     */
    public static LatentEffects of(LanguageModel model, Vec direction, int tokens) {
        try (TensorScope scope = TensorScope.open("effects of a vector")) {
            Tensor logits =
                    model.directLogits(Tensor.of(direction).to(model.device()).reshape(1, -1)); // [1, dVocab]
            int most = (int) Math.min(tokens, logits.size(-1));
            return new LatentEffects(
                    effects(model, logits.topK(most), 1),
                    effects(model, logits.times(-1).topK(most), -1),
                    List.of());
        }
    }

    private static List<Effect> effects(LanguageModel model, Tensor.TopK top, int sign) {
        int[] ids = top.indices().toInts();
        float[] logits = top.values().toFloats();
        List<Effect> all = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            all.add(new Effect(
                    ids[i] < model.tokenizer().vocabularySize()
                            ? model.tokenizer().decode(new int[] {ids[i]})
                            : "",
                    sign * logits[i]));
        }
        return all;
    }
}
