package dev.pintle.study.doubledecode;

import dev.pintle.sae.DoubleDecode;
import dev.pintle.study.LatentSpread;
import dev.pintle.study.StudyResult;
import dev.pintle.study.StudySubject;
import java.util.List;
import java.util.OptionalInt;

/**
 * What {@link DoubleDecodeCaa} found.
 *
 * @param question whose last token's activation x was changed
 * @param latent the one that was raised
 * @param label its label; empty where there is none
 * @param amount by how much
 * @param targetBefore its activation in enc(x)
 * @param first enc(y) − enc(x), y = dec(enc(x) + amount · 1ⱼ) + (x − dec(enc(x)))
 * @param firstTargetChange of that latent; the amount, had the round trip given back what was put in
 * @param predictedTargetChange amount · (encoder row · decoder row): what the weights alone say of an active latent
 * @param second enc(y₂) − enc(x), where y₂ adds {@code first}, divided by its sum, times the amount
 * @param secondTargetChange of that latent
 * @param nextToken the model's next token after the question
 * @param nextTokenFirst with y in place of x
 * @param vector the steering vector at the mean activation norm, decoded twice
 */
public record DoubleDecodeResult(
        String question,
        int latent,
        String label,
        double amount,
        double targetBefore,
        LatentSpread first,
        double firstTargetChange,
        double predictedTargetChange,
        LatentSpread second,
        double secondTargetChange,
        String nextToken,
        String nextTokenFirst,
        Twice vector)
        implements StudyResult {
    @Override
    public OptionalInt conceptLatent() {
        return OptionalInt.of(latent);
    }

    /**
     * v encoded and decoded twice: v → r₁ → r₂.
     *
     * @param firstRelativeError ‖v − r₁‖ / ‖v‖
     * @param secondRelativeError ‖r₁ − r₂‖ / ‖r₁‖
     * @param fromStartRelativeError ‖v − r₂‖ / ‖v‖
     * @param changedLatents how many are active in one encoding only
     * @param largestChanges of latents between the two encodings
     */
    public record Twice(
            double firstRelativeError,
            double secondRelativeError,
            double fromStartRelativeError,
            int changedLatents,
            List<LatentSpread.LatentValue> largestChanges) {
        static Twice of(DoubleDecode twice, StudySubject.Labels labels) {
            return new Twice(
                    twice.firstRelativeError(),
                    twice.secondRelativeError(),
                    twice.fromStartRelativeError(),
                    twice.changedLatents(),
                    LatentSpread.named(twice.changes(), labels));
        }
    }
}
