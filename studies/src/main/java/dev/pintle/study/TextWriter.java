package dev.pintle.study;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.Divergence;
import dev.pintle.evaluation.LogProbabilities;
import dev.pintle.evaluation.Loops;
import dev.pintle.evaluation.Perplexity;
import dev.pintle.evaluation.Repetition;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Intervention;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Answers questions greedily under interventions, and scores every answer. */
public final class TextWriter {
    private final StudySubject subject;
    private final StyleMarker marker;
    private final Map<String, Generated> unsteered = new HashMap<>();

    /** @param subject whose model answers */
    public TextWriter(StudySubject subject) {
        this.subject = subject;
        StudySettings.Contrast contrast = subject.settings().contrast();
        this.marker = new StyleMarker(contrast.concept(), "", contrast.pattern());
    }

    /** The unsteered model's answer. */
    public SteeredText plain(String question) {
        return measured("unsteered", 0, 0, question, answer(question), 0);
    }

    /** The answer under an intervention that adds a vector of length 1. */
    public SteeredText steered(String how, double coefficient, Intervention intervention, String question) {
        return steered(how, coefficient, Math.abs(coefficient), intervention, question);
    }

    /**
     * The answer under an intervention.
     *
     * @param length of what it adds to the residual stream
     */
    public SteeredText steered(
            String how, double coefficient, double length, Intervention intervention, String question) {
        LanguageModel model = subject.model();
        LanguageModel steered = model.with(intervention);
        Generated answer = steered.generate(
                        List.of(GenerationRequest.of(subject.ids(question), decoding())), GenerationListener.SILENT)
                .get(0);
        Generated reference = answer(question);
        List<LogProbabilities.Row> row = List.of(new LogProbabilities.Row(reference.promptIds(), reference.ids()));
        try (Divergence divergence = new Divergence(model, row)) {
            return measured(
                    how, coefficient, length, question, answer, divergence.ofOrNaN(steered)[0]);
        }
    }

    private Generated answer(String question) {
        return unsteered.computeIfAbsent(question, q -> subject.model().generate(subject.ids(q), decoding()));
    }

    private Decoding decoding() {
        return Decoding.greedy(subject.settings().answers().maxNewTokens());
    }

    private SteeredText measured(
            String how, double coefficient, double length, String question, Generated answer, double divergence) {
        Problem broken = answer.ending().problem();
        return new SteeredText(
                how,
                coefficient,
                Math.copySign(length, coefficient) / subject.typicalNorm(),
                question,
                answer.text(),
                answer.ids(),
                answer.reason() == Generated.StopReason.STOP_TOKEN,
                marker.shows(answer.text()),
                Loops.in(answer.text()),
                Repetition.of(answer.text()),
                Perplexity.of(subject.model(), answer.promptIds(), answer.ids()),
                divergence,
                broken == null ? "" : broken.toString());
    }
}
