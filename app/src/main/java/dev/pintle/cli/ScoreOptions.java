package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.web.ChatEndpoint;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the text of an answer is scored for a concept: by a regular expression, or by a judge. */
@HelpSection.In(HelpSection.SCORE)
public final class ScoreOptions {
    @Option(
            names = "--marker",
            paramLabel = "REGEX",
            description = "Score by regular expression: answers that it matches show the concept.")
    private @Nullable String marker;

    @Option(
            names = "--judge",
            paramLabel = "MODEL",
            description = "Score by a model behind an OpenAI-compatible API; the key is OPENAI_API_KEY.")
    private @Nullable String judge;

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            defaultValue = "",
            description = "Base URL of the judge's API (default: OPENAI_BASE_URL).")
    private String endpoint = "";

    @Option(names = "--concept", paramLabel = "TEXT", description = "Description of the concept, for the judge.")
    private @Nullable String concept;

    /** The description of the concept, if there is one. */
    Optional<String> described() {
        return Optional.ofNullable(concept);
    }

    /**
     * The concept that the options name.
     *
     * @param variables the environment, for the judge
     * @param otherwise what the judge rates if no concept is described
     * @return empty if the options name none
     * @throws IllegalArgumentException if the marker is no regular expression
     */
    public Optional<Concept> concept(Map<String, String> variables, Supplier<String> otherwise) {
        if (judge != null) {
            String what = concept != null ? concept : otherwise.get();
            return Optional.of(new Concept.Judged(ChatEndpoint.of(endpoint, judge, variables), what));
        }
        if (marker == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Concept.Marked(new StyleMarker("given", "", Pattern.compile(marker))));
        } catch (PatternSyntaxException e) {
            throw Problem.of("The marker is not a valid regular expression.")
                    .fact("but was", marker)
                    .fact("cause", e.getDescription())
                    .toIllegalArgument();
        }
    }
}
