package dev.pintle.evaluation;

import dev.pintle.base.JsonLists;
import dev.pintle.base.Problem;
import dev.pintle.hub.ModelFolders;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringMethod;
import java.util.List;

/**
 * The prompts from which a sweep fits vectors of a concept.
 *
 * @param positive system prompt that elicits the concept
 * @param negative system prompt that does not
 * @param prefixes of answers, for methods that read them; none for those that come with the embedded model
 */
public record ConceptPrompts(String positive, String negative, List<String> prefixes) {
    /** A system prompt that elicits nothing. */
    public static final String NEUTRAL = "The assistant should act normally.";

    private static final List<String> READING_PREFIXES = List.of("last-position", "diff-mean");

    /** Copies the list. */
    public ConceptPrompts {
        prefixes = List.copyOf(prefixes);
    }

    /**
     * A method with these prompts.
     *
     * @throws dev.pintle.base.PintleException if the method reads prefixes and there are none
     */
    public SteeringMethod method(String name) {
        return SteeringMethod.of(name, pairs(name), Aggregation.parse("mean"));
    }

    private List<ContrastPair> pairs(String method) {
        if (!READING_PREFIXES.contains(method)) {
            return List.of(ContrastPair.ofSystemPrompts(positive, negative));
        }
        List<String> begun = prefixes.isEmpty()
                ? ModelFolders.embeddedFile("prefixes.json")
                        .map(JsonLists::strings)
                        .orElseThrow(() -> Problem.of("The method needs answer prefixes.")
                                .fact("method", method)
                                .fact("missing", "prefixes, a JSON list of strings")
                                .toException())
                : prefixes;
        return ContrastPair.ofPrefixes(positive, negative, begun);
    }
}
