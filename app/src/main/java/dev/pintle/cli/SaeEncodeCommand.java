package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.ReconstructionErrors;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.sae.Term;
import dev.pintle.sae.labels.LabelLibrary;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle sae encode}. */
@Command(
        name = "encode",
        mixinStandardHelpOptions = true,
        description = "Shows the active latents of each token of a text, plain or with a vector added, and how much the"
                + " autoencoder leaves out.")
final class SaeEncodeCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Mixin
    private TextChoice text = new TextChoice();

    @Option(
            names = "--top",
            paramLabel = "N",
            defaultValue = "4",
            description =
                    "Latents to show per token, largest first; 0 for all active ones (default: ${DEFAULT-VALUE}).")
    private int top;

    @Option(names = "--vector", paramLabel = "FILE|NAME", description = "Vector to add at every token first.")
    private @Nullable String vector;

    @Option(
            names = "--strength",
            paramLabel = "S",
            description = "Strength at which the vector is added: in activation norms, such as 0.45, or as a raw"
                    + " multiplier, such as 5abs.")
    private @Nullable Strength strength;

    @Option(
            names = "--force",
            description = "Accept an autoencoder or vector of another model, or a vector of another hook point.")
    private boolean force;

    @Mixin
    private LabelChoice labels = new LabelChoice();

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (top < 0) {
            throw Problem.of("The number of latents must be 0 or more.")
                    .fact("--top", top)
                    .toIllegalArgument();
        }
        Prompt read = text.required();
        sae.file();
        List<SteeringVector> vectors =
                vector == null ? List.of() : model.library().vectors(vector, model.hints());
        vectors.forEach(one -> Objects.requireNonNull(strength).resolve(one));
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        try (LanguageModel loaded = model.load();
                SparseAutoencoder coder = sae.load(loaded.device());
                TensorScope scope = TensorScope.open("encode a text")) {
            coder.requireFits(loaded, force);
            HookPoint at = coder.place();
            TokenizedPrompt given = read.tokenized(loaded.text());
            TokenizedPrompt prompt = coder.origin().trainedOn().started(given, loaded.tokenizer());
            boolean prepended = prompt.length() > given.length();
            Tensor plain = loaded.run(TokenBatch.of(prompt.ids()), RunOptions.reading(at))
                    .row(at, 0)
                    .to(DType.FP32);
            Setup setup = Setup.of(loaded).autoencoder(coder);
            if (prepended) {
                setup.with("prepended_token", prompt.text(0));
            }
            Tensor shown = steered(loaded, vectors, at, plain, setup);
            SparseLatents latents = top == 0 ? coder.encodeActive(shown) : coder.encodeTop(shown, top);
            SparseLatents active = top == 0 ? latents : coder.encodeActive(shown);
            Answer answer =
                    new Answer(prompt, latents, active, ReconstructionErrors.of(coder, plain, shown), roles(prompt));
            LabelLibrary.Lookup lookup = labels.lookup(model.library(), sae.file(), answer.all());
            if (json) {
                out.println(Json.text(answer.fields(coder, loaded, lookup, vector != null, setup)));
            } else {
                answer.print(out, lookup, vector != null);
                if (prepended) {
                    out.println(TokenLines.quoted(prompt.text(0))
                            + " was put first, as in the texts that the autoencoder was trained on; ignore its row.");
                }
                lookup.problems().forEach(err::println);
                err.flush();
            }
        }
        return 0;
    }

    private Tensor steered(
            LanguageModel loaded, List<SteeringVector> vectors, HookPoint at, Tensor plain, Setup setup) {
        if (vector == null || strength == null) {
            return plain;
        }
        SteeringVector found = vectors.stream()
                .filter(one -> force || one.at().equals(at))
                .findFirst()
                .orElseThrow(() -> Problem.of("The vector and the autoencoder read different places.")
                        .fact("vector", vector)
                        .fact("autoencoder", at)
                        .fact("try", "fitting the vector at " + at + ", or --force to add it there anyway")
                        .toException())
                .requireFits(loaded, force);
        setup.vector(vector, found, strength, Tokens.all());
        return plain.plus(
                Tensor.of(found.direction().times(strength.resolve(found))).to(plain.device()));
    }

    /** The role of each token; empty for raw text, or if the chat template does not allow telling roles apart. */
    private static List<Role> roles(TokenizedPrompt prompt) {
        if (prompt.prompt().ending() == Prompt.Ending.PLAIN) {
            return List.of();
        }
        try {
            return IntStream.range(0, prompt.length()).mapToObj(prompt::role).toList();
        } catch (PintleException e) {
            return List.of();
        }
    }

    private record Answer(
            TokenizedPrompt prompt,
            SparseLatents latents,
            SparseLatents active,
            ReconstructionErrors errors,
            List<Role> roles) {
        Set<Integer> all() {
            Set<Integer> all = new TreeSet<>();
            for (int t = 0; t < latents.tokens(); t++) {
                latents.terms(t).forEach(term -> all.add(term.latent()));
            }
            return all;
        }

        void print(PrintWriter out, LabelLibrary.Lookup lookup, boolean steered) {
            for (int t = 0; t < latents.tokens(); t++) {
                out.printf(
                        Locale.ROOT,
                        "%4d  %-16s %-10s %5d active  left out %4.0f%%",
                        t,
                        TokenLines.quoted(prompt.text(t)),
                        roles.isEmpty() ? "" : name(roles.get(t)),
                        active.count(t),
                        100 * (steered ? errors.steeredRelative() : errors.relative()).get(t));
                if (steered) {
                    out.printf(
                            Locale.ROOT,
                            " (unsteered %.0f%%, cosine %.2f)",
                            100 * errors.relative().get(t),
                            errors.cosine().get(t));
                }
                out.println();
                for (Term term : latents.terms(t)) {
                    String label = lookup.labels().getOrDefault(term.latent(), "");
                    out.println(
                            String.format(Locale.ROOT, "        %7d %9.3f  %s", term.latent(), term.activation(), label)
                                    .stripTrailing());
                }
            }
            if (!roles.isEmpty()) {
                out.printf(Locale.ROOT, "%-12s %8s %10s", "segment", "tokens", "left out");
                out.println(steered ? String.format(Locale.ROOT, " %10s %8s", "steered", "cosine") : "");
                errors.bySegment(roles).forEach((role, segment) -> {
                    out.printf(
                            Locale.ROOT, "%-12s %8d %9.0f%%", name(role), segment.tokens(), 100 * segment.relative());
                    out.println(
                            steered
                                    ? String.format(
                                            Locale.ROOT,
                                            " %9.0f%% %8.2f",
                                            100 * segment.steeredRelative(),
                                            segment.cosine())
                                    : "");
                });
            }
        }

        Map<String, Object> fields(
                SparseAutoencoder sae, LanguageModel model, LabelLibrary.Lookup lookup, boolean steered, Setup setup) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("autoencoder", sae.name());
            fields.put("hook_point", sae.place().toString());
            fields.put("model", model.id().toString());
            fields.put("setup", setup.fields());
            List<Map<String, Object>> tokens = new ArrayList<>();
            for (int t = 0; t < latents.tokens(); t++) {
                Map<String, Object> token = new LinkedHashMap<>();
                token.put("text", prompt.text(t));
                if (!roles.isEmpty()) {
                    token.put("segment", name(roles.get(t)));
                }
                token.put("active", active.count(t));
                token.put("error_norm", errors.norm().get(t));
                token.put("relative_error", errors.relative().get(t));
                if (steered) {
                    token.put("steered_error_norm", errors.steeredNorm().get(t));
                    token.put("steered_relative_error", errors.steeredRelative().get(t));
                    token.put("error_cosine", errors.cosine().get(t));
                }
                token.put(
                        "latents",
                        latents.terms(t).stream()
                                .map(term -> SaeDecomposeCommand.fields(term, lookup))
                                .toList());
                tokens.add(token);
            }
            fields.put("tokens", tokens);
            if (!roles.isEmpty()) {
                Map<String, Object> segments = new LinkedHashMap<>();
                errors.bySegment(roles).forEach((role, segment) -> segments.put(name(role), segment));
                fields.put("segments", segments);
            }
            fields.put(
                    "problems", lookup.problems().stream().map(Object::toString).toList());
            return fields;
        }

        private static String name(Role role) {
            return role.name().toLowerCase(Locale.ROOT);
        }
    }
}
