package dev.pintle.cli;

import dev.pintle.model.Decoding;
import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.GeneratedTokens;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
import dev.pintle.steering.VectorFit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle vector fit}. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description = "Fits a steering vector from contrasting prompts, or takes one from a latent.",
        footer = {
            "",
            "Examples:",
            "  pintle vector fit --positive \"The assistant should talk like a pirate.\" \\",
            "      --negative \"The assistant should act normally.\" --layer 3 --save pirate",
            "  pintle vector fit --answers sycophancy.json --layer 13 -o sycophancy.safetensors",
            "  pintle vector fit --from-latent 146 --save pirate-latent"
        })
final class VectorFitCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(names = "--positive", paramLabel = "TEXT", description = "System prompt that shows the concept.")
    private @Nullable String positive;

    @Option(names = "--negative", paramLabel = "TEXT", description = "System prompt that does not.")
    private @Nullable String negative;

    @Option(
            names = "--prefixes",
            paramLabel = "FILE",
            description = "JSON list of begun answers: one pair each, read at the last position.")
    private @Nullable Path prefixes;

    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "JSON list of user turns: one pair each, for generated-tokens.")
    private @Nullable Path questions;

    @Option(
            names = "--pairs",
            paramLabel = "FILE",
            description = "Free pairs, one JSON object a line: {\"positive\": …, \"negative\": …}.")
    private @Nullable Path pairs;

    @Option(
            names = "--answers",
            paramLabel = "FILE",
            description = "Multiple-choice items: JSON list of {question, answer_matching_behavior, "
                    + "answer_not_matching_behavior}, read at the answer's letter.")
    private @Nullable Path answers;

    @Mixin
    private LatentChoice latent = new LatentChoice();

    @Option(names = "--layer", paramLabel = "L", description = "Block, from 0, after which to read and steer.")
    private @Nullable Integer layer;

    @Option(names = "--all-layers", description = "Fit after every block, from one reading.")
    private boolean allLayers;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            description = "all-positions, first-difference, after-last-difference (of one pair), last-position, "
                    + "diff-mean or generated-tokens (of many). By default after-last-difference or last-position.")
    private @Nullable String method;

    @Option(
            names = "--positions",
            paramLabel = "WHICH",
            description = "Read there in place of where the method reads: all, first-difference, "
                    + "after-last-difference, last, answer-letter, range:FROM-TO, role:ROLE.")
    private @Nullable String positions;

    @Option(
            names = "--aggregation",
            paramLabel = "HOW",
            defaultValue = "mean",
            description = "mean, pca-reconstructed-mean, pca-centred, pca-uncentred, pca-paired or logistic-probe "
                    + "(default: ${DEFAULT-VALUE}).")
    private String aggregation = "mean";

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "32",
            description = "Longest answer that generated-tokens reads (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = "Keep the fit in this file while it goes on, and go on from it after an interruption.")
    private @Nullable Path resume;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "Where to write: .safetensors, .gguf, .pt or .npy.")
    private @Nullable Path out;

    @Option(names = "--save", paramLabel = "NAME", description = "Keep it under a name.")
    private @Nullable String save;

    @Option(names = "--json", description = "Print the full record as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (out == null && save == null && !json) {
            throw Problem.of("The fitted vector would be lost.")
                    .fact("missing", "--out FILE or --save NAME, or --json for its record alone")
                    .toIllegalArgument();
        }
        if (latent.given()) {
            return fromLatent();
        }
        if ((layer == null) != allLayers) {
            throw Problem.of("A fit needs to know after which block to read.")
                    .fact("expected", "--layer L or --all-layers")
                    .fact("but was", allLayers ? "both" : "neither")
                    .toIllegalArgument();
        }
        SteeringMethod how = method();
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        try (LanguageModel loaded = model.load()) {
            ProgressLine progress = new ProgressLine(
                    err, Session.of(Objects.requireNonNull(spec)).terminal());
            VectorFit fit = VectorFit.of(loaded, how)
                    .listening((done, total) -> progress.at("reading prompts", (int) done, (int) total));
            if (resume != null) {
                fit = fit.resumable(resume);
            }
            FitResult result = (layer == null ? fit.atAllLayers() : fit.at(HookPoint.residPost(layer))).run();
            List<SteeringVector> vectors = List.copyOf(result.vectors().values());
            Path saved = write(vectors);
            if (json) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("vectors", vectors.stream().map(VectorJson::of).toList());
                fields.put("reading", VectorJson.of(result.report()));
                print.println(VectorJson.text(fields));
            } else {
                account(print, vectors, saved);
                print.println("  read: " + result.report());
            }
            return 0;
        }
    }

    private int fromLatent() {
        if (Stream.of(positive, negative, pairs, answers, prefixes, questions, method, positions)
                .anyMatch(Objects::nonNull)) {
            throw Problem.of("A vector is fitted from prompts or taken from a latent, not both.")
                    .fact("expected", "--from-latent N alone, with --sae, --layer, --raw, --out, --save")
                    .toIllegalArgument();
        }
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            SteeringVector vector = latent.vector(loaded, layer, Objects.requireNonNull(spec));
            Path saved = write(List.of(vector));
            if (json) {
                print.println(VectorJson.text(Map.of("vectors", List.of(VectorJson.of(vector)))));
            } else {
                account(print, List.of(vector), saved);
            }
            return 0;
        }
    }

    private @Nullable Path write(List<SteeringVector> vectors) {
        if (out != null) {
            VectorFiles.write(vectors, out);
        }
        return save == null ? null : UserFolders.vectors().save(save, vectors);
    }

    private void account(PrintWriter print, List<SteeringVector> vectors, @Nullable Path saved) {
        if (out != null) {
            print.println(out);
        }
        if (saved != null) {
            print.println(save + " = " + saved);
        }
        vectors.forEach(vector -> VectorShowCommand.describe(print, vector));
    }

    private SteeringMethod method() {
        Aggregation how = Aggregation.parse(aggregation);
        Positions where = positions == null ? null : Positions.parse(positions);
        List<ContrastPair> data = data();
        if ("generated-tokens".equals(method)) {
            return new GeneratedTokens(data, Decoding.greedy(maxNewTokens), how);
        }
        if (where != null || (answers != null && method == null)) {
            return new Contrast(data, where == null ? Positions.answerLetter() : where, false, how);
        }
        String name = method != null ? method : data.size() == 1 ? "after-last-difference" : "last-position";
        return SteeringMethod.of(name, data, how);
    }

    private List<ContrastPair> data() {
        long sources =
                Stream.of(pairs, answers, positive).filter(Objects::nonNull).count();
        if (sources != 1 || (positive == null) != (negative == null)) {
            throw Problem.of("A fit needs one source of contrasting prompts.")
                    .fact("expected", "--positive TEXT with --negative TEXT, or --pairs FILE, or --answers FILE")
                    .toIllegalArgument();
        }
        if (pairs != null) {
            return ContrastData.readJsonl(pairs);
        }
        if (answers != null) {
            return ContrastData.readAnswers(answers);
        }
        String up = Objects.requireNonNull(positive);
        String down = Objects.requireNonNull(negative);
        if (prefixes != null) {
            return ContrastPair.ofPrefixes(up, down, JsonLists.strings(prefixes));
        }
        if ("last-position".equals(method)) {
            throw Problem.of("The last-position method reads begun answers.")
                    .fact("missing", "--prefixes FILE, a JSON list of strings")
                    .toIllegalArgument();
        }
        if (questions != null) {
            return JsonLists.strings(questions).stream()
                    .map(question -> ContrastPair.ofSystemPrompts(up, down, question))
                    .toList();
        }
        return List.of(ContrastPair.ofSystemPrompts(up, down));
    }
}
