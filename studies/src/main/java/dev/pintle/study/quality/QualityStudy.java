package dev.pintle.study.quality;

import dev.pintle.base.Progress;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.model.Decoding;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What the original judged by eye from one prompt: many questions answered with each vector at rising strengths, with concept,
 * fluency and distance from the unsteered model, so that methods can be compared at equal cost. The concept is recognised by the
 * settings' marker; without one, by how much more probable the model's own answers under the positive system prompt become
 * than its answers under the neutral one.
 */
public record QualityStudy() implements Study<QualityResult> {
    private static final int ANSWERS = 4;

    @Override
    public String name() {
        return "quality";
    }

    @Override
    public String title() {
        return "How well each vector steers, and what it costs";
    }

    @Override
    public String asks() {
        return "Asked many questions at many strengths, which vector shows the concept most, does the text stay fluent,"
                + " and how far is the model moved?";
    }

    @Override
    public Set<String> reads() {
        return Set.of("questions", "strengths");
    }

    @Override
    public Class<QualityResult> resultType() {
        return QualityResult.class;
    }

    @Override
    public QualityResult run(StudySubject subject, TextWriter writer, Progress progress) {
        StudySettings settings = subject.settings();
        List<Candidate> candidates = new ArrayList<>();
        for (StudyVector method : StudyVector.values()) {
            candidates.add(new Candidate(method.label(), subject.vector(method)));
        }
        IntStream.of(subject.targetLatent(), subject.raisedLatent())
                .distinct()
                .forEach(latent -> candidates.add(new Candidate("decoder row of " + latent, subject.row(latent))));
        Sweep sweep = new Sweep(
                subject.model(),
                settings.quality().questions(),
                concept(subject),
                settings.answers().maxNewTokens());
        SweepResult result =
                sweep.run(candidates, settings.quality().strengths(), sweep.fileIn(subject.folder()), (done, total) -> {
                    progress.at("answering at rising strengths", done, total);
                    return true;
                });
        return new QualityResult(
                result.concept(),
                result.points().stream().map(QualityResult.Point::of).toList(),
                result.steerability(),
                result.equalCost(),
                result.proposal().map(SweepResult.Proposal::sentences).orElse(List.of()),
                result);
    }

    @Override
    public Told tell(QualityResult result, Shown shown) {
        return new QualityChapter(result, shown).told();
    }

    private static Concept concept(StudySubject subject) {
        StudySettings.Contrast contrast = subject.settings().contrast();
        return contrast.hasMarker()
                ? new Concept.Marked(new StyleMarker(contrast.concept(), "", contrast.pattern()))
                : new Concept.Continuations(
                        answers(subject, contrast.positive()), answers(subject, contrast.neutral()));
    }

    private static List<String> answers(StudySubject subject, String system) {
        List<String> questions = subject.settings().quality().questions();
        List<String> answers = questions.subList(0, Math.min(ANSWERS, questions.size())).stream()
                .map(question -> subject.model()
                        .chat(
                                List.of(Message.system(system), Message.user(question)),
                                Decoding.greedy(subject.settings().answers().maxNewTokens()))
                        .text())
                .filter(text -> !text.isBlank())
                .toList();
        return answers.isEmpty()
                ? List.of(system)
                : answers; // a model that says nothing is asked about the prompt itself
    }
}
