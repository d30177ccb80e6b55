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
    private static final int MOST_FOUND = 50;
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
                .add("GET", one + "/latents", Scope.READ, "Latents whose label has words; ?query=", this::search)
                .add(
                        "GET",
                        one + "/latents/{n}",
                        Scope.READ,
                        "A latent: label and, with ?profile=, its facts",
                        this::latent)
                .add("POST", one + "/encode", Scope.GENERATE, "Latents that a text activates, by token", this::encode);
    }

    private ServedModel served(Call call) {
        Optional<String> named = call.query("model");
        if (named.isPresent()) {
            return models.find(named.get()).model();
        }
        List<ServedModel> all = models.all();
        if (all.size() != 1) {
            throw new FieldException("model", Problem.of("The request does not say which model it is for."));
        }
        return all.get(0);
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
        call.reply(json(call.path("id"), served, open(served, call.path("id"))));
    }

    /** The labels beside an autoencoder. */
    private Optional<Labels> labels(SparseAutoencoder sae) {
        return library.labelsBeside(sae.origin().path());
    }

    private void search(Call call) throws IOException {
        SparseAutoencoder sae = open(served(call), call.path("id"));
        String words =
                call.query("query").orElseThrow(() -> new FieldException("query", Problem.of("The query is missing.")));
        ObjectNode json = Json.object();
        Optional<Labels> labels = labels(sae);
        json.put("source", labels.map(Labels::name).isPresent() ? "beside the autoencoder" : "none");
        ArrayNode found = json.putArray("latents");
        labels.ifPresent(source -> source.search(words, MOST_FOUND).forEach((latent, label) -> {
            found.addObject().put("latent", latent).put("label", label);
        }));
        call.reply(json);
    }

    private void latent(Call call) throws IOException {
        SparseAutoencoder sae = open(served(call), call.path("id"));
        int latent = number(call.path("n"));
        sae.requireLatent(latent);
        ObjectNode json = Json.object().put("latent", latent);
        json.put(
                "label",
                labels(sae)
                        .map(source -> source.lookup(List.of(latent)).labelOrAbsence(latent))
                        .orElse("(no labels)"));
        json.put("decoder_norm", sae.decoderRow(latent).norm());
        Optional<String> profile = call.query("profile");
        if (profile.isPresent()) {
            try (LatentProfile open = library.profile(profile.get())) {
                json.put("profile", profile.get());
                json.set("facts", JsonNumbers.tree(open.latent(latent)));
            }
        }
        call.reply(json);
    }

    private static int number(String text) {
        if (!text.matches("\\d{1,9}")) {
            throw new FieldException("n", Problem.of("A latent is a number.").fact("but was", text));
        }
        return Integer.parseInt(text);
    }

    /**
     * What {@code encode} takes.
     *
     * @param top latents per token
     */
    record Encoded(
            @Nullable String model,
            @Nullable String text,
            @Nullable JsonNode messages,
            @Nullable JsonNode ids,
            @Nullable Boolean open,
            @Nullable JsonNode steering,
            @Nullable Integer top) {}

    private void encode(Call call) throws IOException, InterruptedException {
        Encoded asked = JsonRecords.read(call.json(), Encoded.class, "");
        Models.Chosen chosen = models.find(asked.model());
        ServedModel served = chosen.model();
        SparseAutoencoder sae = open(served, call.path("id")).requireFits(served.model(), false);
        Input input =
                Input.of(served, asked.text(), asked.messages(), !Boolean.FALSE.equals(asked.open()), asked.ids());
        Steering steering = Steered.of(chosen, asked.steering(), input, "steering");
        int top = top(asked.top());
        ObjectNode json =
                Json.object().put("sae", call.path("id")).put("at", sae.place().toString());
        ArrayNode tokens = json.putArray("tokens");
        try (Reads.Turn turn = served.reads().begin();
                TensorScope scope = TensorScope.open("encode a text")) {
            Tensor activations = served.model()
                    .with(steering.interventions())
                    .run(TokenBatch.of(input.ids()), RunOptions.reading(sae.place()))
                    .row(sae.place(), 0); // [tokens, dModel]
            SparseLatents latents = sae.encodeTop(activations, top);
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
            }
        }
        labelled(json, sae, tokens);
        json.set("steering", JsonNumbers.tree(steering.facts(input.ids().length, input.ids().length)));
        call.reply(json);
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
