package dev.pintle.study;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What studies run on: a model, an autoencoder of its residual stream, settings, and vectors that are fitted once. */
public final class StudySubject {
    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final Labels labels;
    private final StudySettings settings;
    private final Path folder;
    private final Map<SteeringMethod, SteeringVector> vectors = new LinkedHashMap<>();
    private @Nullable List<LatentCandidate> candidates;

    /** What latents stand for. */
    @FunctionalInterface
    public interface Labels {
        /** Labels of those among some latents that have one. */
        Map<Integer, String> of(Collection<Integer> latents);
    }

    /**
     * @param sae of {@code model}, and knowing where it reads
     * @param folder where a study may keep what it goes on from after an interruption
     * @throws dev.pintle.base.PintleException if they do not fit each other
     * @throws IllegalArgumentException if the autoencoder lacks the target latent
     */
    public StudySubject(
            LanguageModel model, SparseAutoencoder sae, Labels labels, StudySettings settings, Path folder) {
        sae.requireFits(model, false);
        if (settings.steering().targetLatent() >= 0) {
            sae.requireLatent(settings.steering().targetLatent());
        }
        this.model = model;
        this.sae = sae;
        this.labels = labels;
        this.settings = settings;
        this.folder = folder;
    }

    /** The model, unsteered. */
    public LanguageModel model() {
        return model;
    }

    /** The autoencoder, of the place at which vectors are fitted. */
    public SparseAutoencoder sae() {
        return sae;
    }

    /** What the studies are run with. */
    public StudySettings settings() {
        return settings;
    }

    /** What latents may stand for. */
    public Labels labels() {
        return labels;
    }

    /** Where a study may keep what it resumes from after an interruption. */
    public Path folder() {
        return folder;
    }

    /** Where the autoencoder reads, and where vectors are fitted and added. */
    public HookPoint at() {
        return sae.place();
    }

    // ---------------------------------------------------------------- vectors

    /** The pair of system prompts, not yet padded. */
    public ContrastPair pair() {
        return ContrastPair.ofSystemPrompts(
                settings.contrast().positive(),
                settings.contrast().neutral(),
                settings.contrast().user());
    }

    /** One pair per answer prefix. */
    public List<ContrastPair> prefixPairs(String userTurn, boolean asTuple) {
        String positive = asTuple
                ? "('" + settings.contrast().positive() + "',)"
                : settings.contrast().positive();
        return settings.answers().prefixes().stream()
                .map(prefix ->
                        ContrastPair.ofPrefix(positive, settings.contrast().neutral(), userTurn, prefix))
                .toList();
    }

    /** The vector of one of the methods that studies compare. */
    public SteeringVector vector(StudyVector method) {
        return fitted(method.of(this));
    }

    /** The vector of any method, fitted the first time it is asked for. */
    public SteeringVector fitted(SteeringMethod method) {
        SteeringVector known = vectors.get(method);
        if (known == null) {
            known = SteeringVector.fit(model, at(), method);
            vectors.put(method, known);
        }
        return known;
    }

    /** The vector that steers. */
    public SteeringVector steering() {
        return vector(settings.steering().vector());
    }

    /** How long a typical activation is, under the neutral system prompt: what strengths count in, for every vector. */
    public double typicalNorm() {
        return vector(StudyVector.ALL_POSITIONS).origin().meanActivationNorm();
    }

    /** Factor on the steering vector. */
    public double coefficient() {
        Strength strength = settings.steering().strength();
        return strength.unit() == Strength.Unit.FACTOR ? strength.value() : strength.value() * typicalNorm();
    }

    // ---------------------------------------------------------------- activations

    /** The question with the header of an answer. */
    public int[] questionIds() {
        return ids(settings.answers().question());
    }

    /** A user turn with the header of an answer. */
    public int[] ids(String userTurn) {
        return model.chatTokens(List.of(Message.user(userTurn)));
    }

    /** Activations of a text at the hook point, `[tokens, dModel]` in FP32, in the innermost open scope. */
    public Tensor activations(int[] ids) {
        try (TensorScope scope = TensorScope.open("activations")) {
            return scope.keep(model.run(TokenBatch.of(ids), RunOptions.reading(at()))
                    .row(at(), 0)
                    .to(DType.FP32));
        }
    }

    /** The tokens of a text, each as it is decoded. */
    public List<String> tokens(int[] ids) {
        return Arrays.stream(ids).mapToObj(this::token).toList();
    }

    /** A token as it is decoded; an id that the tokenizer does not know has no text. */
    public String token(int id) {
        return model.tokenizer().knows(id) ? model.tokenizer().decode(new int[] {id}, false) : "";
    }

    /** What steering changes in the latents of the question, mean over its tokens. */
    public Decomposition steeredDifference() {
        return sae.decompose(
                steering().direction(),
                Decompose.encodeDifference(model.activations(questionIds(), at()), coefficient()));
    }

    /** Latents that may stand for the concept, the one that is taken for it first. */
    public List<LatentCandidate> candidates() {
        List<LatentCandidate> known = candidates;
        if (known == null) {
            known = ConceptLatent.candidates(
                    sae,
                    labels,
                    settings.steering().targetLatent(),
                    settings.contrast().concept(),
                    steering().direction(),
                    steeredDifference().terms());
            candidates = known;
        }
        return known;
    }

    /** The latent that stands for the concept. */
    public int targetLatent() {
        return candidates().get(0).latent();
    }

    /** The latent that the original's way would have taken: the one named in the settings, else the one that steering raises most. */
    public int raisedLatent() {
        return settings.steering().targetLatent() >= 0
                ? settings.steering().targetLatent()
                : candidates().stream()
                        .max(Comparator.comparingDouble(LatentCandidate::change))
                        .map(LatentCandidate::latent)
                        .orElse(0);
    }

    // ---------------------------------------------------------------- latents with labels

    /** What a latent may stand for; empty where it has no label. */
    public String label(int latent) {
        return labels.of(List.of(latent)).getOrDefault(latent, "");
    }

    /** A latent's decoder row at length 1, as a steering vector. */
    public SteeringVector row(int latent) {
        return steering().derived(sae.decoderRow(latent).unit(), "decoder row of latent " + latent);
    }

    /** A vector's latents with labels on the largest. */
    public LatentSpread spread(List<Term> terms) {
        return LatentSpread.of(terms, labels);
    }

    /** Terms as a dense vector `[dSae]`. */
    public Vec dense(List<Term> terms) {
        float[] dense = new float[sae.dSae()];
        terms.forEach(term -> dense[term.latent()] = term.activation());
        return Vec.of(dense);
    }
}
