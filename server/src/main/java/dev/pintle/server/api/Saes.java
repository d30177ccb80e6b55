package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.library.steer.Steering;
import dev.pintle.sae.SaeOrigin;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Reads;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Sparse autoencoders: what they are, which latents a text activates, and labels. */
public final class Saes {
    private static final int USUAL_TOP = 8;
    private static final int MOST_TOP = 100;
    private static final String EMBEDDED = "parley-7m-sae-l3";

    private final Library library;
    private final Models models;

    /** @param models whose autoencoders are used */
    public Saes(Library library, Models models) {
        this.library = library;
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/saes/{id}";
        routes.add("GET", path + "/saes", Scope.READ, "Autoencoders that are open, or embedded", this::list)
                .add("GET", one, Scope.READ, "What an autoencoder is", this::show)
                .add("POST", path + "/saes/open", Scope.MANAGE, "Opens an autoencoder of the cache", this::openNamed)
                .add("POST", one + "/encode", Scope.GENERATE, "Latents that a text activates, by token", this::encode);
    }

    /** The model that a request without a body is for: {@code ?model=}, or the only one. */
    ServedModel served(Call call) {
        return served(call.query("model").orElse(null));
    }

    /** @param named null for the only model */
    ServedModel served(@Nullable String named) {
        if (named != null) {
            return models.find(named).model();
        }
        List<ServedModel> all = models.all();
        if (all.size() != 1) {
            throw new FieldException("model", Problem.of("The request does not say which model it is for."));
        }
        return models.find(all.get(0).name()).model();
    }

    /** @throws HttpProblem 404 if there is none */
    static SparseAutoencoder open(ServedModel served, String name) {
        try {
            return served.sources().autoencoder(name);
        } catch (PintleException e) {
            throw HttpProblem.of(404, "sae_not_found", e.problem());
        }
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("saes");
        for (ServedModel served : models.all()) {
            List<String> open = served.sources().openAutoencoders();
            open.forEach(name -> data.add(json(name, served, open(served, name))));
            if (served.name().equals("parley-7m") && !open.contains(EMBEDDED)) {
                data.add(json(EMBEDDED, served, open(served, EMBEDDED)));
            }
        }
        call.reply(list);
    }

    /** What opening takes: an autoencoder of the cache, {@code org/name[@revision][:folder]}. */
    record Named(@Nullable String model, @Nullable String sae) {}

    private void openNamed(Call call) throws IOException {
        Named asked = JsonRecords.read(call.json(), Named.class, "");
        ServedModel served = served(asked.model());
        String name = asked.sae();
        if (name == null) {
            throw new FieldException("sae", Problem.of("The request does not say which autoencoder to open."));
        }
        SparseAutoencoder sae = open(served, name);
        Input.at("sae", () -> sae.requireFits(served.model(), false));
        call.reply(201, json(name, served, sae));
    }

    private static ObjectNode json(String name, ServedModel served, SparseAutoencoder sae) {
        SaeOrigin origin = sae.origin();
        ObjectNode json = Json.object()
                .put("id", name)
                .put("model", served.name())
                .put("format", origin.format())
                .put("at", sae.at() == null ? origin.site() : String.valueOf(sae.at()))
                .put("trained_on", origin.model())
                .put("d_model", sae.dModel())
                .put("d_sae", sae.dSae())
                .put("sparsity", sae.sparsity().toString());
        ArrayNode notes = json.putArray("notes");
        origin.notes().forEach(notes::add);
        return json;
    }

    private void show(Call call) throws IOException {
        ServedModel served = served(call);
        SparseAutoencoder sae = open(served, call.path("id"));
        ObjectNode json = json(call.path("id"), served, sae);
        json.put("labels", labels(sae).isPresent());
        json.put("normalisation", sae.normalisation().toString());
        json.put("usual_profile", Library.profileName(sae.origin().path()));
        ArrayNode profiles = json.putArray("profiles");
        for (String name : library.profileNames()) {
            try (LatentProfile profile = library.profile(name)) {
                if (profile.autoencoder().equals(sae.name()) && profile.dSae() == sae.dSae()) {
                    profiles.addObject().put("name", name).setAll((ObjectNode) JsonNumbers.tree(profile.summary()));
                }
            } catch (PintleException e) {
                profiles.addObject()
                        .put("name", name)
                        .put("problem", e.problem().sentence());
            }
        }
        call.reply(json);
    }

    /** The labels beside an autoencoder. */
    Optional<Labels> labels(SparseAutoencoder sae) {
        return library.labelsBeside(sae.origin().path());
    }

    /**
     * What {@code encode} takes.
     *
     * @param start whether the token that the texts of the autoencoder's training start with is put first where it is missing;
     *     by default before {@code text}
     * @param top latents per token
     * @param latents whose activations are told at every token, whether they are among the largest or not
     */
    record Encoded(
            @Nullable String model,
            @Nullable String text,
            @Nullable JsonNode messages,
            @Nullable JsonNode ids,
            @Nullable Boolean open,
            @Nullable Boolean start,
            @Nullable JsonNode steering,
            @Nullable Integer top,
            @Nullable List<Integer> latents) {}

    private void encode(Call call) throws IOException, InterruptedException {
        Encoded asked = JsonRecords.read(call.json(), Encoded.class, "");
        Models.Chosen chosen = models.find(asked.model());
        ServedModel served = chosen.model();
        SparseAutoencoder sae = open(served, call.path("id")).requireFits(served.model(), false);
        Input given =
                Input.of(served, asked.text(), asked.messages(), !Boolean.FALSE.equals(asked.open()), asked.ids());
        Input input = given.startedFor(sae, served, asked.start());
        Steering steering = Steered.of(chosen, asked.steering(), input, "steering");
        int top = top(asked.top());
        List<Integer> watched = watched(sae, asked.latents());
        ObjectNode json =
                Json.object().put("sae", call.path("id")).put("at", sae.place().toString());
        if (input.ids().length > given.ids().length) {
            json.put("prepended_token", served.model().tokenizer().decode(new int[] {input.ids()[0]}, false));
        }
        ArrayNode tokens = json.putArray("tokens");
        try (Reads.Turn turn = served.reads().begin();
                TensorScope scope = TensorScope.open("encode a text")) {
            Tensor activations = served.model()
                    .with(steering.interventions())
                    .run(TokenBatch.of(input.ids()), RunOptions.reading(sae.place()))
                    .row(sae.place(), 0); // [tokens, dModel]
            SparseLatents latents = sae.encodeTop(activations, top);
            float[][] values = values(sae, activations, watched);
            Tensor left = activations
                    .to(DType.FP32)
                    .minus(sae.reconstruct(activations))
                    .norm(-1, false);
            float[] leftOut = left.toFloats();
            float[] lengths = activations.to(DType.FP32).norm(-1, false).toFloats();
            for (int t = 0; t < latents.tokens(); t++) {
                ObjectNode token = tokens.addObject()
                        .put("id", input.ids()[t])
                        .put("text", served.model().tokenizer().decode(new int[] {input.ids()[t]}, false));
                JsonNumbers.put(token, "left_out", leftOut[t] / (double) lengths[t]);
                ArrayNode active = token.putArray("latents");
                for (int entry = 0; entry < latents.count(t); entry++) {
                    active.addArray().add(latents.latent(t, entry)).add(latents.activation(t, entry));
                }
                if (!watched.isEmpty()) {
                    ArrayNode of = token.putArray("values");
                    for (float value : values[t]) {
                        of.add(value);
                    }
                }
            }
        }
        labelled(json, sae, tokens);
        json.set("steering", JsonNumbers.tree(steering.facts(input.ids().length, input.ids().length)));
        call.reply(json);
    }

    private static List<Integer> watched(SparseAutoencoder sae, @Nullable List<Integer> asked) {
        List<Integer> latents = asked == null ? List.of() : asked;
        if (latents.size() > MOST_TOP) {
            throw new FieldException(
                    "latents",
                    Problem.of("There are too many latents.")
                            .fact("expected", "at most " + MOST_TOP)
                            .fact("but was", latents.size()));
        }
        latents.forEach(latent -> Input.at("latents", () -> {
            sae.requireLatent(latent);
            return latent;
        }));
        return latents;
    }

    /** The activations of some latents, token by token: `[tokens][latents]`. */
    private static float[][] values(SparseAutoencoder sae, Tensor activations, List<Integer> watched) {
        if (watched.isEmpty()) {
            return new float[0][];
        }
        SparseLatents all = sae.encodeActive(activations);
        float[][] values = new float[all.tokens()][watched.size()];
        for (int t = 0; t < all.tokens(); t++) {
            for (int entry = 0; entry < all.count(t); entry++) {
                int at = watched.indexOf(all.latent(t, entry));
                if (at >= 0) {
                    values[t][at] = all.activation(t, entry);
                }
            }
        }
        return values;
    }

    private static int top(@Nullable Integer asked) {
        return top(asked, "top");
    }

    /** A number of latents, within limits. */
    static int top(@Nullable Integer asked, String path) {
        int top = asked == null ? USUAL_TOP : asked;
        if (top < 1 || top > MOST_TOP) {
            throw new FieldException(
                    path,
                    Problem.of("The value is out of range.")
                            .fact("expected", "1 to " + MOST_TOP)
                            .fact("but was", top));
        }
        return top;
    }

    private void labelled(ObjectNode json, SparseAutoencoder sae, ArrayNode tokens) {
        Optional<Labels> labels = labels(sae);
        if (labels.isEmpty()) {
            return;
        }
        List<Integer> seen = new ArrayList<>();
        tokens.forEach(token ->
                token.path("latents").forEach(pair -> seen.add(pair.get(0).intValue())));
        ObjectNode texts = json.putObject("labels");
        Map<Integer, String> known =
                labels.get().lookup(seen.stream().distinct().toList()).labels();
        known.forEach((latent, label) -> texts.put(String.valueOf(latent), label));
    }
}
