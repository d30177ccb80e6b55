package dev.pintle.studies;

import dev.pintle.base.Progress;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudySubject;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import java.util.List;
import org.example.norms.NormStudy;

/** A study of any name. */
record Namesake(String name) implements Study<NormStudy.Norms> {
    @Override
    public String title() {
        return "Nothing";
    }

    @Override
    public String asks() {
        return "Nothing?";
    }

    @Override
    public Class<NormStudy.Norms> resultType() {
        return NormStudy.Norms.class;
    }

    @Override
    public NormStudy.Norms run(StudySubject subject, TextWriter writer, Progress progress) {
        return new NormStudy.Norms(List.of(), new double[0]);
    }

    @Override
    public Told tell(NormStudy.Norms result, Shown shown) {
        return Told.of(List.of(), List.of());
    }
}
