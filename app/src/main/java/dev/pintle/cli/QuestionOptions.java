package dev.pintle.cli;

import dev.pintle.base.JsonLists;
import dev.pintle.study.StudyPresets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The questions that a model answers, and how long its answers may be. */
@HelpSection.In(HelpSection.SCORE)
public final class QuestionOptions {
    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "JSON list of user turns (default: twelve that the embedded model can answer).")
    private @Nullable Path questions;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "40",
            description = "Maximum length of an answer, in tokens (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    /** Whether questions are named. */
    public boolean areGiven() {
        return questions != null;
    }

    /** The questions. */
    public List<String> questions() {
        return questions == null ? StudyPresets.embeddedQuestions() : JsonLists.strings(questions);
    }

    /** Longest answer, in tokens. */
    public int maxNewTokens() {
        return maxNewTokens;
    }
}
