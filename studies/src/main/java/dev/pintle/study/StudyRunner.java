package dev.pintle.study;

import dev.pintle.base.Progress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs studies one after the other; a stage that is kept is not run again. */
public final class StudyRunner {
    private final StudySubject subject;

    /** @param subject what they run on */
    public StudyRunner(StudySubject subject) {
        this.subject = subject;
    }

    /** Where finished studies are kept. */
    public interface Stages {
        /** What was kept under a name. */
        Optional<byte[]> find(String name);

        /** Keeps a stage atomically. */
        void keep(String name, byte[] json);
    }

    /**
     * Runs studies.
     *
     * @param progress is told of each study, and of stages within long ones
     * @return by name, in the order given
     */
    public Map<String, StudyStage<?>> run(List<Study<?>> studies, Stages stages, Progress progress) {
        TextWriter writer = new TextWriter(subject);
        Map<String, StudyStage<?>> found = new LinkedHashMap<>();
        for (Study<?> study : studies) {
            found.put(study.name(), stage(study, writer, stages, progress));
        }
        return found;
    }

    private <R extends StudyResult> StudyStage<R> stage(
            Study<R> study, TextWriter writer, Stages stages, Progress progress) {
        Optional<byte[]> kept = stages.find(study.name());
        if (kept.isPresent()) {
            return StudyStage.read(study, kept.get(), study.name());
        }
        progress.at(study.name(), 0, 1);
        long started = System.nanoTime();
        R result = study.run(subject, writer, progress);
        StudyStage<R> stage = new StudyStage<>(study, (System.nanoTime() - started) / 1e9, result);
        stages.keep(study.name(), stage.json());
        progress.at(study.name(), 1, 1);
        return stage;
    }
}
