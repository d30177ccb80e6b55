package dev.pintle.study.base;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Progress;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.TokenPair;
import dev.pintle.study.FittedVector;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import java.util.Arrays;
import java.util.List;

/**
 * A steering vector v of length 1 from all positions of one pair, encoded to f = enc(v), decoded to v̂ = dec(f), and the error
 * ‖v − v̂‖ / ‖v‖. Beside it, what shows that the encoder was trained on activations, not on their differences: the encoding of
 * the zero vector, the decoder bias's share of v̂, the vector at the length of an activation, and a pursuit over decoder rows
 * of either sign.
 */
public record BaseStudy() implements Study<BaseResult> {
    @Override
    public String name() {
        return "base";
    }

    @Override
    public String title() {
        return "What a steering vector is made of";
    }

    @Override
    public String asks() {
        return "Which latents is a steering vector made of, and how much of it does the autoencoder give back?";
    }

    @Override
    public boolean replicates() {
        return true;
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

    @Override
    public Told tell(BaseResult result, Shown shown) {
        return new BaseChapter(result, shown).told();
    }

    @Override
    public void update(ObjectNode result) {
        if (!result.has("candidates")) {
            result.putArray("candidates");
        }
    }
}
