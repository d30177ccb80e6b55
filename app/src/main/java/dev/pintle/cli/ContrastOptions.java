package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.DataLayout;
import dev.pintle.steering.DataLayout.TextAs;
import dev.pintle.text.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The contrastive data of a fit: one source, with the options that apply to it. */
@HelpSection.In(HelpSection.PROMPTS)
final class ContrastOptions {
    @Option(names = "--positive", paramLabel = "TEXT", description = "System prompt that elicits the concept.")
    private @Nullable String positive;

    @Option(names = "--negative", paramLabel = "TEXT", description = "System prompt that does not elicit the concept.")
    private @Nullable String negative;

    @Option(
            names = "--prefixes",
            paramLabel = "FILE",
            description =
                    "List of answer prefixes: each makes a pair, under both system prompts, read at the last position.")
    private @Nullable Path prefixes;

    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "List of user turns: each makes a pair, under both system prompts; with --pairs, the"
                    + " questions that the pairs answer.")
    private @Nullable Path questions;

    @Option(
            names = "--pairs",
            paramLabel = "FILE",
            description = "Arbitrary pairs as JSON lines, a JSON list or CSV: {\"positive\": …, \"negative\": …}.")
    private @Nullable Path pairs;

    @Option(
            names = "--answers",
            paramLabel = "FILE",
            description = "Questions with two answers, as JSON lines, a JSON list or CSV: {\"question\","
                    + " \"answer_matching_behavior\", \"answer_not_matching_behavior\"}, read at the letter of the"
                    + " answer, or at its word (Yes, No).")
    private @Nullable Path answers;

    @Option(
            names = "--persona",
            paramLabel = "FILE",
            description = "A persona_vectors trait: {\"instruction\": [{\"pos\", \"neg\"}], \"questions\": […]}.")
    private @Nullable Path persona;

    @Option(
            names = "--positive-texts",
            paramLabel = "FILE",
            description = "Texts that show the concept; not paired with those of --negative-texts.")
    private @Nullable Path positiveTexts;

    @Option(names = "--negative-texts", paramLabel = "FILE", description = "Texts that do not show the concept.")
    private @Nullable Path negativeTexts;

    @Option(
            names = "--columns",
            paramLabel = "KEYS",
            description = "Keys or columns to read: POSITIVE,NEGATIVE for pairs, a single one for texts.")
    private @Nullable String columns;

    @Option(
            names = "--split",
            paramLabel = "NAME",
            description = "List to read from a file with several, such as test (default: the only one, or train).")
    private @Nullable String split;

    @Option(
            names = "--texts-as",
            paramLabel = "HOW",
            description = "How to read texts from files: plain, as they are (the default), or user, as user messages in"
                    + " the chat template.")
    private @Nullable String textsAs;

    private final List<String> notes = new ArrayList<>();

    /**
     * The contrastive data of a fit.
     *
     * @param kind its source
     * @param pairs empty for unpaired texts
     * @param positive prompts of the class that shows the concept; empty for pairs
     * @param negative prompts of the other class; empty for pairs
     * @param notes which parts of the files were not used
     */
    record Contrasts(
            Kind kind, List<ContrastPair> pairs, List<Prompt> positive, List<Prompt> negative, List<String> notes) {}

    /** The source of contrastive data. */
    enum Kind {
        SYSTEM_PROMPTS,
        BEGUN_ANSWERS,
        ASKED,
        PAIRS,
        ANSWERS,
        PERSONA,
        CLASSES
    }

    /** Whether any of these options was given. */
    boolean given() {
        return !options().isEmpty();
    }

    private Map<String, Object> options() {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("--positive", positive);
        all.put("--negative", negative);
        all.put("--prefixes", prefixes);
        all.put("--questions", questions);
        all.put("--pairs", pairs);
        all.put("--answers", answers);
        all.put("--persona", persona);
        all.put("--positive-texts", positiveTexts);
        all.put("--negative-texts", negativeTexts);
        all.put("--columns", columns);
        all.put("--split", split);
        all.put("--texts-as", textsAs);
        Map<String, Object> given = new LinkedHashMap<>();
        all.forEach((name, value) -> {
            if (value != null) {
                given.put(name, value);
            }
        });
        return given;
    }

    /**
     * Reads the prompts.
     *
     * @throws IllegalArgumentException unless exactly one source is given, with only the options that apply to it
     */
    Contrasts read() {
        if (pairs != null) {
            requireOnly("--pairs", "--questions", "--columns", "--split", "--texts-as");
            return new Contrasts(Kind.PAIRS, readPairs(pairs), List.of(), List.of(), notes);
        }
        if (answers != null) {
            requireOnly("--answers", "--split");
            ContrastData data = open(answers, layout());
            return new Contrasts(Kind.ANSWERS, noted(data, data.answers()), List.of(), List.of(), notes);
        }
        if (persona != null) {
            requireOnly("--persona");
            ContrastData data = open(persona, DataLayout.USUAL);
            return new Contrasts(Kind.PERSONA, noted(data, data.persona()), List.of(), List.of(), notes);
        }
        if (positiveTexts != null || negativeTexts != null) {
            requireBoth("--positive-texts", positiveTexts, "--negative-texts", negativeTexts);
            requireOnly("--positive-texts", "--negative-texts", "--columns", "--split", "--texts-as");
            ContrastData up = open(Objects.requireNonNull(positiveTexts), layout());
            ContrastData down = open(Objects.requireNonNull(negativeTexts), layout());
            return new Contrasts(Kind.CLASSES, List.of(), noted(up, up.prompts()), noted(down, down.prompts()), notes);
        }
        if (positive == null && negative == null) {
            throw Problem.of("A fit needs one source of contrastive prompts.")
                    .fact(
                            "expected",
                            "--positive TEXT with --negative TEXT, --pairs FILE, --answers FILE, --persona FILE,")
                    .fact("expected", "or --positive-texts FILE with --negative-texts FILE")
                    .toIllegalArgument();
        }
        requireBoth("--positive", positive, "--negative", negative);
        return systemPrompts(Objects.requireNonNull(positive), Objects.requireNonNull(negative));
    }

    private Contrasts systemPrompts(String up, String down) {
        if (prefixes != null) {
            requireOnly("--positive", "--negative", "--prefixes");
            return new Contrasts(
                    Kind.BEGUN_ANSWERS,
                    ContrastPair.ofPrefixes(up, down, texts(prefixes)),
                    List.of(),
                    List.of(),
                    notes);
        }
        if (questions != null) {
            requireOnly("--positive", "--negative", "--questions");
            List<ContrastPair> asked = texts(questions).stream()
                    .map(question -> ContrastPair.ofSystemPrompts(up, down, question))
                    .toList();
            return new Contrasts(Kind.ASKED, asked, List.of(), List.of(), notes);
        }
        requireOnly("--positive", "--negative");
        return new Contrasts(
                Kind.SYSTEM_PROMPTS, List.of(ContrastPair.ofSystemPrompts(up, down)), List.of(), List.of(), notes);
    }

    private List<ContrastPair> readPairs(Path file) {
        ContrastData data = open(file, layout());
        return noted(data, questions == null ? data.pairs() : data.answersTo(texts(questions)));
    }

    private List<String> texts(Path file) {
        ContrastData data = open(file, DataLayout.USUAL);
        return noted(data, data.texts());
    }

    private static ContrastData open(Path file, DataLayout layout) {
        return ContrastData.open(file, layout);
    }

    private <T> T noted(ContrastData data, T read) {
        notes.addAll(data.notes());
        return read;
    }

    private DataLayout layout() {
        DataLayout layout = DataLayout.USUAL;
        layout = columns == null ? layout : layout.withColumns(columns);
        layout = split == null ? layout : layout.withSplit(split);
        return textsAs == null ? layout : layout.withTexts(TextAs.parse(textsAs));
    }

    private static void requireBoth(String one, @Nullable Object first, String other, @Nullable Object second) {
        if (first == null || second == null) {
            throw Problem.of("A fit needs both sides of the contrast.")
                    .fact("given", first == null ? other : one)
                    .fact("missing", first == null ? one : other)
                    .toIllegalArgument();
        }
    }

    private void requireOnly(String source, String... with) {
        Set<String> allowed = new TreeSet<>(List.of(with));
        allowed.add(source);
        List<String> others = options().keySet().stream()
                .filter(name -> !allowed.contains(name))
                .toList();
        if (!others.isEmpty()) {
            throw Problem.of("These options cannot be combined.")
                    .fact("one", source)
                    .fact("other", String.join(", ", others))
                    .fact("try", with.length == 0 ? source + " alone" : source + " with " + String.join(", ", with))
                    .toIllegalArgument();
        }
    }
}
