package dev.pintle.study;

import dev.pintle.base.Problem;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One study, after a notebook of the original research on Llama-3.1-8B-Instruct with Goodfire's autoencoder of layer 19. Its
 * result holds what the notebook computed, as it computed it, beside what the corrections find. Strengths that differed
 * between the notebooks are parameters, relative to the settings' coefficient, which was 12 there.
 *
 * @param <R> what it finds
 */
public sealed interface Study<R extends StudyResult>
        permits BaseStudy,
                AllPositionCaa,
                MeanVsPca,
                ViaSaeSteering,
                DoubleDecodeCaa,
                SteeringLatents,
                OtherSaes,
                QualityStudy {
    /** The name in files and on the command line. */
    String name();

    /** What it finds. */
    Class<R> resultType();

    /** Those among some studies that have a notebook of the original. */
    static List<Study<?>> withoutQuality(List<Study<?>> studies) {
        return studies.stream()
                .filter(study -> !(study instanceof QualityStudy))
                .toList();
    }

    /** Runs it. */
    R run(StudySubject subject, TextWriter writer, Progress progress);

    /** Every study, with the original's relative strengths. */
    static List<Study<?>> all() {
        return List.of(
                new BaseStudy(),
                new AllPositionCaa(10.0 / 12),
                new MeanVsPca(11.0 / 12),
                new ViaSaeSteering(1.2),
                new DoubleDecodeCaa(8.0 / 12),
                new SteeringLatents(0.01, 16.0 / 12),
                new OtherSaes(),
                new QualityStudy());
    }

    /**
     * The studies of a name; {@code all} is every one.
     *
     * @throws IllegalArgumentException listing the names
     */
    static List<Study<?>> parse(String name) {
        List<Study<?>> found = all().stream()
                .filter(study -> name.equals("all") || study.name().equals(name))
                .toList();
        if (found.isEmpty()) {
            throw Problem.of("There is no such study.")
                    .fact("but was", name)
                    .fact("choose", all().stream().map(Study::name).collect(Collectors.joining(", ")) + ", all")
                    .toIllegalArgument();
        }
        return found;
    }
}
