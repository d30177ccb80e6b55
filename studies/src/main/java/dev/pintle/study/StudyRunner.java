package dev.pintle.study;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs studies one after the other; what is kept already is not run again. */
public final class StudyRunner {
    private final StudySubject subject;

    /** @param subject what they are made on */
    public StudyRunner(StudySubject subject) {
        this.subject = subject;
    }

    /** Where finished studies are kept. */
    public interface Stages {
        /** What was kept under a name. */
        Optional<byte[]> find(String name);

        /** Keeps it, whole or not at all. */
        void keep(String name, byte[] json);
    }

    /**
     * Runs studies.
     *
     * @param progress hears of each study, and of stages within the long ones
     * @return by name, in the order given
     */
    public Map<String, StudyStage> run(List<Study<?>> studies, Stages stages, Progress progress) {
        TextWriter writer = new TextWriter(subject);
        Map<String, StudyStage> found = new LinkedHashMap<>();
        for (Study<?> study : studies) {
            Optional<byte[]> kept = stages.find(study.name());
            if (kept.isPresent()) {
                found.put(study.name(), StudyStage.read(kept.get(), study.name()));
                continue;
            }
            progress.at(study.name(), 0, 1);
            long started = System.nanoTime();
            StudyResult result = study.run(subject, writer, progress);
            StudyStage stage = new StudyStage(study.name(), (System.nanoTime() - started) / 1e9, result);
            stages.keep(study.name(), stage.json());
            found.put(study.name(), stage);
            progress.at(study.name(), 1, 1);
        }
        return found;
    }
}
