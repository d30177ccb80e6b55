package dev.pintle.study;

import dev.pintle.chat.Message;
import dev.pintle.evaluation.Loops;
import dev.pintle.evaluation.Perplexity;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.LatentLabels;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.steering.Add;
import dev.pintle.steering.AfterLastDifference;
import dev.pintle.steering.AllPositions;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.LastPosition;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.study.SteeringFindings.Answer;
import dev.pintle.study.SteeringFindings.DoubleDecode;
import dev.pintle.study.SteeringFindings.Fitted;
import dev.pintle.study.SteeringFindings.LabelledTerm;
import dev.pintle.study.SteeringFindings.Parts;
import dev.pintle.study.SteeringFindings.SweepPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One concept, start to end: vectors fitted three ways, questions answered at rising strengths until the model breaks, the
 * vectors taken apart by an autoencoder, and what is left after decoding twice.
 */
public final class SteeringStudy {
    private static final int TERMS_SHOWN = 12;

    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final LatentLabels labels;
    private final Settings settings;

    /**
     * What to study.
     *
     * @param style the concept
     * @param at where to read and steer
     * @param positive system prompt that asks for the concept
     * @param negative system prompt that does not
     * @param prefixes begun answers for the last-position vector
     * @param questions user turns to answer
     * @param strengths in multiples of the mean activation norm at the hook point; 0 is unsteered
     * @param maxNewTokens longest answer
     */
    public record Settings(
            StyleMarker style,
            HookPoint at,
            String positive,
            String negative,
            List<String> prefixes,
            List<String> questions,
            List<Double> strengths,
            int maxNewTokens) {}

    /** @param sae trained at {@code settings.at()} of {@code model} */
    public SteeringStudy(LanguageModel model, SparseAutoencoder sae, LatentLabels labels, Settings settings) {
        this.model = model;
        this.sae = sae;
        this.labels = labels;
        this.settings = settings;
    }

    /** Runs every stage. */
    public SteeringFindings run(Progress progress) {
        List<SteeringVector> vectors = fit(progress);
        List<Answer> answers = answer(vectors, progress);
        List<Fitted> fitted = new ArrayList<>();
        List<Parts> parts = new ArrayList<>();
        List<DoubleDecode> twice = new ArrayList<>();
        for (SteeringVector vector : vectors) {
            progress.at("taking vectors apart", parts.size(), vectors.size());
            fitted.add(fitted(vector, vectors));
            double typical = vector.origin().meanActivationNorm();
            Decomposition plain = sae.decompose(vector, Decompose.encode());
            Decomposition scaled = sae.decompose(vector, Decompose.encodeScaled(typical));
            parts.add(new Parts(vector.origin().method(), parts(1, plain), parts(typical, scaled)));
            twice.add(decodeTwice(vector.origin().method(), scaled));
        }
        progress.at("taking vectors apart", vectors.size(), vectors.size());
        return new SteeringFindings(
                settings,
                RunManifest.of(model, sae, settings.at()),
                fitted,
                answers,
                sweep(answers),
                parts,
                twice,
                sae.decoderBias().norm());
    }

    private List<SteeringVector> fit(Progress progress) {
        ContrastPair pair = ContrastPair.ofSystemPrompts(settings.positive(), settings.negative());
        List<ContrastPair> prefixed =
                ContrastPair.ofPrefixes(settings.positive(), settings.negative(), settings.prefixes());
        List<SteeringMethod> methods = List.of(
                LastPosition.lastPosition(prefixed),
                AfterLastDifference.afterLastDifference(pair),
                AllPositions.allPositions(pair));
        List<SteeringVector> vectors = new ArrayList<>();
        for (SteeringMethod method : methods) {
            progress.at("fitting vectors", vectors.size(), methods.size());
            vectors.add(SteeringVector.fit(model, settings.at(), method));
        }
        progress.at("fitting vectors", methods.size(), methods.size());
        return vectors;
    }

    private static Fitted fitted(SteeringVector vector, List<SteeringVector> all) {
        return new Fitted(
                vector,
                all.stream()
                        .map(other -> vector.direction().cosine(other.direction()))
                        .toList());
    }

    private List<Answer> answer(List<SteeringVector> vectors, Progress progress) {
        List<Answer> answers = new ArrayList<>();
        int total = vectors.size() * settings.strengths().size();
        int done = 0;
        for (SteeringVector vector : vectors) {
            for (double strength : settings.strengths()) {
                progress.at("answering at rising strengths", done++, total);
                double coefficient = strength * vector.origin().meanActivationNorm();
                answers.addAll(answers(vector, strength, coefficient));
            }
        }
        progress.at("answering at rising strengths", total, total);
        return answers;
    }

    private List<Answer> answers(SteeringVector vector, double strength, double coefficient) {
        Decoding decoding = Decoding.greedy(settings.maxNewTokens());
        List<GenerationRequest> requests = settings.questions().stream()
                .map(question -> GenerationRequest.of(model.chatTokens(List.of(Message.user(question))), decoding))
                .toList();
        List<Generated> written =
                model.with(Add.add(vector, coefficient)).generate(requests, GenerationListener.SILENT);
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < written.size(); i++) {
            Generated text = written.get(i);
            answers.add(new Answer(
                    vector.origin().method(),
                    strength,
                    coefficient,
                    settings.questions().get(i),
                    text.text(),
                    settings.style().shows(text.text()),
                    Loops.in(text.text()),
                    Perplexity.of(model, text.promptIds(), text.ids())));
        }
        return answers;
    }

    private List<SweepPoint> sweep(List<Answer> answers) {
        List<SweepPoint> points = new ArrayList<>();
        for (String method : answers.stream().map(Answer::method).distinct().toList()) {
            for (double strength : settings.strengths()) {
                List<Answer> here = answers.stream()
                        .filter(a -> a.method().equals(method) && a.strength() == strength)
                        .toList();
                points.add(new SweepPoint(
                        method,
                        strength,
                        share(here.stream().filter(Answer::shows).count(), here.size()),
                        share(here.stream().filter(Answer::loops).count(), here.size()),
                        median(here.stream()
                                .mapToDouble(Answer::perplexity)
                                .filter(Double::isFinite)
                                .toArray())));
            }
        }
        return points;
    }

    private SteeringFindings.Encoded parts(double factor, Decomposition decomposition) {
        return new SteeringFindings.Encoded(
                factor,
                decomposition.terms().size(),
                decomposition.zeroTerms().size(),
                decomposition.terms().stream()
                        .limit(TERMS_SHOWN)
                        .map(term -> new LabelledTerm(
                                term.latent(), term.activation(), labels.labelOrAbsence(term.latent())))
                        .toList(),
                decomposition.relativeError(),
                decomposition.relativeErrorWithoutBias(),
                decomposition.biasShare(),
                decomposition.cosine());
    }

    private DoubleDecode decodeTwice(String method, Decomposition once) {
        Set<Integer> before = once.terms().stream().map(Term::latent).collect(Collectors.toSet());
        Decomposition twice = sae.decompose(once.reconstruction(), Decompose.encode());
        Set<Integer> after = twice.terms().stream().map(Term::latent).collect(Collectors.toSet());
        long kept = before.stream().filter(after::contains).count();
        return new DoubleDecode(
                method,
                once.relativeError(),
                twice.relativeError(),
                once.vector().minus(twice.reconstruction()).norm()
                        / once.vector().norm(),
                before.size(),
                after.size(),
                Math.toIntExact(before.size() + after.size() - 2 * kept));
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static double median(double[] values) {
        if (values.length == 0) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
