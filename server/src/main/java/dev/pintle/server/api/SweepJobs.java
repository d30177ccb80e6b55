package dev.pintle.server.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.ConceptPrompts;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepJson;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.library.Library;
import dev.pintle.library.steer.Steering;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.study.StudyPresets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Sweeps over methods, layers and strengths as jobs, and tuning, which keeps the vector of the best setting. */
public final class SweepJobs {
    private static final int USUAL_LENGTH = 40;
    private static final String USUAL_STYLE = "pirate";

    private final Library library;
    private final Models models;
    private final Jobs jobs;

    /** @param jobs runs them */
    public SweepJobs(Library library, Models models, Jobs jobs) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add(
                        "POST",
                        path + "/vectors/sweep",
                        Scope.MANAGE,
                        "Tries vectors at rising strengths and scores the answers, as a job",
                        this::sweep)
                .add(
                        "POST",
                        path + "/vectors/tune",
                        Scope.MANAGE,
                        "Finds layer and strength for a concept and keeps the vector, as a job",
                        this::tune);
    }

    /**
     * What both take: the settings of {@code pintle sweep} and {@code tune}.
     *
     * @param vectors names of vectors to try, instead of fitting any
     * @param methods to fit with
     * @param layers to fit and steer, or to take of the named vectors
     * @param strengths all in activation norms, or all factors such as {@code "2abs"}
     * @param positions tokens to steer, as on the command line
     * @param style of the embedded model; sets prompts and marker
     * @param positive system prompt that elicits the concept
     * @param prefixes of answers, for methods that read them
     * @param questions user turns
     * @param marker regular expression that is found in answers that show the concept
     * @param continuations instead: scores by log-probability
     * @param choices instead: multiple-choice items, whose questions are asked
     * @param steering acts in every setting
     * @param fresh whether to compute again what an earlier sweep with these settings has
     */
    record Asked(
            @Nullable String model,
            @Nullable List<String> vectors,
            @Nullable List<String> methods,
            @Nullable List<Integer> layers,
            @Nullable List<Strength> strengths,
            @Nullable String positions,
            @Nullable String style,
            @Nullable String positive,
            @Nullable String negative,
            @Nullable List<String> prefixes,
            @Nullable List<String> questions,
            @JsonProperty("max_new_tokens") @Nullable Integer maxNewTokens,
            @Nullable String marker,
            @Nullable Continuations continuations,
            @Nullable List<Choice> choices,
            @Nullable JsonNode steering,
            @Nullable Boolean fresh) {
        boolean fits() {
            return vectors == null || vectors.isEmpty() || methods != null;
        }
    }

    /** Answers that show the concept, and others. */
    record Continuations(
            @Nullable List<String> target, @Nullable List<String> neutral) {
        Concept.Continuations concept() {
            return new Concept.Continuations(
                    target == null ? List.of() : target, neutral == null ? List.of() : neutral);
        }
    }

    /** A multiple-choice item, as data sets have them. */
    record Choice(
            @Nullable String question,

            @JsonProperty("answer_matching_behavior") @Nullable
            String matching,

            @JsonProperty("answer_not_matching_behavior") @Nullable
            String other) {
        Choice {
            if (question == null || matching == null || other == null) {
                throw new FieldException(
                        question == null ? "question" : "answer_matching_behavior",
                        Problem.of("An item needs a question and two answers."));
            }
        }
    }

    /** A sweep with everything found. */
    private record Plan(
            ServedModel served,
            List<Candidate> given,
            Map<String, SteeringMethod> methods,
            List<Integer> layers,
            List<Strength> strengths,
            Tokens tokens,
            List<String> questions,
            Concept concept,
            int maxNewTokens,
            Steering background,
            boolean fresh) {}

    /** What a sweep found, and what it tried. */
    private record Swept(SweepResult result, List<Candidate> tried) {}

    private void sweep(Call call) throws IOException {
        JsonNode body = call.json();
        Asked asked = JsonRecords.read(body, Asked.class, "");
        Plan plan = plan(asked, List.of("last-position", "after-last-difference", "all-positions"), false);
        Jobs.Job job = jobs.start(
                "sweep",
                plan.served(),
                progress ->
                        JsonNumbers.tree(SweepJson.fields(swept(plan, progress).result())));
        call.reply(202, job.asked("/vectors/sweep", body).json());
    }

    private void tune(Call call) throws IOException {
        JsonNode body = call.json();
        JsonNode whole = body.deepCopy();
        JsonNode named = body instanceof ObjectNode fields ? fields.remove("name") : null; // which a sweep has not
        if (named != null && !named.isTextual() && !named.isNull()) {
            throw JsonRecords.wrong("name", "a text", named);
        }
        String name = named == null ? null : named.textValue();
        if (name != null) {
            at("name", () -> {
                library.vectors().requireName(name, true);
                return name;
            });
        }
        Asked asked = JsonRecords.read(body, Asked.class, "");
        Plan plan = plan(asked, List.of("after-last-difference"), true);
        Jobs.Job job = jobs.start("tune", plan.served(), progress -> {
            Swept swept = swept(plan, progress);
            ObjectNode json = (ObjectNode) JsonNumbers.tree(SweepJson.fields(swept.result()));
            swept.result().proposal().ifPresent(proposal -> {
                Candidate best = Candidate.of(proposal.point(), swept.tried());
                String kept = kept(asked, plan, best, name);
                json.put("vector", kept);
                json.set("steering", steering(asked, kept, proposal.point(), best));
            });
            return json;
        });
        call.reply(202, job.asked("/vectors/tune", whole).json());
    }

    /** The name of the proposed vector, which is kept unless it has one. */
    private String kept(Asked asked, Plan plan, Candidate best, @Nullable String name) {
        if (name != null) {
            library.keep(name, List.of(best.vector()), false);
            return name;
        }
        if (plan.given().contains(best)) {
            return best.method();
        }
        String word = asked.style() != null ? asked.style() : asked.positive() == null ? USUAL_STYLE : best.method();
        return library.keepNumbered(word + "-tuned", best.vector());
    }

    /** What a request asks for to be steered like the proposed setting. */
    private static JsonNode steering(Asked asked, String vector, SweepPoint point, Candidate best) {
        ObjectNode entry = Json.object().put("vector", vector);
        entry.put("at", best.vector().at().layer());
        entry.put("strength", new Strength(point.strength(), point.unit()).toString());
        if (asked.positions() != null) {
            entry.put("positions", asked.positions());
        }
        return Json.array().add(entry);
    }

    private Swept swept(Plan plan, Progress progress) {
        List<Map<String, Object>> facts = plan.background().facts();
        Sweep sweep = new Sweep(
                plan.served().model().with(plan.background().interventions()),
                facts.isEmpty() ? "" : Json.line(facts),
                plan.questions(),
                plan.concept(),
                plan.maxNewTokens());
        Path file = sweep.fileIn(library.sweeps());
        if (plan.fresh()) {
            Sweep.setAside(file);
        }
        List<Candidate> tried = new ArrayList<>(plan.given());
        tried.addAll(Candidate.fitted(plan.served().model(), plan.methods(), plan.layers(), plan.tokens(), progress));
        SweepResult result = sweep.run(tried, plan.strengths(), file, (done, total) -> {
            progress.at("answering", done, total);
            return true;
        });
        return new Swept(result, tried);
    }

    // ---------------------------------------------------------------- what is asked for

    private Plan plan(Asked asked, List<String> usualMethods, boolean allLayers) {
        Models.Chosen chosen = models.find(asked.model());
        ServedModel served = chosen.model();
        requireEffects(asked);
        int blocks = served.model().config().nLayers();
        List<Integer> layers = asked.layers() != null
                ? asked.layers()
                : allLayers ? IntStream.range(0, blocks).boxed().toList() : List.of(blocks / 2 - 1);
        FitJobs.requireLayers(layers, blocks);
        List<Strength> strengths = asked.strengths() == null ? Sweep.USUAL_STRENGTHS : asked.strengths();
        at("strengths", () -> {
            Sweep.requireOneUnit(strengths);
            return strengths;
        });
        Tokens tokens = at("positions", () -> Tokens.parse(asked.positions() == null ? "all" : asked.positions()));
        Concept concept = concept(asked);
        return new Plan(
                served,
                given(asked, served, strengths, tokens),
                methods(asked, usualMethods),
                layers,
                strengths,
                tokens,
                questions(asked, concept),
                concept,
                length(asked.maxNewTokens()),
                background(chosen, asked),
                Boolean.TRUE.equals(asked.fresh()));
    }

    private static int length(@Nullable Integer most) {
        if (most != null && most < 1) {
            throw new FieldException(
                    "max_new_tokens",
                    Problem.of("An answer needs at least one token.").fact("but was", most));
        }
        return most == null ? USUAL_LENGTH : most;
    }

    private static Steering background(Models.Chosen chosen, Asked asked) {
        SteeringSpec spec = asked.steering() == null
                ? chosen.presetSteering("steering")
                : SteeringSpec.of(asked.steering(), "steering");
        return spec.resolve(chosen.model().sources(), chosen.model().model(), null, "steering");
    }

    private static List<Candidate> given(Asked asked, ServedModel served, List<Strength> strengths, Tokens tokens) {
        List<Candidate> given = new ArrayList<>();
        List<String> names = asked.vectors() == null ? List.of() : asked.vectors();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            List<SteeringVector> found = at(
                            "vectors[" + i + "]", () -> served.sources().vectors(name))
                    .stream()
                    .filter(vector -> asked.layers() == null
                            || asked.layers().contains(vector.at().layer()))
                    .toList();
            if (found.isEmpty()) {
                throw new FieldException("vectors[" + i + "]", Problem.of("The vector has none of these layers."));
            }
            for (SteeringVector vector : found) {
                strengths.forEach(strength -> strength.resolve(vector));
                given.add(new Candidate(name, vector.requireFits(served.model(), false), tokens));
            }
        }
        return given;
    }

    private static Map<String, SteeringMethod> methods(Asked asked, List<String> usual) {
        Map<String, SteeringMethod> methods = new LinkedHashMap<>();
        if (asked.fits()) {
            ConceptPrompts prompts = new ConceptPrompts(
                    asked.positive() != null
                            ? asked.positive()
                            : "The assistant should " + style(asked).ask() + ".",
                    asked.negative() == null ? ConceptPrompts.NEUTRAL : asked.negative(),
                    asked.prefixes() == null ? List.of() : asked.prefixes());
            for (String name : asked.methods() == null ? usual : asked.methods()) {
                methods.put(name, at("methods", () -> prompts.method(name)));
            }
        }
        return methods;
    }

    private static StyleMarker style(Asked asked) {
        return at("style", () -> StyleMarker.embedded(asked.style() == null ? USUAL_STYLE : asked.style()));
    }

    private static List<String> questions(Asked asked, Concept concept) {
        if (concept instanceof Concept.Choices items) {
            return List.copyOf(items.choices().keySet());
        }
        List<String> own = asked.questions();
        return own == null || own.isEmpty() ? StudyPresets.embeddedQuestions() : own;
    }

    private static Concept concept(Asked asked) {
        if (asked.continuations() != null) {
            return at("continuations", asked.continuations()::concept);
        }
        if (asked.choices() != null) {
            Map<String, Concept.Choices.Choice> choices = new LinkedHashMap<>();
            for (Choice item : asked.choices()) {
                choices.put(
                        String.valueOf(item.question()),
                        new Concept.Choices.Choice(
                                String.valueOf(item.matching()).strip(),
                                String.valueOf(item.other()).strip()));
            }
            return new Concept.Choices(choices);
        }
        if (asked.marker() != null) {
            return new Concept.Marked(
                    new StyleMarker("given", "", at("marker", () -> Pattern.compile(asked.marker()))));
        }
        return new Concept.Marked(style(asked));
    }

    /** Refuses fields that would have no effect. */
    private static void requireEffects(Asked asked) {
        boolean scored = asked.marker() != null || asked.continuations() != null || asked.choices() != null;
        List<Object> scores = new ArrayList<>();
        for (Object one : new @Nullable Object[] {asked.marker(), asked.continuations(), asked.choices()}) {
            if (one != null) {
                scores.add(one);
            }
        }
        require(scores.size() < 2, "marker", "one of marker, continuations and choices");
        require(
                asked.questions() == null || asked.choices() == null,
                "questions",
                "no choices, whose questions are asked");
        require(
                asked.style() == null || asked.positive() == null,
                "style",
                "no positive: a style comes with a system prompt");
        require(
                scored
                        || asked.style() != null
                        || (asked.positive() == null && asked.fits() && asked.vectors() == null),
                "marker",
                "marker, continuations or choices: there is no other way to score the concept");
        String fitting = "vectors to fit: no vectors, or methods beside them";
        require(asked.negative() == null || asked.fits(), "negative", fitting);
        require(asked.positive() == null || asked.fits(), "positive", fitting);
        require(
                asked.style() == null || asked.fits() || !scored,
                "style",
                "vectors to fit, or a concept to score by it");
        require(asked.prefixes() == null || asked.fits(), "prefixes", fitting);
    }

    private static void require(boolean holds, String field, String expected) {
        if (!holds) {
            throw new FieldException(
                    field, Problem.of("The fields do not go together.").fact("expected", expected));
        }
    }

    private static <T> T at(String field, Supplier<T> part) {
        return Input.at(field, part);
    }
}
