package dev.pintle.study;

import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * A steering vector and what an autoencoder makes of it.
 *
 * @param method how it was fitted
 * @param pairs how many contrast pairs were read
 * @param directions how many differences were averaged
 * @param normBeforeScaling length of their mean
 * @param meanActivationNorm mean length of the neutral prompts' activations, first token left out
 * @param splitHalfCosine how far two halves of the pairs agree; NaN for one pair's few positions
 * @param splitHalfLow lower end of its 95% interval, by the jackknife over pairs
 * @param splitHalfHigh upper end
 * @param encoded as published: the vector of length 1 encoded and decoded
 * @param scaled the same at the length of a typical activation, one for all vectors
 * @param targetDecoderCosine cosine of the vector and the target latent's decoder row
 * @param pursuit decoder rows of either sign that come closest to the vector: coefficient each
 * @param pursuitError relative error of their sum
 * @param nearest cosines with the nearest decoder rows
 */
public record FittedVector(
        String method,
        int pairs,
        long directions,
        double normBeforeScaling,
        double meanActivationNorm,
        double splitHalfCosine,
        double splitHalfLow,
        double splitHalfHigh,
        EncodedVector encoded,
        EncodedVector scaled,
        double targetDecoderCosine,
        List<LatentSpread.LatentValue> pursuit,
        double pursuitError,
        List<LatentSpread.LatentValue> nearest) {
    private static final int PURSUED = 25;

    /** A vector through the subject's autoencoder, at both lengths. */
    public static FittedVector of(StudySubject subject, SteeringVector vector) {
        Origin origin = vector.origin();
        Vec v = vector.direction();
        int target = subject.targetLatent();
        Decomposition pursuit = subject.sae().decompose(v, Decompose.signedPursuit(PURSUED));
        Decomposition nearest = subject.sae().decompose(v, Decompose.nearestDecoder(LatentSpread.NAMED));
        return new FittedVector(
                origin.method().name(),
                origin.data().pairs(),
                origin.data().directions(),
                origin.measures().normBeforeScaling(),
                origin.meanActivationNorm(),
                origin.measures().stability().splitHalfCosine(),
                origin.measures().stability().low(),
                origin.measures().stability().high(),
                EncodedVector.of(1, subject.sae().decompose(v, Decompose.encode()), target, subject),
                EncodedVector.of(
                        subject.typicalNorm(),
                        subject.sae().decompose(v, Decompose.encodeScaled(subject.typicalNorm())),
                        target,
                        subject),
                v.cosine(subject.sae().decoderRow(target)),
                LatentSpread.named(pursuit.terms(), subject.labels()),
                pursuit.relativeError(),
                LatentSpread.named(nearest.terms(), subject.labels()));
    }
}
