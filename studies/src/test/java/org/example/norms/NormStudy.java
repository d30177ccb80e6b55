package org.example.norms;

import dev.pintle.base.Progress;
import dev.pintle.figure.TokenLines;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Words;
import dev.pintle.study.Shown;
import dev.pintle.study.Study;
import dev.pintle.study.StudyResult;
import dev.pintle.study.StudySubject;
import dev.pintle.study.TextWriter;
import dev.pintle.study.Told;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/** A study as another jar would bring it: how long the question's activations are, token by token. */
public record NormStudy() implements Study<NormStudy.Norms> {
    /** What it finds: the norm of each token's activation. */
    public record Norms(List<String> tokens, double[] norms) implements StudyResult {}

    @Override
    public String name() {
        return "norms";
    }

    @Override
    public String title() {
        return "How long activations are";
    }

    @Override
    public String asks() {
        return "How long is the activation of each token of the question?";
    }

    @Override
    public Class<Norms> resultType() {
        return Norms.class;
    }

    @Override
    public Norms run(StudySubject subject, TextWriter writer, Progress progress) {
        int[] ids = subject.questionIds();
        try (TensorScope scope = TensorScope.open("norms")) {
            List<Vec> rows = subject.activations(ids).toVecs();
            return new Norms(
                    subject.tokens(ids), rows.stream().mapToDouble(Vec::norm).toArray());
        }
    }

    @Override
    public Told tell(Norms found, Shown shown) {
        double largest = DoubleStream.of(found.norms()).max().orElse(Double.NaN);
        return Told.of(
                        List.of("The longest activation of “"
                                + shown.settings().answers().question() + "” has norm " + Words.number(largest, 1)
                                + "."),
                        List.of(new Picture(new TokenLines(
                                "Norm of each token's activation",
                                "Norms of the unsteered activations of the question.",
                                found.tokens(),
                                "norm",
                                List.of(new TokenLines.Line("unsteered", found.norms())),
                                Double.NaN,
                                List.of()))))
                .headlines(Map.of("longest activation", Words.number(largest, 1)));
    }
}
