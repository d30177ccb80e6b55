package dev.pintle.cli;

import dev.pintle.model.Decoding;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command chooses tokens: greedy unless a temperature is given. */
@HelpSection.In(HelpSection.DECODING)
final class DecodingOptions {
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Most tokens to write (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(names = "--greedy", description = "Always the most probable token; this is the default.")
    @SuppressWarnings("unused") // it says what holds without --temperature, which excludes it
    private boolean greedy;

    @Option(names = "--temperature", paramLabel = "T", description = "Draw at random at this temperature.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draw from the K most probable tokens only.")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Draw from the most probable tokens that reach probability P.")
    private double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Leave out tokens less than P times as probable as the best.")
    private double minP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            defaultValue = "1",
            description = "Make tokens already seen less probable.")
    private double repetitionPenalty;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            defaultValue = "42",
            description = "Seed of random draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    Decoding decoding() {
        return temperature == null
                ? Decoding.greedy(maxNewTokens)
                : new Decoding.Sample(maxNewTokens, temperature, topK, topP, minP, repetitionPenalty, seed);
    }
}
