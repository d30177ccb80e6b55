package dev.pintle.study.meanvspca;

import dev.pintle.base.Progress;
import dev.pintle.sae.Decompose;
import dev.pintle.steering.Add;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.LatentSpread;
import dev.pintle.study.Shown;
import dev.pintle.study.SteeredText;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The mean of the differences against "PCA" as the original has it: the rows' reconstruction from the first component, averaged.
 * Scores of centred rows average to zero, so that average is the mean, whatever the component is: an identity, not a
 * finding. The components themselves are given beside it.
 *
 * @param relativeStrength of the answers' steering, relative to the settings' strength
 */
public record MeanVsPca(double relativeStrength) implements Study<MeanVsPcaResult> {
    private static final List<Aggregation> COMPONENTS = List.of(
            new Aggregation.FirstPrincipalComponent(),
            new Aggregation.UncentredFirstComponent(),
            new Aggregation.PairedPca());

    @Override
    public String name() {
        return "caa-mean-vs-pca";
    }

    @Override
    public String title() {
        return "Mean difference or principal component";
    }

    @Override
    public String asks() {
        return "Does PCA of the differences find another steering vector than their mean?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Class<MeanVsPcaResult> resultType() {
        return MeanVsPcaResult.class;
    }

    @Override
    public MeanVsPcaResult run(StudySubject subject, TextWriter writer, Progress progress) {
        ContrastPair pair = subject.pair();
        SteeringVector mean = subject.vector(StudyVector.ALL_POSITIONS);
        SteeringVector pca =
                subject.fitted(Contrast.firstDifference(pair).withAggregation(new Aggregation.PcaReconstructedMean()));
        Vec m = mean.direction();
        Vec p = pca.direction();
        double coefficient = relativeStrength * subject.coefficient();
        String question = subject.settings().answers().question();
        SteeredText byMean = writer.steered("mean", coefficient, Add.add(mean, coefficient), question);
        SteeredText byPca = writer.steered("“PCA”", coefficient, Add.add(pca, coefficient), question);
        int target = subject.targetLatent();
        List<MeanVsPcaResult.Component> components = new ArrayList<>();
        List<ContrastPair> prefixes = subject.prefixPairs(
                subject.settings().answers().question(),
                subject.settings().answers().tuplePrompt());
        for (Aggregation aggregation : COMPONENTS) {
            components.add(component(
                    "this pair",
                    Contrast.firstDifference(pair).withAggregation(aggregation),
                    mean,
                    coefficient,
                    subject,
                    writer));
        }
        SteeringVector prefixMean =
                subject.fitted(Contrast.lastPosition(prefixes).withLengths(Contrast.Lengths.AS_READ));
        for (Aggregation aggregation : COMPONENTS) {
            components.add(component(
                    "prefix pairs",
                    Contrast.lastPosition(prefixes)
                            .withLengths(Contrast.Lengths.AS_READ)
                            .withAggregation(aggregation),
                    prefixMean,
                    coefficient,
                    subject,
                    writer));
        }
        return new MeanVsPcaResult(
                pca.origin().measures().explainedVariance(),
                VectorComparison.of(p, m),
                m.toArray(),
                p.toArray(),
                EncodedVector.of(1, subject.sae().decompose(m, Decompose.encode()), target, subject),
                EncodedVector.of(1, subject.sae().decompose(p, Decompose.encode()), target, subject),
                deltas(subject.sae().encode(p), subject.sae().encode(m), subject.labels()),
                List.of(byMean, byPca),
                Arrays.equals(byMean.ids(), byPca.ids()),
                components);
    }

    @Override
    public Told tell(MeanVsPcaResult result, Shown shown) {
        return new MeanVsPcaChapter(result, shown).told();
    }

    private static MeanVsPcaResult.Component component(
            String data,
            SteeringMethod method,
            SteeringVector mean,
            double coefficient,
            StudySubject subject,
            TextWriter writer) {
        SteeringVector vector = subject.fitted(method);
        return new MeanVsPcaResult.Component(
                data,
                method.aggregation().name(),
                vector.origin().measures().explainedVariance(),
                vector.direction().cosine(mean.direction()),
                writer.steered(
                        method.aggregation().name() + " of " + data,
                        coefficient,
                        Add.add(vector, coefficient),
                        subject.settings().answers().question()));
    }

    private static List<MeanVsPcaResult.Delta> deltas(Vec pca, Vec mean, StudySubject.Labels labels) {
        List<Integer> latents = IntStream.range(0, mean.size())
                .filter(i -> mean.get(i) != 0 || pca.get(i) != 0)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -Math.abs(mean.get(i)) - Math.abs(pca.get(i))))
                .limit(LatentSpread.NAMED)
                .toList();
        Map<Integer, String> known = labels.of(latents);
        return latents.stream()
                .map(i -> new MeanVsPcaResult.Delta(
                        i,
                        pca.get(i),
                        mean.get(i),
                        mean.get(i) == 0 ? Double.NaN : 100 * Math.abs(mean.get(i) - pca.get(i)) / mean.get(i),
                        known.getOrDefault(i, "")))
                .toList();
    }
}
