package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.profile.Explainer;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.sae.profile.Profiler;
import dev.pintle.web.ChatEndpoint;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle sae profile}. */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        description = {
            "Profiles every latent in one pass over texts: how often it fires, on which tokens, in which contexts,"
                    + " which logits it raises, which latents are nearest; derives a label from that.",
            "Ctrl-C is safe at any time; the same command resumes."
        })
final class SaeProfileCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Mixin
    private TextsOptions texts = new TextsOptions();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the profile (default: that of the autoencoder's file).")
    private @Nullable String name;

    @Option(
            names = "--part",
            paramLabel = "K/N",
            description =
                    "Profile one of N equal parts of the texts, under the name NAME-K-of-N; pintle sae merge-profiles"
                            + " puts the parts together, wherever they were made.")
    private @Nullable String part;

    @Option(
            names = "--fresh",
            description = "Start over; an existing profile of that name is renamed to NAME.sqlite.old.")
    private boolean fresh;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "Stop after about N tokens; a later run can continue (default: all texts).")
    private long mostTokens;

    @Option(
            names = "--explain",
            paramLabel = "MODEL",
            description = "Let this model, behind an OpenAI-compatible API, write labels after the pass; the key is"
                    + " OPENAI_API_KEY.")
    private @Nullable String explainer;

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            defaultValue = "",
            description =
                    "Base URL of the API for --explain, such as http://127.0.0.1:8080/v1 (default: OPENAI_BASE_URL).")
    private String endpoint = "";

    @Option(
            names = "--latents",
            split = ",",
            paramLabel = "LATENT",
            description = "Latents to label with --explain (default: all that fired).")
    private List<Integer> latents = new ArrayList<>();

    @Option(names = "--json", description = "Print a summary as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Session session = Session.of(Objects.requireNonNull(spec));
        Part whose = part == null ? Part.WHOLE : Part.parse(part);
        String named = name == null ? sae.name() : name;
        Path file = Session.library(Objects.requireNonNull(spec))
                .profileFile(part == null ? named : SaeMergeProfilesCommand.nameOf(named, whose));
        Texts from = texts.texts();
        Optional<ChatEndpoint> asked = explainer == null
                ? Optional.empty()
                : Optional.of(ChatEndpoint.of(endpoint, explainer, session.variables()));
        if (fresh) {
            Profiler.setAside(file);
        }
        ProgressLine line =
                new ProgressLine(Objects.requireNonNull(spec).commandLine().getErr(), session.terminal());
        try (UntilInterrupted watch = UntilInterrupted.begin()) {
            Profiler.Listener listener = (stage, done, total) -> {
                boolean bytes = stage.equals("reading texts");
                long unit = bytes ? 1000 : 1;
                line.at(bytes ? "kB of texts" : stage, done / unit, (total + unit - 1) / unit);
                return watch.goesOn();
            };
            boolean finished = profile(file, from, whose, listener);
            Optional<String> failure = Optional.empty();
            if (finished && asked.isPresent()) {
                failure = new Explainer(asked.get())
                        .run(file, explained(file), listener)
                        .failure();
            }
            report(file, failure, asked.isPresent());
            return failure.isPresent() ? 1 : 0;
        }
    }

    private boolean profile(Path file, Texts from, Part whose, Profiler.Listener listener) {
        try (LanguageModel loaded = model.load();
                SparseAutoencoder coder = sae.load(loaded.device())) {
            ProfileSettings settings = ProfileSettings.usual()
                    .withWindow(texts.window())
                    .withSpecialTokens(texts.specialTokens())
                    .withRoles(texts.parsedRoles())
                    .upTo(mostTokens);
            return new Profiler(loaded, coder, coder.place(), file, settings, whose)
                    .run(from, listener)
                    .finished();
        }
    }

    private List<Integer> explained(Path file) {
        if (!latents.isEmpty()) {
            return latents;
        }
        try (LatentProfile profile = LatentProfile.open(file)) {
            return IntStream.range(0, profile.dSae()).boxed().toList();
        }
    }

    private void report(Path file, Optional<String> failure, boolean explaining) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LatentProfile profile = LatentProfile.open(file)) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("file", file.toString());
            fields.putAll(profile.summary());
            failure.ifPresent(why -> fields.put("explaining_ended", why));
            fields.put(
                    "setup",
                    Setup.withoutModel()
                            .with("model", profile.model())
                            .autoencoder(sae.file())
                            .with("profile", profile.stamp())
                            .fields());
            if (json) {
                out.println(Json.text(fields));
                return;
            }
            out.printf(
                    Locale.ROOT,
                    "%s%n  %,d texts, %,d tokens (roles: %s); %,d of %,d latents fired%n",
                    file,
                    profile.documents(),
                    profile.tokens(),
                    profile.roles().replace(",", ", "),
                    profile.alive(),
                    profile.dSae());
            if (explaining) {
                out.printf(Locale.ROOT, "  %,d labelled by %s%n", profile.explained(), explainer);
            }
            failure.ifPresent(why -> out.println("  the service failed: " + why + "; the same command resumes"));
            profile.part().ifPresent(of -> out.println("  part " + of + " of the texts"));
            if (!profile.finished()) {
                out.println("  not finished; the same command resumes");
            }
        }
    }
}
