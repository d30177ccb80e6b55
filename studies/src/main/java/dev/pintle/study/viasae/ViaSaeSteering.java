package dev.pintle.study.viasae;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Progress;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.LatentVectors;
import dev.pintle.steering.Add;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import java.util.List;
import java.util.Set;

/**
 * A vector w fitted to the neutral prompt's activations x against x' = dec(enc(x) + amount · 1ⱼ) + (x − dec(enc(x))). Since the
 * decoder is linear, x' − x is amount times row j of the decoder at every position, so w is that row, whatever the prompt.
 *
 * @param relativeStrength of w's steering, relative to the settings' strength, at which the other vector steers
 */
public record ViaSaeSteering(double relativeStrength) implements Study<ViaSaeResult> {
    @Override
    public String name() {
        return "caa-via-sae-steering";
    }

    @Override
    public String title() {
        return "A vector out of one latent";
    }

    @Override
    public String asks() {
        return "Can contrastive activation addition turn steering by one latent into a steering vector?";
    }

    @Override
    public boolean replicates() {
        return true;
    }

    @Override
    public Set<String> reads() {
        return Set.of("latent_amount");
    }

    @Override
    public Class<ViaSaeResult> resultType() {
        return ViaSaeResult.class;
    }

    @Override
    public ViaSaeResult run(StudySubject subject, TextWriter writer, Progress progress) {
        int raised = subject.raisedLatent();
        int concept = subject.targetLatent();
        return of(
                subject,
                writer,
                raised,
                concept == raised ? List.of() : List.of(of(subject, writer, concept, List.of())));
    }

    @Override
    public Told tell(ViaSaeResult result, Shown shown) {
        return new ViaSaeChapter(result, shown).told();
    }

    @Override
    public void update(ObjectNode result) {
        result.remove("named");
        if (!result.has("concept")) {
            result.putArray("concept");
        }
        result.get("concept").forEach(concept -> update((ObjectNode) concept));
    }

    private ViaSaeResult of(StudySubject subject, TextWriter writer, int latent, List<ViaSaeResult> concept) {
        double amount = subject.settings().steering().latentAmount();
        SteeringVector published = subject.vector(StudyVector.ALL_POSITIONS);
        SteeringVector steering = subject.steering();
        ContrastPair pair = subject.pair().equalised(subject.model().text());
        List<Message> neutral = pair.negative().messages();
        Vec w;
        try (TensorScope scope = TensorScope.open("raise a latent")) {
            Tensor x = subject.activations(subject.model().chatTokens(neutral));
            w = LatentVectors.caaOfUpweighted(subject.sae(), x, latent, amount);
        }
        Vec row = subject.sae().decoderRow(latent).unit();
        Decomposition parts = subject.sae().decompose(w, Decompose.encode());
        SteeringVector fromLatent = published.derived(w, "CAA of activations with latent " + latent + " raised");
        double coefficient = subject.coefficient();
        double stronger = relativeStrength * coefficient;
        String question = subject.settings().answers().question();
        String how = "from latent " + latent;
        return new ViaSaeResult(
                latent,
                subject.label(latent),
                amount,
                EncodedVector.of(1, parts, latent, subject),
                published.direction().minus(parts.reconstruction()).norm()
                        / published.direction().norm(),
                w.cosine(row),
                largest(w.minus(row)),
                w.cosine(steering.direction()),
                parts.zeroTerms().size(),
                List.of(
                        writer.plain(question),
                        writer.steered(how, stronger, Add.add(fromLatent, stronger), question),
                        writer.steered(
                                steering.origin().method().name(),
                                coefficient,
                                Add.add(steering, coefficient),
                                question),
                        writer.steered(how, coefficient, Add.add(fromLatent, coefficient), question)),
                concept);
    }

    private static double largest(Vec difference) {
        double largest = 0;
        for (float value : difference.toArray()) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
