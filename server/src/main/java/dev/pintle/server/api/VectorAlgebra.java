package dev.pintle.server.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.library.steer.VectorRef;
import dev.pintle.sae.profile.LatentEffects;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Vectors compared, combined, and unembedded. */
public final class VectorAlgebra {
    private static final int USUAL_TOKENS = 10;

    private final Library library;
    private final Models models;

    /** @param models whose unembedding is used */
    public VectorAlgebra(Library library, Models models) {
        this.library = library;
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("POST", path + "/vectors/compare", Scope.READ, "Cosines between vectors", this::compare)
                .add(
                        "POST",
                        path + "/vectors/combine",
                        Scope.MANAGE,
                        "Keeps a sum, a difference or a part",
                        this::combine)
                .add("POST", path + "/vectors/effects", Scope.GENERATE, "Tokens that a vector promotes", this::effects);
    }

    /** @throws HttpProblem 404 if there is none */
    private List<SteeringVector> read(String name) {
        VectorLibrary vectors = library.vectors();
        try {
            String hash =
                    name.startsWith(VectorRef.HASH) ? name.substring(VectorRef.HASH.length()) : vectors.hashOf(name);
            return VectorFiles.readAll(vectors.ofHash(hash), VectorHints.none());
        } catch (PintleException e) {
            throw HttpProblem.of(404, "vector_not_found", e.problem());
        }
    }

    // ---------------------------------------------------------------- comparison

    /**
     * What a comparison takes.
     *
     * @param vectors names or hashes
     * @param acrossLayers whether a vector of several layers stands for all of them
     * @param at the layer to take of each, instead
     */
    record Compared(
            @Nullable List<String> vectors,
            @JsonProperty("across_layers") @Nullable Boolean acrossLayers,
            @Nullable Integer at) {}

    private void compare(Call call) throws IOException {
        Compared asked = JsonRecords.read(call.json(), Compared.class, "");
        List<String> names = asked.vectors() == null ? List.of() : asked.vectors();
        List<String> labels = new ArrayList<>();
        List<SteeringVector> vectors = new ArrayList<>();
        for (String name : names) {
            List<SteeringVector> found = chosen(name, asked.at());
            if (found.size() > 1 && !Boolean.TRUE.equals(asked.acrossLayers())) {
                throw new FieldException(
                        "vectors",
                        Problem.of("A comparison needs vectors of one layer each.")
                                .fact("but was", name)
                                .fact("try", "at, a layer, or across_layers"));
            }
            for (SteeringVector vector : found) {
                labels.add(found.size() == 1 ? name : name + " " + vector.at());
                vectors.add(vector);
            }
        }
        if (vectors.size() < 2) {
            throw new FieldException("vectors", Problem.of("A comparison needs at least two vectors."));
        }
        ObjectNode json = Json.object();
        labels.forEach(json.putArray("vectors")::add);
        ArrayNode rows = json.putArray("cosines");
        for (double[] row : VectorComparison.cosines(
                vectors.stream().map(SteeringVector::direction).toList())) {
            ArrayNode cosines = rows.addArray();
            for (double cosine : row) {
                JsonNumbers.add(cosines, cosine);
            }
        }
        ArrayNode at = json.putArray("at");
        vectors.forEach(vector -> at.add(vector.at().toString()));
        if (vectors.size() == 2) {
            json.set(
                    "comparison",
                    JsonNumbers.tree(VectorComparison.of(
                            vectors.get(0).direction(), vectors.get(1).direction())));
        }
        call.reply(json);
    }

    private List<SteeringVector> chosen(String name, @Nullable Integer layer) {
        List<SteeringVector> found = read(name);
        if (layer == null || found.size() == 1) {
            return found;
        }
        List<SteeringVector> there =
                found.stream().filter(vector -> vector.at().layer() == layer).toList();
        if (there.isEmpty()) {
            throw new FieldException(
                    "at",
                    Problem.of("The vector has no such layer.")
                            .fact("vector", name)
                            .fact("has", found.stream().map(SteeringVector::at).toList())
                            .fact("but was", layer));
        }
        return there;
    }

    // ---------------------------------------------------------------- combination

    /** How two vectors are combined. */
    enum Op {
        PLUS,
        MINUS,
        WITHOUT,
        PROJECTED_ONTO;

        static Op parse(@Nullable String word) {
            for (Op op : values()) {
                if (op.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(word)) {
                    return op;
                }
            }
            throw new FieldException(
                    "op",
                    Problem.of("Vectors cannot be combined like that.")
                            .fact("choose", "plus, minus, without, projected-onto")
                            .fact("but was", word));
        }

        SteeringVector of(SteeringVector a, SteeringVector b) {
            return switch (this) {
                case PLUS -> a.plus(b);
                case MINUS -> a.minus(b);
                case WITHOUT -> a.without(b);
                case PROJECTED_ONTO -> a.projectedOnto(b);
            };
        }
    }

    /**
     * What a combination takes.
     *
     * @param a a name or hash
     * @param b another; layers that both have are combined
     * @param unit whether the result is scaled to length 1; true where absent
     * @param name to keep it under
     */
    record Combined(
            @Nullable String a,
            @Nullable String op,
            @Nullable String b,
            @Nullable Boolean unit,
            @Nullable String name) {}

    private void combine(Call call) throws IOException {
        Combined asked = JsonRecords.read(call.json(), Combined.class, "");
        if (asked.a() == null || asked.b() == null) {
            throw new FieldException(asked.a() == null ? "a" : "b", Problem.of("A combination needs two vectors."));
        }
        Op op = Op.parse(asked.op());
        List<SteeringVector> made = new ArrayList<>();
        List<SteeringVector> others = read(asked.b());
        for (SteeringVector one : read(asked.a())) {
            for (SteeringVector other : others) {
                if (one.at().equals(other.at())) {
                    SteeringVector result = Input.at("b", () -> op.of(one, other));
                    made.add(Boolean.FALSE.equals(asked.unit()) ? result : unit(result, op));
                }
            }
        }
        if (made.isEmpty()) {
            List<HookPoint> places = others.stream().map(SteeringVector::at).toList();
            throw new FieldException(
                    "b",
                    Problem.of("The vectors have no hook point in common.")
                            .fact(
                                    "a",
                                    read(asked.a()).stream()
                                            .map(SteeringVector::at)
                                            .toList())
                            .fact("b", places));
        }
        ObjectNode json = Json.object();
        String name = asked.name();
        if (name != null) {
            Input.at("name", () -> library.keep(name, made, false));
        }
        json.put("vector", library.vectors().keep(made)).put("name", name);
        ArrayNode layers = json.putArray("layers");
        made.forEach(vector -> layers.addObject()
                .put("at", vector.at().toString())
                .put("norm", vector.direction().norm()));
        call.reply(201, json);
    }

    private static SteeringVector unit(SteeringVector vector, Op op) {
        if (vector.direction().norm() == 0) {
            throw new FieldException(
                    "b",
                    Problem.of("Nothing is left of the vector.")
                            .fact("at", vector.at())
                            .fact("op", op.name().toLowerCase(Locale.ROOT).replace('_', '-')));
        }
        return vector.unit();
    }

    // ---------------------------------------------------------------- effects

    /**
     * What effects take.
     *
     * @param vector a name or hash
     * @param at the layer to take, where there are several
     * @param top tokens of each kind, 10 where absent
     */
    record Promoted(
            @Nullable String model,
            @Nullable String vector,
            @Nullable Integer at,
            @Nullable Integer top) {}

    private void effects(Call call) throws IOException {
        Promoted asked = JsonRecords.read(call.json(), Promoted.class, "");
        ServedModel served = models.find(asked.model()).model();
        if (asked.vector() == null) {
            throw new FieldException("vector", Problem.of("vector is missing."));
        }
        int top = asked.top() == null ? USUAL_TOKENS : Saes.top(asked.top(), "top");
        ArrayNode all = Json.array();
        for (SteeringVector vector : chosen(asked.vector(), asked.at())) {
            Input.at("vector", () -> vector.requireFits(served.model(), false));
            LatentEffects effects = LatentEffects.of(served.model(), vector.direction(), top);
            ObjectNode one = all.addObject().put("at", vector.at().toString());
            one.set("promoted", JsonNumbers.tree(effects.promoted()));
            one.set("suppressed", JsonNumbers.tree(effects.suppressed()));
        }
        ObjectNode json = Json.object().put("vector", asked.vector());
        json.set("effects", all);
        call.reply(json);
    }
}
