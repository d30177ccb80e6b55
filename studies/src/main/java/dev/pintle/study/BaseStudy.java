package dev.pintle.study;

import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.TokenPair;
import java.util.Arrays;
import java.util.List;

/**
 * A steering vector v of length 1 from all positions of one pair, encoded to f = enc(v), decoded to v̂ = dec(f), and the error
 * ‖v − v̂‖ / ‖v‖. Beside it, what an encoder made for activations cannot say of a difference of activations: the encoding of
 * the zero vector, the decoder bias's share of v̂, the vector at the length of an activation, and a pursuit over decoder rows
 * of either sign.
 */
public record BaseStudy() implements Study<BaseResult> {
    @Override
    public String name() {
        return "base";
    }

    @Override
    public Class<BaseResult> resultType() {
        return BaseResult.class;
    }

    @Override
    public BaseResult run(StudySubject subject, TextWriter writer, Progress progress) {
        ContrastPair pair = subject.pair().equalised(subject.model().text());
        TokenPair tokens = pair.tokens(subject.model().text());
        int target = subject.targetLatent();
        List<SteeringVector> fitted =
                Arrays.stream(StudyVector.values()).map(subject::vector).toList();
        List<FittedVector> vectors =
                fitted.stream().map(v -> FittedVector.of(subject, v)).toList();
        return new BaseResult(
                pair.positive().messages().get(0).content(),
                pair.negative().messages().get(0).content(),
                tokens.positive().length(),
                tokens.firstDifference(),
                tokens.equalTail(),
                target,
                subject.label(target),
                subject.candidates(),
                subject.sae().decoderBias().norm(),
                vectors.get(0).encoded().zeroActive(),
                vectors,
                fitted.stream()
                        .map(one -> fitted.stream()
                                .map(other -> one.direction().cosine(other.direction()))
                                .toList())
                        .toList());
    }
}
