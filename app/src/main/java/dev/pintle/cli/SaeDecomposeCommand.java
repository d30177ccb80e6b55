package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle sae decompose}. */
@Command(
        name = "decompose",
        mixinStandardHelpOptions = true,
        description = "Decomposes a steering vector into latents, in one of five ways.",
        footer = {
            "",
            "Ways:",
            "  encode      encodes the vector as it is",
            "  scaled      encodes the vector at the norm of an",
            "              activation, times --strength",
            "  difference  how adding the vector at --strength changes",
            "              the latents of a text (--user, --prompt or",
            "              --chat)",
            "  pursuit     the few decoder rows whose signed sum comes",
            "              closest (orthogonal matching pursuit)",
            "  nearest     the decoder rows with the largest absolute",
            "              cosine"
        })
final class SaeDecomposeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE|NAME", description = "Steering vector.")
    private String vector = "";

    @Option(
            names = "--first-row",
            paramLabel = "WHAT",
            description = "What the first row of a matrix is: embedding or block-0.")
    private @Nullable String firstRow;

    @Option(names = "--tensor", paramLabel = "NAME", description = "Tensor to read from a file with several.")
    private @Nullable String tensor;

    @Option(
            names = "--how",
            paramLabel = "WAY",
            defaultValue = "scaled",
            description =
                    "How to decompose: encode, scaled, difference, pursuit or nearest (default: ${DEFAULT-VALUE}).")
    private String how = "scaled";

    @Option(
            names = "--terms",
            paramLabel = "N",
            defaultValue = "25",
            description =
                    "Number of latents to show, and the maximum for pursuit and nearest (default: ${DEFAULT-VALUE}).")
    private int terms;

    @Option(
            names = "--strength",
            paramLabel = "S",
            description = "Length of the vector, for scaled (default: 1), or strength at which it is added, for"
                    + " difference: in activation norms, such as 0.45, or as a raw multiplier, such as 5abs.")
    private @Nullable Strength strength;

    @Mixin
    private TextChoice text = new TextChoice();

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Mixin
    private LabelChoice labels = new LabelChoice();

    @Option(
            names = "--force",
            description =
                    "Decompose even a vector from another hook point or model; overwrite an existing file or name.")
    private boolean force;

    @Mixin
    private VectorOutput output = new VectorOutput();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--with-bias", description = "Keep the decoder's bias in the reconstruction that is saved.")
    private boolean withBias;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Library library = Session.library(Objects.requireNonNull(spec));
        PrintWriter print = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        Decompose.requireTerms(terms);
        requireKnown();
        output.check(List.of(), force);
        SteeringVector given = read();
        try (SparseAutoencoder coder = sae.load(Device.CPU)) {
            Decomposition parts = coder.decompose(given, way(given, coder), force);
            SteeringVector back = parts.asSteeringVector(given, withBias);
            StringWriter written = new StringWriter();
            output.write(List.of(back), force, new PrintWriter(written, true));
            LabelLibrary.Lookup lookup = labels.lookup(
                    library,
                    sae.file(),
                    Stream.concat(
                                    parts.terms().stream().limit(terms),
                                    parts.zeroTerms().stream().limit(terms))
                            .map(Term::latent)
                            .toList());
            if (json) {
                print.println(Json.text(fields(coder, given, parts, lookup)));
            } else {
                print(print, given, parts, lookup);
                written.toString().lines().forEach(line -> print.println("reconstruction: " + line));
                lookup.problems().forEach(err::println);
                err.flush();
            }
        }
        return 0;
    }

    private void requireKnown() {
        if (!List.of("encode", "scaled", "difference", "pursuit", "nearest").contains(how)) {
            throw Problem.of("There is no such way to decompose a vector.")
                    .fact("but was", how)
                    .fact("choose", "encode, scaled, difference, pursuit, nearest")
                    .toIllegalArgument();
        }
        if (how.equals("difference") && (strength == null || text.given().isEmpty())) {
            throw Problem.of("A difference of latents needs a text and a strength.")
                    .fact("expected", "--strength S and --user TEXT, --prompt TEXT or --chat FILE")
                    .toIllegalArgument();
        }
    }

    private SteeringVector read() {
        List<SteeringVector> vectors = Session.library(Objects.requireNonNull(spec))
                .vectors(vector, VectorInput.hints(null, firstRow, tensor));
        if (vectors.size() == 1) {
            return vectors.get(0);
        }
        try (SparseAutoencoder coder = sae.load(Device.CPU)) {
            return vectors.stream()
                    .filter(one -> one.at().equals(coder.place()))
                    .findFirst()
                    .orElseThrow(() -> Problem.of("None of the file's vectors is at the autoencoder's hook point.")
                            .fact(
                                    "vectors",
                                    vectors.stream().map(SteeringVector::at).toList())
                            .fact("autoencoder", coder.place())
                            .toException());
        }
    }

    private Decompose way(SteeringVector given, SparseAutoencoder coder) {
        return switch (how) {
            case "encode" -> Decompose.encode();
            case "pursuit" -> Decompose.signedPursuit(terms);
            case "nearest" -> Decompose.nearestDecoder(terms);
            case "scaled" -> Decompose.encodeScaled((strength == null ? Strength.norms(1) : strength).resolve(given));
            default ->
                Decompose.encodeDifference(
                        activations(given, coder),
                        Objects.requireNonNull(strength).resolve(given));
        };
    }

    private List<Vec> activations(SteeringVector given, SparseAutoencoder coder) {
        Prompt prompt = text.required();
        try (LanguageModel loaded = model.load();
                TensorScope scope = TensorScope.open("activations")) {
            coder.requireFits(loaded, force);
            given.requireFits(loaded, force);
            TokenizedPrompt tokens =
                    coder.origin().trainedOn().started(prompt.tokenized(loaded.text()), loaded.tokenizer());
            Tensor x = loaded.run(TokenBatch.of(tokens.ids()), RunOptions.reading(coder.place()))
                    .row(coder.place(), 0);
            return IntStream.range(0, (int) x.size(0))
                    .mapToObj(t -> x.select(0, t).toVec())
                    .toList();
        }
    }

    private void print(PrintWriter print, SteeringVector given, Decomposition parts, LabelLibrary.Lookup lookup) {
        print.printf(Locale.ROOT, "%s at %s, %s%n", vector, given.at(), parts.how());
        print.printf(
                Locale.ROOT,
                "  %,d latents; relative error %.1f%%, without the decoder's bias %.1f%%; cosine %.3f%n",
                parts.terms().size(),
                100 * parts.relativeError(),
                100 * parts.relativeErrorWithoutBias(),
                parts.cosine());
        print.printf(
                Locale.ROOT,
                "  the decoder's bias is %.1f%% of the reconstruction; the zero vector activates %,d latents%n",
                100 * parts.biasShare(),
                parts.zeroTerms().size());
        List<Integer> zero = parts.zeroTerms().stream().map(Term::latent).toList();
        for (Term term : parts.terms().subList(0, Math.min(terms, parts.terms().size()))) {
            print.println(String.format(
                            Locale.ROOT,
                            "  %7d %10.4f  %s%s",
                            term.latent(),
                            term.activation(),
                            lookup.labels().getOrDefault(term.latent(), ""),
                            zero.contains(term.latent()) ? " [also active for the zero vector]" : "")
                    .stripTrailing());
        }
        if (parts.terms().size() > terms) {
            print.printf(Locale.ROOT, "  … and %,d more%n", parts.terms().size() - terms);
        }
    }

    private Map<String, Object> fields(
            SparseAutoencoder coder, SteeringVector given, Decomposition parts, LabelLibrary.Lookup lookup) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("vector", vector);
        fields.put("hook_point", given.at().toString());
        fields.put("autoencoder", coder.name());
        Setup setup = Setup.withoutModel().autoencoder(coder);
        if (strength != null || how.equals("scaled")) {
            setup.vector(vector, given, strength == null ? Strength.norms(1) : strength, Tokens.all());
        } else {
            setup.vector(vector, given);
        }
        fields.put(
                "setup", setup.with("model", given.origin().model().toString()).fields());
        fields.put("how", parts.how().toString());
        fields.put("latents", parts.terms().size());
        fields.put("relative_error", parts.relativeError());
        fields.put("relative_error_without_bias", parts.relativeErrorWithoutBias());
        fields.put("cosine", parts.cosine());
        fields.put("bias_share", parts.biasShare());
        fields.put("reconstruction_norm", parts.reconstruction().norm());
        fields.put(
                "terms",
                parts.terms().stream().map(term -> fields(term, lookup)).toList());
        fields.put(
                "zero_vector_terms",
                parts.zeroTerms().stream().map(term -> fields(term, lookup)).toList());
        if (!parts.byToken().isEmpty()) {
            fields.put(
                    "by_token",
                    parts.byToken().stream()
                            .map(token -> token.stream()
                                    .map(term -> fields(term, lookup))
                                    .toList())
                            .toList());
        }
        fields.put("problems", lookup.problems().stream().map(Object::toString).toList());
        return fields;
    }

    /** A term, with its label if it has one. */
    static Map<String, Object> fields(Term term, LabelLibrary.Lookup lookup) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("latent", term.latent());
        fields.put("activation", term.activation());
        if (lookup.labels().containsKey(term.latent())) {
            fields.put("label", lookup.labels().get(term.latent()));
        }
        return fields;
    }
}
