package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.sae.LatentVectors;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.profile.LatentEffects;
import dev.pintle.sae.profile.LatentFacts;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.SteeringVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The latents of an autoencoder: searched, sorted and filtered, and what is known of each. None of it runs the model, so it does
 * not wait for a job's turn.
 */
public final class Latents {
    private static final int USUAL_LIMIT = 50;
    private static final int MOST_LIMIT = 1000;
    private static final Pattern OF_LATENT = Pattern.compile("latent:(.+):(\\d{1,9})");

    private final Library library;
    private final Saes saes;
    private final LatentTables tables;

    /** @param models whose autoencoders are used */
    public Latents(Library library, Models models) {
        this.library = library;
        this.saes = new Saes(library, models);
        this.tables = new LatentTables(library);
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String latents = path + "/saes/{id}/latents";
        routes.add(
                        "GET",
                        latents,
                        Scope.READ,
                        "Latents; ?query= words of labels, ?profile=, ?sort=, ?cosine_to=, ?dead=, ?special=, ?limit=",
                        this::list)
                .add(
                        "GET",
                        latents + "/{n}",
                        Scope.READ,
                        "A latent: labels; ?profile= its facts, ?effects=true what it promotes",
                        this::show)
                .add(
                        "POST",
                        latents + "/{n}/vector",
                        Scope.MANAGE,
                        "Keeps a latent's direction as a vector",
                        this::keep);
    }

    // ---------------------------------------------------------------- many

    private void list(Call call) throws IOException {
        ServedModel served = saes.served(call);
        SparseAutoencoder sae = Saes.open(served, call.path("id"));
        LatentTables.Asked asked = new LatentTables.Asked(
                call.query("query").orElse(""),
                call.query("profile"),
                Input.at(
                        "sort", () -> LatentTables.Sort.parse(call.query("sort").orElse("latent"))),
                flag(call, "ascending", null),
                call.query("cosine_to").map(name -> direction(served, sae, name)),
                flag(call, "dead", null),
                flag(call, "special", null),
                numbers(call.query("latents").orElse(""), sae));
        int offset = number(call.query("offset").orElse("0"), "offset");
        int limit = Math.min(MOST_LIMIT, number(call.query("limit").orElse("" + USUAL_LIMIT), "limit"));
        List<LatentTables.Row> rows = tables.rows(served, sae, asked);
        Optional<Labels> labels = saes.labels(sae);
        ObjectNode json = Json.object();
        json.put("source", labels.isPresent() ? "beside the autoencoder" : "none");
        json.put("total", rows.size());
        ArrayNode found = json.putArray("latents");
        for (LatentTables.Row row :
                rows.subList(Math.min(offset, rows.size()), Math.min(offset + limit, rows.size()))) {
            ObjectNode one = found.addObject().put("latent", row.latent());
            if (!row.label().isEmpty()) {
                one.put("label", row.label());
            }
            LatentProfile.Row facts = row.facts();
            if (facts != null) {
                one.put("auto_label", facts.label());
                one.put("fires", facts.fires());
                JsonNumbers.put(one, "density", facts.density());
                JsonNumbers.put(one, "mean", facts.mean());
                JsonNumbers.put(one, "max", facts.max());
                one.put("token", facts.token());
            }
            if (asked.direction().isPresent()) {
                JsonNumbers.put(one, "cosine", row.cosine());
            }
        }
        call.reply(json);
    }

    private static @Nullable Boolean flag(Call call, String name, @Nullable Boolean usual) {
        Optional<String> given = call.query(name);
        if (given.isEmpty()) {
            return usual;
        }
        if (!given.get().equals("true") && !given.get().equals("false")) {
            throw new FieldException(
                    name,
                    Problem.of("There is no such choice.")
                            .fact("choose", "true, false")
                            .fact("but was", given.get()));
        }
        return given.get().equals("true");
    }

    /** What to compare decoder rows with: a vector at the autoencoder's hook point, or a latent of this or another one. */
    private static SteeringVector direction(ServedModel served, SparseAutoencoder sae, String name) {
        Matcher latent = OF_LATENT.matcher(name);
        if (latent.matches()) {
            SparseAutoencoder other = Saes.open(served, latent.group(1));
            return Input.at("cosine_to", () -> {
                SteeringVector row = LatentVectors.unit(other, Integer.parseInt(latent.group(2)), served.model());
                sae.requireFits(row, false);
                return row;
            });
        }
        return Input.at("cosine_to", () -> {
            List<SteeringVector> found = served.sources().vectors(name);
            SteeringVector vector = found.stream()
                    .filter(one -> one.at().equals(sae.place()))
                    .findFirst()
                    .orElse(found.get(0));
            sae.requireFits(vector, false);
            return vector;
        });
    }

    private static List<Integer> numbers(String text, SparseAutoencoder sae) {
        List<Integer> numbers = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            if (!part.isBlank()) {
                int latent = number(part.strip(), "latents");
                Input.at("latents", () -> {
                    sae.requireLatent(latent);
                    return latent;
                });
                numbers.add(latent);
            }
        }
        return numbers;
    }

    private static int number(String text, String field) {
        if (!text.matches("\\d{1,9}")) {
            throw new FieldException(
                    field,
                    Problem.of("A number was expected.")
                            .fact("expected", "0 or more")
                            .fact("but was", text));
        }
        return Integer.parseInt(text);
    }

    // ---------------------------------------------------------------- one

    private void show(Call call) throws IOException {
        ServedModel served = saes.served(call);
        SparseAutoencoder sae = Saes.open(served, call.path("id"));
        int latent = latent(call, sae);
        Optional<Labels> beside = saes.labels(sae);
        ObjectNode json = Json.object().put("latent", latent);
        json.put(
                "label",
                beside.map(source -> source.lookup(List.of(latent)).labelOrAbsence(latent))
                        .orElse("(no labels)"));
        ArrayNode labels = json.putArray("labels");
        beside.ifPresent(
                source -> put(labels, source.lookup(List.of(latent)).labels().get(latent), "labels.jsonl"));
        json.put("decoder_norm", sae.decoderRow(latent).norm());
        List<LatentFacts.Neighbour> nearest = List.of();
        Optional<String> profile = call.query("profile");
        if (profile.isPresent()) {
            try (LatentProfile open = library.profile(profile.get())) {
                LatentFacts facts = open.latent(latent);
                json.put("profile", profile.get());
                json.set("facts", JsonNumbers.tree(facts));
                json.set("profiled", JsonNumbers.tree(open.summary()));
                put(labels, facts.label(), (facts.explained() ? "a model, " : "") + "profile:" + profile.get());
                nearest = facts.nearest();
            }
        }
        if (call.query("effects").orElse("false").equals("true")) {
            LatentEffects effects = LatentEffects.of(served.model(), sae, latent);
            json.set("effects", JsonNumbers.tree(effects));
            nearest = effects.nearest();
        }
        List<Integer> near = nearest.stream().map(LatentFacts.Neighbour::latent).toList();
        json.set(
                "nearest_labels",
                JsonNumbers.tree(
                        beside.map(source -> source.lookup(near).labels()).orElse(Map.of())));
        call.reply(json);
    }

    private static void put(ArrayNode labels, @Nullable String label, String source) {
        if (label != null && !label.isEmpty()) {
            labels.addObject().put("label", label).put("source", source);
        }
    }

    private static int latent(Call call, SparseAutoencoder sae) {
        int latent = number(call.path("n"), "n");
        sae.requireLatent(latent);
        return latent;
    }

    /**
     * What keeping a latent takes.
     *
     * @param raw whether the row as stored is kept, so that strength 1 adds 1 to the latent, instead of one of length 1
     * @param name to keep it under
     */
    record Kept(
            @Nullable String model,
            @Nullable Boolean raw,
            @Nullable String name) {}

    private void keep(Call call) throws IOException {
        Kept asked = JsonRecords.read(call.json(), Kept.class, "");
        ServedModel served = saes.served(asked.model());
        SparseAutoencoder sae = Saes.open(served, call.path("id"));
        int latent = latent(call, sae);
        SteeringVector vector = Boolean.TRUE.equals(asked.raw())
                ? LatentVectors.raw(sae, latent, served.model())
                : LatentVectors.unit(sae, latent, served.model());
        Map<String, Object> kept = new LinkedHashMap<>();
        String name = asked.name();
        if (name != null) {
            Input.at("name", () -> library.keep(name, List.of(vector), false));
        }
        kept.put("vector", library.vectors().keep(List.of(vector)));
        if (name != null) {
            kept.put("name", name);
        }
        call.reply(201, kept);
    }
}
