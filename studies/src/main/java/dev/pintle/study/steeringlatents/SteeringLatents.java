package dev.pintle.study.steeringlatents;

import dev.pintle.base.PintleException;
import dev.pintle.base.Progress;
import dev.pintle.sae.CosinesAlong;
import dev.pintle.sae.FeatureSpace;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.ReconstructionErrors;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.study.LatentSpread;
import dev.pintle.study.Shown;
import dev.pintle.study.Statistics;
import dev.pintle.study.SteeredText;
import dev.pintle.study.Study;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudySubject;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What a steering vector does to an autoencoder's view of a text: reconstruction errors token by token, the latents it raises
 * and lowers, answers steered by those latents, and cosines along a text. The original read a running mean of ratios, in
 * which early tokens hide what happens to late ones; here the ratios by token and by role are given beside it.
 *
 * @param threshold latents of the difference, scaled to length 1, that are used for steering are larger than this
 * @param relativeStrength of a second, stronger steering by latents, relative to the settings' strength
 */
public record SteeringLatents(double threshold, double relativeStrength) implements Study<SteeringLatentsResult> {
    private static final double NEARLY_EQUAL = 0.01;

    @Override
    public String name() {
        return "caa-steering-latents";
    }

    @Override
    public String title() {
        return "What steering does to the latents";
    }

    @Override
    public String asks() {
        return "How does adding a steering vector change what the autoencoder sees, token by token, and where do the"
                + " vector, its reconstruction and its error show up in a text?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Set<String> reads() {
        return Set.of("sequence_question", "sequence_answer");
    }

    @Override
    public Class<SteeringLatentsResult> resultType() {
        return SteeringLatentsResult.class;
    }

    @Override
    public SteeringLatentsResult run(StudySubject subject, TextWriter writer, Progress progress) {
        SparseAutoencoder sae = subject.sae();
        Vec v = subject.steering().direction();
        double coefficient = subject.coefficient();
        Vec difference = subject.dense(subject.steeredDifference().terms());
        Vec a = unit(difference);
        Vec encoded = sae.encode(v);
        Vec b = unit(encoded);
        List<Term> used = Term.of(a).stream()
                .filter(term -> Math.abs(term.activation()) > threshold)
                .toList();
        Vec error = unit(v.minus(reconstruction(sae, v)));
        Vec errorLatents = sae.encode(error);
        ReconstructionErrors errors = errors(subject, coefficient);
        List<Role> roles = roles(subject);
        return new SteeringLatentsResult(
                coefficient,
                tokenErrors(subject, errors, roles),
                segments(errors, roles),
                subject.spread(Term.of(a)),
                LatentSpread.named(
                        Term.of(a).stream()
                                .filter(term -> term.activation() > 0)
                                .toList(),
                        subject.labels()),
                subject.spread(Term.of(b)),
                Statistics.cosine(a, b),
                subject.spread(Term.of(relative(a, b))),
                texts(subject, writer, used, coefficient),
                used.size(),
                along(subject, writer),
                subject.spread(Term.of(errorLatents)),
                error.minus(reconstruction(sae, error)).norm());
    }

    @Override
    public Told tell(SteeringLatentsResult result, Shown shown) {
        return new SteeringLatentsChapter(result, shown).told();
    }

    private static Vec unit(Vec vec) {
        return vec.norm() == 0 ? vec : vec.unit();
    }

    private static Vec reconstruction(SparseAutoencoder sae, Vec vec) {
        try (TensorScope scope = TensorScope.open("reconstruction")) {
            return sae.reconstruct(Tensor.of(vec).to(sae.device()).reshape(1, -1))
                    .select(0, 0)
                    .toVec();
        }
    }

    // ---------------------------------------------------------------- errors

    private static ReconstructionErrors errors(StudySubject subject, double coefficient) {
        try (TensorScope scope = TensorScope.open("errors")) {
            Tensor x = subject.activations(subject.questionIds());
            Tensor added =
                    Tensor.of(subject.steering().direction().times(coefficient)).to(x.device());
            return ReconstructionErrors.of(subject.sae(), x, x.plus(added));
        }
    }

    /** The roles of the question's tokens; empty where the chat template hides which tokens are whose. */
    private static List<Role> roles(StudySubject subject) {
        TokenizedPrompt prompt = Prompt.ofMessages(
                        List.of(Message.user(subject.settings().answers().question())))
                .tokenized(subject.model().text());
        try {
            return prompt.roles();
        } catch (PintleException e) {
            return List.of();
        }
    }

    private static SteeringLatentsResult.TokenErrors tokenErrors(
            StudySubject subject, ReconstructionErrors errors, List<Role> roles) {
        int[] ids = subject.questionIds();
        return new SteeringLatentsResult.TokenErrors(
                ids,
                subject.tokens(ids),
                roles.stream().map(SteeringLatents::name).toList(),
                errors.relative().toArray(),
                errors.steeredRelative().toArray(),
                errors.cosine().toArray(),
                errors.runningMeanRatio().toArray(),
                IntStream.range(0, errors.tokens()).mapToDouble(errors::ratio).toArray());
    }

    private static String name(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, SteeringLatentsResult.Segment> segments(ReconstructionErrors errors, List<Role> roles) {
        Map<String, SteeringLatentsResult.Segment> segments = new TreeMap<>();
        if (!roles.isEmpty()) {
            errors.bySegment(roles)
                    .forEach((role, mean) -> segments.put(name(role), SteeringLatentsResult.Segment.of(mean)));
        }
        return segments;
    }

    // ---------------------------------------------------------------- latents

    private static Vec relative(Vec a, Vec b) {
        float[] relative = new float[a.size()];
        for (int i = 0; i < relative.length; i++) {
            float difference = a.get(i) - b.get(i);
            boolean told = a.get(i) != 0 && b.get(i) != 0 && Math.abs(difference) > NEARLY_EQUAL;
            relative[i] = told ? difference / a.get(i) : 0;
        }
        return Vec.of(relative);
    }

    private List<SteeredText> texts(StudySubject subject, TextWriter writer, List<Term> used, double coefficient) {
        String question = subject.settings().answers().question();
        List<SteeredText> texts = new ArrayList<>(List.of(writer.plain(question)));
        texts.add(writer.steered(
                subject.steering().origin().method().name(),
                coefficient,
                Add.add(subject.steering(), coefficient),
                question));
        if (used.stream().mapToDouble(Term::activation).sum() != 0) {
            for (double strength : new double[] {coefficient, relativeStrength * coefficient}) {
                texts.add(byLatents(subject, writer, "latents of the difference", used, strength));
            }
            double length = addedNorm(subject.sae(), FeatureSpace.ofLatents(used, coefficient));
            texts.add(byLatents(
                    subject,
                    writer,
                    "the same latents at the vector's length",
                    used,
                    coefficient * Math.abs(coefficient) / length));
        }
        return texts;
    }

    private static SteeredText byLatents(
            StudySubject subject, TextWriter writer, String how, List<Term> used, double strength) {
        List<LatentChange> changes = FeatureSpace.ofLatents(used, strength);
        return writer.steered(
                how,
                strength,
                addedNorm(subject.sae(), changes),
                SaeEdit.edit(subject.sae(), changes, Tokens.all()),
                subject.settings().answers().question());
    }

    /** How long the change of the residual stream is. */
    private static double addedNorm(SparseAutoencoder sae, List<LatentChange> changes) {
        Vec sum = Vec.zeros(sae.dModel());
        for (LatentChange change : changes) {
            sum = sum.plus(sae.decoderRow(change.latent()).times(((LatentChange.Plus) change).amount()));
        }
        return sum.norm();
    }

    // ---------------------------------------------------------------- along a text

    private static SteeringLatentsResult.Along along(StudySubject subject, TextWriter writer) {
        StudySettings settings = subject.settings();
        int[] prompt = subject.ids(settings.sequence().question());
        int[] answer = settings.sequence().answer().isEmpty()
                ? writer.steered(
                                "steered",
                                subject.coefficient(),
                                Add.add(subject.steering(), subject.coefficient()),
                                settings.sequence().question())
                        .ids()
                : subject.model().tokenizer().encodeAsText(settings.sequence().answer());
        int[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, ids, prompt.length, answer.length);
        Vec v = subject.steering().direction();
        CosinesAlong cosines;
        try (TensorScope scope = TensorScope.open("cosines along a text")) {
            cosines = CosinesAlong.of(subject.sae(), subject.activations(ids), v);
        }
        Vec r = reconstruction(subject.sae(), v);
        double[] vector = later(cosines.vector());
        double[][] parts = {later(cosines.reconstruction()), later(cosines.error())};
        return new SteeringLatentsResult.Along(
                ids,
                subject.tokens(ids),
                prompt.length,
                cosines.vector().toArray(),
                cosines.reconstruction().toArray(),
                cosines.error().toArray(),
                SteeringLatentsResult.Means.of(vector, prompt.length - 1),
                SteeringLatentsResult.SumOfCosines.of(vector, parts, v, r),
                largest(cosines.vector()));
    }

    /** Without the first token, whose activation is unlike all others. */
    private static double[] later(Vec cosines) {
        return IntStream.range(1, cosines.size()).mapToDouble(cosines::get).toArray();
    }

    private static int largest(Vec values) {
        int largest = 0;
        for (int i = 1; i < values.size(); i++) {
            largest = values.get(i) > values.get(largest) ? i : largest;
        }
        return largest;
    }
}
