package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation asks; a part that is empty is not measured.
 *
 * @param choices questions with two answers, of which the choice between them is measured
 * @param capability multiple-choice questions, of which the accuracy is measured
 * @param questions user turns, of which the answers are measured
 */
public record EvaluationItems(
        Map<String, Concept.Choices.Choice> choices, List<MultipleChoice> capability, List<String> questions) {
    /** @throws IllegalArgumentException if there is nothing at all */
    public EvaluationItems {
        choices = new LinkedHashMap<>(choices); // in order
        capability = List.copyOf(capability);
        questions = List.copyOf(questions);
        if (choices.isEmpty() && capability.isEmpty() && questions.isEmpty()) {
            throw Problem.of("There is nothing to evaluate.")
                    .fact("expected", "--choices FILE, --capability FILE, --questions FILE, or several of them")
                    .toIllegalArgument();
        }
    }
}
