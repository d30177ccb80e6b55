package dev.pintle.study.doubledecode;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.DoubleDecode;
import dev.pintle.sae.FeatureSpace;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.steering.Tokens;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.List;
import java.util.Set;

/**
 * A latent raised in an activation, the error term kept, and the result encoded again. The encoder is not the decoder's
 * inverse: it answers to the amount times the decoder row with amount · (W_enc dⱼ) on every latent, not with the amount on
 * latent j alone. The original took the second encoding's difference for a set of latents to steer by, and stopped there.
 *
 * @param relativeAmount added to the latent, relative to the settings' amount
 */
public record DoubleDecodeCaa(double relativeAmount) implements Study<DoubleDecodeResult> {
    @Override
    public String name() {
        return "failed-double-decode-caa";
    }

    @Override
    public String title() {
        return "Decoding twice";
    }

    @Override
    public String asks() {
        return "If a latent is raised, decoded and encoded again, does the encoder give back what was put in, and can"
                + " that be steered by?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Set<String> reads() {
        return Set.of("latent_amount");
    }

    @Override
    public Class<DoubleDecodeResult> resultType() {
        return DoubleDecodeResult.class;
    }

    @Override
    public DoubleDecodeResult run(StudySubject subject, TextWriter writer, Progress progress) {
        SparseAutoencoder sae = subject.sae();
        int latent = subject.targetLatent();
        double amount = relativeAmount * subject.settings().steering().latentAmount();
        int[] ids = subject.questionIds();
        Vec x;
        try (TensorScope scope = TensorScope.open("last activation")) {
            x = subject.activations(ids).select(0, ids.length - 1L).toVec();
        }
        Vec before = sae.encode(x);
        List<LatentChange> raise = List.of(LatentChange.add(latent, amount));
        Vec first = sae.encode(changed(sae, x, raise)).minus(before);
        List<Term> terms = Term.of(first);
        double sum = terms.stream().mapToDouble(Term::activation).sum();
        Vec second = sum == 0
                ? first
                : sae.encode(changed(sae, x, FeatureSpace.ofLatents(terms, amount)))
                        .minus(before);
        SaeEdit edit = new SaeEdit(sae, raise, subject.at(), Tokens.from(ids.length - 1));
        Vec scaled =
                subject.vector(StudyVector.AFTER_LAST_DIFFERENCE).direction().times(subject.typicalNorm());
        return new DoubleDecodeResult(
                subject.settings().answers().question(),
                latent,
                subject.label(latent),
                amount,
                before.get(latent),
                subject.spread(terms),
                first.get(latent),
                amount * sae.encoderRow(latent).dot(sae.decoderRow(latent)),
                subject.spread(Term.of(second)),
                second.get(latent),
                subject.token(next(subject.model(), ids)),
                subject.token(next(subject.model().with(edit), ids)),
                DoubleDecodeResult.Twice.of(DoubleDecode.of(sae, scaled), subject.labels()));
    }

    @Override
    public Told tell(DoubleDecodeResult result, Shown shown) {
        return new DoubleDecodeChapter(result, shown).told();
    }

    /** dec(f') + (x − dec(f)), the long way. */
    private static Vec changed(SparseAutoencoder sae, Vec x, List<LatentChange> changes) {
        try (TensorScope scope = TensorScope.open("change latents")) {
            Tensor activation = Tensor.of(x).to(sae.device()).reshape(1, -1);
            Tensor f = sae.encode(activation);
            float[] added = new float[sae.dSae()];
            for (LatentChange change : changes) {
                added[change.latent()] += (float) ((LatentChange.Plus) change).amount();
            }
            Tensor moved = f.plus(Tensor.of(Vec.of(added)).to(sae.device()));
            return sae.decode(moved, activation)
                    .plus(activation.minus(sae.decode(f, activation)))
                    .select(0, 0)
                    .toVec();
        }
    }

    /** The most probable next token. */
    private static int next(LanguageModel model, int[] ids) {
        try (TensorScope scope = TensorScope.open("next token")) {
            Tensor logits =
                    model.run(TokenBatch.of(ids), RunOptions.lastLogits()).logits();
            return (int) logits.select(0, 0).argmax().item();
        }
    }
}
