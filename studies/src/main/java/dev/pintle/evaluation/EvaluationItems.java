package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import java.io.Serializable;
import java.util.ArrayList;
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
        Map<String, Concept.Choices.Choice> choices, List<MultipleChoice> capability, List<String> questions)
        implements Serializable {
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

    /**
     * The same in parts, each of one kind and of some dozens of items. No number of an item depends on items of another part, so
     * parts may be measured anywhere.
     */
    public List<EvaluationItems> parts() {
        List<EvaluationItems> parts = new ArrayList<>();
        blocks(List.copyOf(choices.keySet()), 4 * Propensity.AT_ONCE).forEach(block -> {
            Map<String, Concept.Choices.Choice> some = new LinkedHashMap<>();
            block.forEach(question -> some.put(question, choices.get(question)));
            parts.add(new EvaluationItems(some, List.of(), List.of()));
        });
        blocks(capability, 4 * Capability.AT_ONCE)
                .forEach(block -> parts.add(new EvaluationItems(Map.of(), block, List.of())));
        blocks(questions, Answers.AT_ONCE).forEach(block -> parts.add(new EvaluationItems(Map.of(), List.of(), block)));
        return parts;
    }

    private static <T> List<List<T>> blocks(List<T> all, int size) {
        List<List<T>> blocks = new ArrayList<>();
        for (int from = 0; from < all.size(); from += size) {
            blocks.add(all.subList(from, Math.min(all.size(), from + size)));
        }
        return blocks;
    }
}
