package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.base.JsonLists;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.ConceptPrompts;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.Figure;
import dev.pintle.figure.Theme;
import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What {@code sweep} and {@code tune} try, on which questions, and how answers are scored. */
final class SweepOptions {
    private static final int MOST_LAYERS = 10_000;

    @Mixin
    private SteerOption specified = new SteerOption(); // acts in every setting

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--style",
            paramLabel = "STYLE",
            description = "Style of the embedded model (default there: pirate); sets prompts and marker.")
    private @Nullable String style;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--positive", paramLabel = "TEXT", description = "System prompt that elicits the concept.")
    private @Nullable String positive;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--negative",
            paramLabel = "TEXT",
            description =
                    "System prompt that does not elicit the concept (default: \"" + ConceptPrompts.NEUTRAL + "\").")
    private String negative = ConceptPrompts.NEUTRAL;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--prefixes",
            paramLabel = "FILE",
            description =
                    "JSON list of answer prefixes, for last-position and diff-mean (default: the embedded model's).")
    private @Nullable Path prefixes;

    @Mixin
    private SettingOptions settings = new SettingOptions();

    @Mixin
    private QuestionOptions questions = new QuestionOptions();

    @Mixin
    private ScoreOptions score = new ScoreOptions();

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--continuations",
            paramLabel = "FILE",
            description =
                    "Score by log-probability: {\"target\": [answers that show the concept], \"neutral\": [others]}.")
    private @Nullable Path continuations;

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--choices",
            paramLabel = "FILE",
            description = "Score by multiple-choice items, whose questions are asked: JSON list of {question,"
                    + " answer_matching_behavior, answer_not_matching_behavior}.")
    private @Nullable Path choices;

    @Option(names = "--fresh", description = "Recompute everything; existing results are set aside.")
    private boolean fresh;

    @Option(names = "--figure", paramLabel = "FILE", description = "Draw the curves to a .svg or .png file.")
    private @Nullable Path figure;

    @Option(names = "--dark", description = "Draw the figure with the dark theme.")
    private boolean dark;

    @Option(names = "--json", description = "Print every number and text as JSON.")
    private boolean json;

    boolean json() {
        return json;
    }

    Optional<Path> figure() {
        return Optional.ofNullable(figure);
    }

    void draw(Figure drawn) {
        if (figure != null) {
            drawn.write(figure, dark ? Theme.DARK : Theme.LIGHT);
        }
    }

    /** What a sweep found, and the vectors that it tried. */
    record Swept(SweepResult result, List<Candidate> candidates, Setup setup) {}

    /** The vector option that a candidate came from; empty if it was fitted here. */
    Optional<String> given(Candidate candidate) {
        return settings.vectors().stream()
                .filter(name -> SettingOptions.nameOf(name).equals(candidate.method()))
                .findFirst();
    }

    /** The options that make another command steer like a setting of the sweep. */
    List<String> steering(String vector, SweepPoint point, boolean oneOfSeveral) {
        List<String> options = new ArrayList<>(model.given());
        options.addAll(List.of("--vector", vector));
        if (oneOfSeveral) {
            options.addAll(List.of("--layer", String.valueOf(point.layer())));
        }
        options.addAll(List.of("--strength", new Strength(point.strength(), point.unit()).toString()));
        if (!positions().equals("all")) {
            options.addAll(List.of("--positions", positions()));
        }
        options.addAll(specified.given());
        return options;
    }

    String positions() {
        return settings.positions();
    }

    /** Which tokens are steered, as a sentence. */
    String steered() {
        return "Steered: " + SteeredTokens.words(positions()) + ".";
    }

    /** A word for the concept, for the name of a vector; empty if there is none. */
    String word() {
        String word = style != null
                ? style
                : score.described()
                        .orElse(positive == null && settings.vectors().isEmpty() ? "pirate" : "");
        String name =
                word.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        return name.length() > 40 ? name.substring(0, 40) : name;
    }

    /**
     * Runs the sweep.
     *
     * @param usualMethods the methods to fit with if none are named
     * @param allLayers whether to try every layer if none are named
     */
    Swept run(Session session, ProgressLine progress, List<String> usualMethods, boolean allLayers) {
        model.belongTo(command); // of which they are options only by way of these
        if (figure != null) {
            OutputFile.require(figure, ".svg", ".png");
        }
        Tokens where = Tokens.parse(positions());
        Concept how = concept(session);
        List<String> asked = questions(how);
        model.blocks().ifPresent(blocks -> layers(blocks, allLayers));
        Map<String, List<SteeringVector>> read = read();
        Map<String, SteeringMethod> fits = new LinkedHashMap<>();
        for (String method : settings.methods(usualMethods)) {
            fits.put(method, prompts().method(method));
        }
        specified.prepare();
        try (LanguageModel loaded = model.load();
                SteerOption.Opened background = specified.open(loaded, model.library(), null);
                UntilInterrupted watch = UntilInterrupted.begin()) {
            String beside = background.facts().isEmpty() ? "" : Json.line(background.facts());
            Sweep sweep =
                    new Sweep(loaded.with(background.interventions()), beside, asked, how, questions.maxNewTokens());
            Path file = sweep.fileIn(model.library().sweeps());
            if (fresh) {
                Sweep.setAside(file);
            }
            List<Integer> wanted = layers(loaded.config().nLayers(), allLayers);
            List<Candidate> candidates = candidates(loaded, progress, read, fits, wanted, where);
            SweepResult result = sweep.run(candidates, settings.strengths(), file, (done, total) -> {
                progress.at("answering", done, total);
                return watch.goesOn();
            });
            Setup setup = Setup.of(loaded)
                    .decoding(Decoding.greedy(questions.maxNewTokens()))
                    .with(
                            "strengths",
                            settings.strengths().stream()
                                    .map(Strength::toString)
                                    .toList())
                    .with("positions", positions())
                    .with("questions", asked);
            if (!beside.isEmpty()) {
                setup.with("steering", background.facts());
            }
            candidates.forEach(candidate -> setup.vector(candidate.method(), candidate.vector()));
            return new Swept(result, candidates, setup);
        }
    }

    // ---------------------------------------------------------------- what is tried

    /** The given vectors, at the requested layers; refuses a strength that one of them does not allow. */
    private Map<String, List<SteeringVector>> read() {
        Map<String, List<SteeringVector>> all = new LinkedHashMap<>();
        for (String name : settings.vectors()) {
            List<SteeringVector> kept = SettingOptions.atLayers(
                    name,
                    model.library().vectors(name, model.hints()),
                    settings.layers(),
                    model.blocks().orElse(MOST_LAYERS));
            kept.forEach(vector -> settings.strengths().forEach(strength -> strength.resolve(vector)));
            all.put(name, kept);
        }
        return all;
    }

    private static List<Candidate> candidates(
            LanguageModel loaded,
            ProgressLine progress,
            Map<String, List<SteeringVector>> read,
            Map<String, SteeringMethod> fits,
            List<Integer> wanted,
            Tokens where) {
        List<Candidate> candidates = new ArrayList<>();
        read.forEach((name, vectors) -> vectors.forEach(vector ->
                candidates.add(new Candidate(SettingOptions.nameOf(name), vector.requireFits(loaded, false), where))));
        candidates.addAll(Candidate.fitted(loaded, fits, wanted, where, progress));
        return candidates;
    }

    private List<Integer> layers(int nLayers, boolean all) {
        if (settings.layers().isEmpty()) {
            return all ? IntStream.range(0, nLayers).boxed().toList() : List.of(nLayers / 2 - 1);
        }
        return LayerList.of(settings.layers(), nLayers);
    }

    private ConceptPrompts prompts() {
        return new ConceptPrompts(
                positive != null ? positive : "The assistant should " + marked().ask() + ".",
                negative,
                prefixes == null ? List.of() : JsonLists.strings(prefixes));
    }

    // ---------------------------------------------------------------- what is asked and how it is scored

    private List<String> questions(Concept how) {
        if (how instanceof Concept.Choices items) {
            return List.copyOf(items.choices().keySet());
        }
        return questions.questions();
    }

    private Concept concept(Session session) {
        if (continuations != null) {
            return continuations(continuations);
        }
        if (choices != null) {
            return Concept.Choices.read(choices);
        }
        Optional<Concept> named =
                score.concept(session.variables(), () -> positive != null ? positive : marked().ask());
        if (named.isPresent()) {
            return named.get();
        }
        if (positive != null || (!settings.vectors().isEmpty() && style == null)) {
            throw Problem.of("There is no way to score the concept.")
                    .fact("expected", "--marker REGEX, --continuations FILE, --choices FILE or --judge MODEL")
                    .toIllegalArgument();
        }
        return new Concept.Marked(marked());
    }

    private StyleMarker marked() {
        return StyleMarker.embedded(style == null ? "pirate" : style);
    }

    private static Concept continuations(Path file) {
        try {
            JsonNode root = Json.file(file);
            return new Concept.Continuations(texts(root.path("target")), texts(root.path("neutral")));
        } catch (IOException e) {
            throw Problem.of("The continuations cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "{\"target\": [\"…\"], \"neutral\": [\"…\"]}")
                    .fact(
                            "cause",
                            e instanceof JsonProcessingException json ? ForeignJson.why(json) : ForeignFile.why(e))
                    .toException(e);
        }
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue)
                .toList();
    }
}
