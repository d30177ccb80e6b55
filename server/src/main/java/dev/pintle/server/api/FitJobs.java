package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.DataLayout;
import dev.pintle.steering.FitPlan;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFit;
import dev.pintle.steering.files.VectorJson;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fitting vectors as a job, and what a fit would read. */
public final class FitJobs {
    private static final int MOST_SHOWN = 200;
    private static final List<String> FORMATS = List.of("csv", "json", "jsonl", "tsv");

    private final Library library;
    private final Models models;
    private final Jobs jobs;

    /** @param jobs runs them */
    public FitJobs(Library library, Models models, Jobs jobs) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("POST", path + "/vectors/fit", Scope.MANAGE, "Fits vectors, as a job", this::fit)
                .add(
                        "POST",
                        path + "/vectors/fit/preview",
                        Scope.READ,
                        "Tokens and positions that a fit would read; runs nothing",
                        this::preview);
    }

    /**
     * What a fit takes.
     *
     * @param positive with {@code negative}: two system prompts
     * @param pairs instead: texts, or conversations with their last message open
     * @param data instead: the content of a file, as the command reads them
     * @param method as on the command line; the one for two system prompts, or for pairs, where absent
     * @param layers the layers to read; the middle one where absent
     * @param name to keep the vectors under; only their hash where absent
     */
    record Fit(
            @Nullable String model,
            @Nullable String positive,
            @Nullable String negative,
            @Nullable List<Pair> pairs,
            @Nullable Data data,
            @Nullable String method,
            @Nullable String positions,
            @Nullable String aggregation,
            @Nullable List<Integer> layers,
            @Nullable String name) {}

    /** Two texts. */
    record Pair(@Nullable String positive, @Nullable String negative) {
        Pair {
            if (positive == null || negative == null) {
                throw new FieldException(
                        positive == null ? "positive" : "negative", Problem.of("A pair needs two texts."));
            }
        }
    }

    /**
     * The content of a file.
     *
     * @param text as it would stand in the file
     * @param format csv, json, jsonl or tsv
     * @param holds {@code pairs}, or {@code answers}: multiple-choice items
     */
    record Data(
            @Nullable String text,
            @Nullable String format,
            @Nullable String holds) {
        Data {
            if (format == null) {
                throw new FieldException(
                        "format", Problem.of("format is missing.").fact("choose", String.join(", ", FORMATS)));
            }
            FieldException.requireChoice("format", format, FORMATS);
            FieldException.requireChoice("holds", holds, List.of("pairs", "answers"));
            if (text == null) {
                throw new FieldException("text", Problem.of("The data is missing."));
            }
        }

        boolean holdsAnswers() {
            return "answers".equals(holds);
        }

        List<ContrastPair> read() {
            try {
                Path file = Files.createTempFile("pintle-data", "." + format);
                try {
                    Files.writeString(file, String.valueOf(text));
                    ContrastData data = ContrastData.open(file, DataLayout.USUAL);
                    return (holdsAnswers() ? data.answers() : data.pairs())
                            .stream()
                                    .map(pair -> pair.labelled(pair.label()
                                            .replace(file.toString(), "data")
                                            .replace(String.valueOf(file.getFileName()), "data")))
                                    .toList();
                } catch (PintleException e) {
                    throw new FieldException("data.text", Vectors.withoutPath(e.problem()), e);
                } finally {
                    Files.deleteIfExists(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void fit(Call call) throws IOException {
        JsonNode body = call.json();
        Fit asked = JsonRecords.read(body, Fit.class, "");
        ServedModel served = models.find(asked.model()).model();
        SteeringMethod method = method(asked);
        List<HookPoint> points = points(served, asked.layers());
        String name = asked.name();
        if (name != null) {
            library.vectors().requireName(name, true);
        }
        Jobs.Job job = jobs.start("fit", served, progress -> {
            FitResult fitted = VectorFit.of(served.model(), method)
                    .at(points)
                    .listening(progress)
                    .run();
            return kept(fitted, name);
        });
        call.reply(202, job.asked("/vectors/fit", body).json());
    }

    private void preview(Call call) throws IOException {
        Fit asked = JsonRecords.read(call.json(), Fit.class, "");
        ServedModel served = models.find(asked.model()).model();
        SteeringMethod method = method(asked);
        FitPlan plan = FitPlan.of(served.model().text(), method);
        ObjectNode json = Json.object()
                .put("method", method.name())
                .put("positions", method.positionsName())
                .put("aggregation", method.aggregation().name())
                .put("settings", method.settings());
        ArrayNode layers = json.putArray("layers");
        points(served, asked.layers()).forEach(point -> layers.add(point.layer()));
        json.put("total", plan.rows().size());
        json.put(
                "tokens_read",
                plan.rows().stream()
                        .mapToInt(row ->
                                row.positive().at().length + row.negative().at().length)
                        .sum());
        json.put(
                "unusable",
                plan.rows().stream()
                        .filter(row -> row.readsTheSame() || !row.problem().isEmpty())
                        .count());
        ArrayNode pairs = json.putArray("pairs");
        for (FitPlan.Row row :
                plan.rows().subList(0, Math.min(MOST_SHOWN, plan.rows().size()))) {
            ObjectNode pair = pairs.addObject()
                    .put("first_difference", row.firstDifference())
                    .put("equal_tail", row.equalTail())
                    .put("reads_the_same", row.readsTheSame());
            if (!row.problem().isEmpty()) {
                pair.put("problem", row.problem());
            }
            pair.set("positive", side(row.positive()));
            pair.set("negative", side(row.negative()));
        }
        call.reply(json);
    }

    private static ObjectNode side(FitPlan.Side side) {
        TokenizedPrompt prompt = side.prompt();
        ObjectNode json = Json.object();
        ArrayNode tokens = json.putArray("tokens");
        for (int i = 0; i < prompt.length(); i++) {
            tokens.addObject().put("id", prompt.id(i)).put("text", prompt.text(i));
        }
        ArrayNode at = json.putArray("at");
        Arrays.stream(side.at()).forEach(at::add);
        return json;
    }

    private JsonNode kept(FitResult fitted, @Nullable String name) {
        List<SteeringVector> vectors = new ArrayList<>(fitted.vectors().values());
        String hash = library.vectors().keep(vectors);
        if (name != null) {
            library.vectors().assign(name, hash);
        }
        ObjectNode json = Json.object().put("vector", hash).put("name", name);
        ArrayNode layers = json.putArray("layers");
        for (SteeringVector vector : vectors) {
            ObjectNode one =
                    layers.addObject().put("at", vector.at().toString()).put("sha256", vector.hash());
            JsonNumbers.put(one, "mean_activation_norm", vector.origin().meanActivationNorm());
            JsonNumbers.put(
                    one,
                    "split_half_cosine",
                    vector.origin().measures().stability().splitHalfCosine());
        }
        json.set("reading", JsonNumbers.tree(VectorJson.of(fitted.report())));
        return json;
    }

    private static SteeringMethod method(Fit asked) {
        boolean prompts = asked.positive() != null && asked.negative() != null;
        List<Pair> given = asked.pairs() == null ? List.of() : asked.pairs();
        if ((prompts ? 1 : 0) + (given.isEmpty() ? 0 : 1) + (asked.data() == null ? 0 : 1) != 1) {
            throw new FieldException(
                    "pairs",
                    Problem.of("A fit needs one source of contrastive data.")
                            .fact("expected", "positive and negative, two system prompts, or pairs, or data"));
        }
        List<ContrastPair> pairs = prompts
                ? List.of(ContrastPair.ofSystemPrompts(
                        String.valueOf(asked.positive()), String.valueOf(asked.negative())))
                : asked.data() != null
                        ? asked.data().read()
                        : given.stream()
                                .map(pair -> ContrastPair.ofTexts(
                                        String.valueOf(pair.positive()), String.valueOf(pair.negative())))
                                .toList();
        Positions positions = asked.positions() == null ? null : Positions.parse(asked.positions());
        boolean answers = asked.data() != null && asked.data().holdsAnswers();
        String usual = positions != null || answers
                ? "contrast"
                : prompts || pairs.size() == 1 ? "after-last-difference" : "last-position";
        String name = asked.method() == null ? usual : asked.method();
        if (answers && positions == null && name.equals("contrast")) {
            positions = Input.at("data", () -> ContrastData.usualPositions(pairs));
        }
        return SteeringMethod.of(
                name, pairs, positions, Aggregation.parse(asked.aggregation() == null ? "mean" : asked.aggregation()));
    }

    private static List<HookPoint> points(ServedModel served, @Nullable List<Integer> layers) {
        int blocks = served.model().config().nLayers();
        List<Integer> chosen = layers == null || layers.isEmpty() ? List.of(blocks / 2) : layers;
        requireLayers(chosen, blocks);
        return chosen.stream().map(HookPoint::residPost).toList();
    }

    /** @throws FieldException if one of them is not there */
    static void requireLayers(List<Integer> layers, int blocks) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) < 0 || layers.get(i) >= blocks) {
                throw new FieldException(
                        "layers[" + i + "]",
                        Problem.of("The model has no such layer.")
                                .fact("expected", "0 to " + (blocks - 1))
                                .fact("but was", layers.get(i)));
            }
        }
    }
}
