package dev.pintle.study.othersaes;

import dev.pintle.base.PintleException;
import dev.pintle.base.Progress;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.ReconstructionErrors;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.TokenPair;
import dev.pintle.study.Shown;
import dev.pintle.study.Statistics;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The steering vector and whole prompts through other autoencoders of the same model. The vector is fitted anew where each
 * one reads. As a control the studies' own autoencoder also reads the layers before and after its own: the error
 * that a wrong layer number causes.
 */
public record OtherSaes() implements Study<OtherSaesResult> {
    @Override
    public String name() {
        return "steering-decoding-other-saes";
    }

    @Override
    public String title() {
        return "Other autoencoders";
    }

    @Override
    public String asks() {
        return "Do other autoencoders reconstruct the steering vector, or whole prompts, any better?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Set<String> reads() {
        return Set.of("other_saes");
    }

    @Override
    public Class<OtherSaesResult> resultType() {
        return OtherSaesResult.class;
    }

    @Override
    public OtherSaesResult run(StudySubject subject, TextWriter writer, Progress progress) {
        List<OtherSaesResult.Reading> readings = new ArrayList<>();
        SparseAutoencoder own = subject.sae();
        readings.add(reading(subject, own, false));
        for (String name : subject.settings().otherSaes()) {
            try (SparseAutoencoder other =
                    SparseAutoencoder.load(name, subject.model().device(), own.dtype())) {
                readings.add(reading(subject, other.requireFits(subject.model(), false), false));
            }
        }
        for (int layer : new int[] {subject.at().layer() - 1, subject.at().layer() + 1}) {
            if (layer >= 0 && layer < subject.model().config().nLayers()) {
                readings.add(reading(subject, own.at(HookPoint.residPost(layer)), true));
            }
        }
        return new OtherSaesResult(readings);
    }

    @Override
    public Told tell(OtherSaesResult result, Shown shown) {
        return new OtherSaesChapter(result, shown).told();
    }

    private static OtherSaesResult.Reading reading(StudySubject subject, SparseAutoencoder sae, boolean control) {
        SteeringVector vector = SteeringVector.fit(subject.model(), sae.place(), Contrast.allPositions(subject.pair()));
        Decomposition plain = sae.decompose(vector.direction(), Decompose.encode());
        Decomposition scaled = sae.decompose(
                vector.direction(), Decompose.encodeScaled(vector.origin().meanActivationNorm()));
        TokenPair pair = subject.pair().tokens(subject.model().text());
        return new OtherSaesResult.Reading(
                sae.name(),
                sae.origin().format(),
                sae.place().toString(),
                control,
                sae.dSae(),
                plain.terms().size(),
                plain.relativeError(),
                plain.relativeErrorWithoutBias(),
                scaled.relativeError(),
                prompt(subject, sae, pair.positive()),
                prompt(subject, sae, pair.negative()));
    }

    private static OtherSaesResult.PromptReading prompt(
            StudySubject subject, SparseAutoencoder sae, TokenizedPrompt prompt) {
        try (TensorScope scope = TensorScope.open("a whole prompt")) {
            Tensor x = subject.model()
                    .run(TokenBatch.of(prompt.ids()), RunOptions.reading(sae.place()))
                    .row(sae.place(), 0)
                    .to(DType.FP32);
            ReconstructionErrors errors = ReconstructionErrors.of(sae, x);
            double[] relative = IntStream.range(0, errors.tokens())
                    .mapToDouble(errors.relative()::get)
                    .toArray();
            return new OtherSaesResult.PromptReading(
                    errors.tokens(),
                    Statistics.mean(relative),
                    IntStream.range(1, relative.length)
                            .mapToDouble(t -> relative[t])
                            .average()
                            .orElse(Double.NaN),
                    sae.encodeActive(x).meanCount(),
                    bySegment(errors, prompt));
        }
    }

    private static Map<String, Double> bySegment(ReconstructionErrors errors, TokenizedPrompt prompt) {
        Map<String, Double> means = new TreeMap<>();
        try {
            errors.bySegment(prompt.roles())
                    .forEach((role, mean) -> means.put(role.name().toLowerCase(Locale.ROOT), mean.relative()));
        } catch (PintleException e) {
            means.clear(); // the template rewrites messages, so tokens have no roles
        }
        return means;
    }
}
