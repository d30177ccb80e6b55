package dev.pintle.cli;

import dev.pintle.model.Decoding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command decodes, greedily unless a temperature is given, and what ends an answer. */
@HelpSection.In(HelpSection.DECODING)
final class DecodingOptions {
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Maximum number of tokens to generate (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "End the answer before this text; may be given several times.")
    private List<String> stops = new ArrayList<>();

    @Option(names = "--greedy", description = "Always take the most probable token; this is the default.")
    @SuppressWarnings("unused") // it spells out the default, and OptionRules refuses it next to --temperature
    private boolean greedy;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample at this temperature.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Sample from the K most probable tokens only.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Sample from the smallest set of most probable tokens whose total probability reaches P.")
    private double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Exclude tokens less than P times as probable as the most probable one.")
    private double minP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            defaultValue = "1",
            description = "Make tokens that have already occurred less probable.")
    private double repetitionPenalty;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            defaultValue = "42",
            description = "Seed of the sampling (default: ${DEFAULT-VALUE}).")
    private long seed;

    AnswerSettings settings() {
        Decoding decoding = temperature == null
                ? Decoding.greedy(maxNewTokens)
                : new Decoding.Sample(maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed);
        return new AnswerSettings(decoding, stops);
    }
}
