package dev.pintle.study.allpositions;

import dev.pintle.base.Progress;
import dev.pintle.sae.Term;
import dev.pintle.steering.Add;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.SteeringVector;
import dev.pintle.study.FittedVector;
import dev.pintle.study.Shown;
import dev.pintle.study.Statistics;
import dev.pintle.study.SteeredText;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.List;

/**
 * The mean difference over all positions of one pair against the field's usual baseline, the last position of many pairs with
 * answer prefixes. The original's baseline read another user turn and a positive prompt that was a tuple by mistake, so one
 * with matched prompts is fitted too.
 *
 * @param relativeStrength of the answers' steering, relative to the settings' strength
 */
public record AllPositionCaa(double relativeStrength) implements Study<AllPositionCaaResult> {
    @Override
    public String name() {
        return "all-position-caa";
    }

    @Override
    public String title() {
        return "All positions of one pair, or the last of many";
    }

    @Override
    public String asks() {
        return "Does averaging over every position of a single prompt pair give the vector that many pairs with begun"
                + " answers give at their last position?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Class<AllPositionCaaResult> resultType() {
        return AllPositionCaaResult.class;
    }

    @Override
    public AllPositionCaaResult run(StudySubject subject, TextWriter writer, Progress progress) {
        SteeringVector all = subject.vector(StudyVector.ALL_POSITIONS);
        SteeringVector prefix = subject.vector(StudyVector.LAST_POSITION);
        SteeringVector matched = subject.fitted(Contrast.lastPosition(
                subject.prefixPairs(subject.settings().contrast().user(), false)));
        SteeringVector after = subject.vector(StudyVector.AFTER_LAST_DIFFERENCE);
        Vec f = subject.sae().encode(all.direction());
        Vec g = subject.sae().encode(prefix.direction());
        double norm = subject.typicalNorm();
        Vec fScaled = subject.sae().encode(all.direction().times(norm));
        Vec gScaled = subject.sae().encode(prefix.direction().times(norm));
        double coefficient = relativeStrength * subject.coefficient();
        String question = subject.settings().answers().question();
        List<SteeredText> texts = new ArrayList<>(List.of(writer.plain(question)));
        texts.add(writer.steered(StudyVector.ALL_POSITIONS.label(), coefficient, Add.add(all, coefficient), question));
        texts.add(
                writer.steered(StudyVector.LAST_POSITION.label(), coefficient, Add.add(prefix, coefficient), question));
        texts.add(writer.steered(
                StudyVector.AFTER_LAST_DIFFERENCE.label(), coefficient, Add.add(after, coefficient), question));
        return new AllPositionCaaResult(
                FittedVector.of(subject, all),
                FittedVector.of(subject, prefix),
                FittedVector.of(subject, matched),
                FittedVector.of(subject, after),
                all.direction().cosine(prefix.direction()),
                Statistics.cosine(f, g),
                Statistics.cosine(fScaled, gScaled),
                subject.spread(Term.of(relative(f, g))),
                undefined(f, g),
                subject.spread(Term.of(fScaled.minus(gScaled))),
                texts);
    }

    @Override
    public Told tell(AllPositionCaaResult result, Shown shown) {
        return new AllPositionCaaChapter(result, shown).told();
    }

    /** (f − g) / g where both are active, else 0. */
    private static Vec relative(Vec f, Vec g) {
        float[] relative = new float[f.size()];
        for (int i = 0; i < relative.length; i++) {
            relative[i] = f.get(i) != 0 && g.get(i) != 0 ? (f.get(i) - g.get(i)) / g.get(i) : 0;
        }
        return Vec.of(relative);
    }

    private static int undefined(Vec f, Vec g) {
        int count = 0;
        for (int i = 0; i < f.size(); i++) {
            count += (f.get(i) != 0) != (g.get(i) != 0) ? 1 : 0;
        }
        return count;
    }
}
