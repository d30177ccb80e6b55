package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.DiffMean;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.GeneratedTokens;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFit;
import dev.pintle.steering.files.VectorJson;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.io.Writer;
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
        description = "Fits a steering vector from contrastive prompts, or takes one from a latent.",
        footer = {
            "",
            "Examples:",
            "  pintle vector fit --layer 3 --save pirate \\",
            "    --positive \"The assistant should talk like a pirate.\" \\",
            "    --negative \"The assistant should act normally.\"",
            "  pintle vector fit --answers sycophancy.json \\",
            "    --layer 13 -o sycophancy.safetensors",
            "  pintle vector fit --from-latent 146 --save latent"
        })
final class VectorFitCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private ContrastOptions contrasts = new ContrastOptions();

    @Mixin
    private LatentChoice latent = new LatentChoice();

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--layer",
            paramLabel = "L",
            description = "Layer (0-based) to read and steer, at the output of its block.")
    private @Nullable Integer layer;

    @HelpSection.In(HelpSection.FITTING)
    @Option(names = "--all-layers", description = "Fit at every layer, in one pass over the prompts.")
    private boolean allLayers;

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--method",
            paramLabel = "METHOD",
            completionCandidates = Candidates.Methods.class,
            description = "all-positions, first-difference or after-last-difference of one pair; last-position,"
                    + " contrast, diff-mean or generated-tokens of many (default: after-last-difference of one pair,"
                    + " else last-position; contrast of answers and with --positions; diff-mean of texts;"
                    + " generated-tokens of a persona).")
    private @Nullable String method;

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--positions",
            paramLabel = "WHICH",
            description = "Positions that contrast and diff-mean read: all, first-difference, after-last-difference,"
                    + " last, answer-letter, answer-word, answer-mean, from:N, range:FROM-TO, role:ROLE.")
    private @Nullable String positions;

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--directions",
            paramLabel = "HOW",
            description = "How last-position and contrast scale each direction first: unit, to length 1 (the default of"
                    + " last-position), or raw, as it is (the default of contrast).")
    private @Nullable String directions;

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--aggregation",
            paramLabel = "HOW",
            defaultValue = "mean",
            description = "How directions are combined: mean, pca-reconstructed-mean, pca-centred, pca-uncentred,"
                    + " pca-paired, logistic-probe or logistic-probe:PENALTY (default: ${DEFAULT-VALUE}).")
    private String aggregation = "mean";

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Maximum answer length for generated-tokens (default: " + SteeringMethod.USUAL_ANSWER + ").")
    private @Nullable Integer maxNewTokens;

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = "Save progress to this file, and resume from it after an interruption.")
    private @Nullable Path resume;

    @Mixin
    private VectorOutput output = new VectorOutput();

    @Option(
            names = "--force",
            description = "Overwrite an existing file or name; accept an autoencoder of another model.")
    private boolean force;

    @Option(names = "--json", description = "Print the full record as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (!output.given() && !json) {
            throw Problem.of("The fitted vector would be lost.")
                    .fact("missing", "--out FILE or --save NAME, or --json for its record only")
                    .toIllegalArgument();
        }
        if (latent.given()) {
            return fromLatent();
        }
        latent.requireUnused();
        if ((layer == null) != allLayers) {
            throw Problem.of("A fit needs a layer.")
                    .fact("expected", "--layer L or --all-layers")
                    .fact("but was", allLayers ? "both" : "neither")
                    .toIllegalArgument();
        }
        output.check(layer == null ? List.of() : List.of(HookPoint.residPost(layer)), force);
        if (resume != null) {
            OutputFile.require(resume);
        }
        ContrastOptions.Contrasts read = contrasts.read();
        SteeringMethod how = method(read);
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        read.notes().forEach(err::println);
        err.flush();
        if (layer != null) {
            model.requireBlock(layer);
        }
        try (LanguageModel loaded = model.load()) {
            ProgressLine progress = new ProgressLine(
                    err, Session.of(Objects.requireNonNull(spec)).terminal());
            VectorFit fit = VectorFit.of(loaded, how).listening(progress);
            if (resume != null) {
                fit = fit.resumable(resume);
            }
            FitResult result = (layer == null ? fit.atAllLayers() : fit.at(HookPoint.residPost(layer))).run();
            List<SteeringVector> vectors = List.copyOf(result.vectors().values());
            told(print, Setup.of(loaded), vectors, result);
            return 0;
        }
    }

    /** Writes the vectors, and prints their record: a short description, or everything as JSON. */
    private void told(PrintWriter print, Setup setup, List<SteeringVector> vectors, @Nullable FitResult result) {
        if (json) {
            output.write(vectors, force, new PrintWriter(Writer.nullWriter()));
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("vectors", vectors.stream().map(VectorJson::of).toList());
            if (result != null) {
                fields.put("reading", VectorJson.of(result.report()));
            }
            fields.put("setup", setup.fields());
            print.println(Json.text(fields));
            return;
        }
        output.write(vectors, force, print);
        vectors.forEach(vector -> VectorShowCommand.describe(print, vector));
        if (result != null) {
            print.println("  read: " + result.report());
        }
    }

    private int fromLatent() {
        if (contrasts.given()
                || allLayers
                || resume != null
                || Stream.of(method, positions, directions, maxNewTokens).anyMatch(Objects::nonNull)) {
            throw Problem.of("A vector is fitted from prompts or taken from a latent, not both.")
                    .fact("expected", "--from-latent N alone, with --sae, --layer, --raw, --out, --save")
                    .toIllegalArgument();
        }
        output.check(layer == null ? List.of() : List.of(HookPoint.residPost(layer)), force);
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            SteeringVector vector = latent.vector(loaded, layer, force, Objects.requireNonNull(spec));
            told(print, Setup.of(loaded), List.of(vector), null);
            return 0;
        }
    }

    // ---------------------------------------------------------------- the method

    private SteeringMethod method(ContrastOptions.Contrasts read) {
        Aggregation how = Aggregation.parse(aggregation);
        Positions where = positions == null ? null : Positions.parse(positions);
        String name = method != null ? method : usualMethod(read, where);
        requireUsed(name);
        if (read.kind() == ContrastOptions.Kind.CLASSES) {
            if (!name.equals("diff-mean")) {
                throw Problem.of("Unpaired texts have two class means and no pairs.")
                        .fact("expected", "--method diff-mean, which needs none")
                        .fact("but was", "--method " + name)
                        .toIllegalArgument();
            }
            return new DiffMean(read.positive(), read.negative(), where == null ? Positions.last() : where, how);
        }
        if (where == null && name.equals("contrast") && read.kind() == ContrastOptions.Kind.ANSWERS) {
            where = ContrastData.usualPositions(read.pairs());
        }
        if (name.equals("last-position") && read.kind() == ContrastOptions.Kind.SYSTEM_PROMPTS) {
            throw Problem.of("The last-position method needs answer prefixes.")
                    .fact("missing", "--prefixes FILE, a list of texts")
                    .toIllegalArgument();
        }
        SteeringMethod usual = SteeringMethod.of(name, read.pairs(), where, how);
        if (usual instanceof GeneratedTokens generated && maxNewTokens != null) {
            return new GeneratedTokens(generated.pairs(), Decoding.greedy(maxNewTokens), how);
        }
        if (usual instanceof Contrast contrast && directions != null) {
            return contrast.withLengths(lengths(directions));
        }
        return usual;
    }

    private static String usualMethod(ContrastOptions.Contrasts read, @Nullable Positions where) {
        return switch (read.kind()) {
            case CLASSES -> "diff-mean";
            case PERSONA -> where == null ? "generated-tokens" : "contrast";
            case ANSWERS -> "contrast";
            default ->
                where != null ? "contrast" : read.pairs().size() == 1 ? "after-last-difference" : "last-position";
        };
    }

    /** Refuses an option that the method does not use. */
    private void requireUsed(String name) {
        if (directions != null && !name.equals("contrast") && !name.equals("last-position")) {
            throw unused("--directions", name, "contrast or last-position");
        }
        if (maxNewTokens != null && !name.equals("generated-tokens")) {
            throw unused("--max-new-tokens", name, "generated-tokens");
        }
        if (resume != null && name.equals("diff-mean")) {
            throw unused("--resume", name, "last-position, contrast or generated-tokens");
        }
    }

    private static IllegalArgumentException unused(String option, String method, String others) {
        return Problem.of("The method does not use this option.")
                .fact("method", method)
                .fact("option", option)
                .fact("try", "--method " + others)
                .toIllegalArgument();
    }

    private static Contrast.Lengths lengths(String directions) {
        if (!directions.equals("unit") && !directions.equals("raw")) {
            throw Problem.of("There is no such scaling of directions.")
                    .fact("choose", "unit (each scaled to length 1), raw (as they are)")
                    .fact("but was", directions)
                    .toIllegalArgument();
        }
        return directions.equals("unit") ? Contrast.Lengths.UNIT : Contrast.Lengths.AS_READ;
    }
}
