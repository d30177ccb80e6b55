package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.sae.Decompose;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.SignedPursuit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.Term;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.openai.ChatCompletions;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Reads;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a vector is made of, in latents of an autoencoder, by any of the five ways of {@link Decompose}. */
public final class Decompositions {
    private static final int MOST_WAYS = 16;
    private static final int MOST_TOKENS = 4096;

    private final Library library;
    private final Models models;

    /** @param models whose autoencoders are used */
    public Decompositions(Library library, Models models) {
        this.library = library;
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("POST", path + "/vectors/decompose", Scope.GENERATE, "What a vector is made of", this::decompose);
    }

    /**
     * What the route takes.
     *
     * @param vector a name, or {@code sha256:} and a hash
     * @param way signed pursuit where neither this nor {@code ways} is given
     * @param ways instead: several
     * @param terms of each way that does not say how many
     * @param vectors whether to give the vectors themselves, besides their lengths
     */
    record Asked(
            @Nullable String model,
            @Nullable String vector,
            @Nullable String sae,
            @Nullable WaySpec way,
            @Nullable List<WaySpec> ways,
            @Nullable Integer terms,
            @Nullable Boolean vectors) {}

    /** A way with everything found. */
    private record Way(WaySpec spec, int terms, double factor, List<int[]> texts) {
        Decompose method(ServedModel served, HookPoint at) {
            return switch (spec.how()) {
                case ENCODE -> Decompose.encode();
                case SCALED -> Decompose.encodeScaled(factor);
                case DIFFERENCE -> Decompose.encodeDifference(activations(served, at), factor);
                case PURSUIT -> new SignedPursuit(terms, spec.enough() == null ? 0 : spec.enough());
                case NEAREST -> Decompose.nearestDecoder(terms);
            };
        }

        int tokens() {
            return texts.stream().mapToInt(text -> text.length).sum();
        }

        private List<Vec> activations(ServedModel served, HookPoint at) {
            List<Vec> all = new ArrayList<>();
            texts.forEach(ids -> all.addAll(served.model().activations(ids, at)));
            return all;
        }
    }

    private void decompose(Call call) throws IOException, InterruptedException {
        Asked asked = JsonRecords.read(call.json(), Asked.class, "");
        ServedModel served = models.find(asked.model()).model();
        if (asked.vector() == null || asked.sae() == null) {
            throw new FieldException(
                    asked.vector() == null ? "vector" : "sae",
                    Problem.of("A decomposition needs a vector and an autoencoder."));
        }
        SparseAutoencoder sae = Saes.open(served, asked.sae());
        SteeringVector vector = vector(served, asked.vector(), sae);
        List<Way> ways = ways(served, vector, asked);
        ObjectNode json = Json.object()
                .put("at", vector.at().toString())
                .put("sha256", vector.hash())
                .put("sae", asked.sae());
        if (ways.stream().anyMatch(way -> way.tokens() > 0)) { // the others don't run the model
            try (Reads.Turn turn = served.reads().begin()) {
                putAll(json, served, sae, vector, ways, asked);
            }
        } else {
            putAll(json, served, sae, vector, ways, asked);
        }
        call.reply(json);
    }

    private static SteeringVector vector(ServedModel served, String name, SparseAutoencoder sae) {
        List<SteeringVector> vectors;
        try {
            vectors = served.sources().vectors(name);
        } catch (PintleException e) {
            throw HttpProblem.of(404, "vector_not_found", e.problem());
        }
        SteeringVector vector = vectors.stream()
                .filter(one -> one.at().equals(sae.place()))
                .findFirst()
                .orElse(vectors.get(0));
        Input.at("sae", () -> sae.requireFits(served.model(), false).requireFits(vector, false));
        return vector;
    }

    // ---------------------------------------------------------------- what is asked

    private static List<Way> ways(ServedModel served, SteeringVector vector, Asked asked) {
        int usual = Saes.top(asked.terms(), "terms");
        List<WaySpec> given = asked.ways();
        if (given == null) {
            WaySpec one = asked.way() == null ? WaySpec.of(WaySpec.How.PURSUIT) : asked.way();
            return List.of(way(served, vector, one, usual, asked.way() == null ? "" : "way"));
        }
        if (asked.way() != null || given.isEmpty() || given.size() > MOST_WAYS) {
            throw new FieldException(
                    "ways",
                    Problem.of("A decomposition needs one way, or a list of ways.")
                            .fact("expected", "way, or 1 to " + MOST_WAYS + " ways"));
        }
        List<Way> ways = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            ways.add(way(served, vector, given.get(i), usual, "ways[" + i + "]"));
        }
        requireAtMost(ways.stream().mapToInt(Way::tokens).sum(), MOST_TOKENS, "ways");
        return ways;
    }

    private static Way way(ServedModel served, SteeringVector vector, WaySpec spec, int usual, String path) {
        int terms = spec.terms() == null ? usual : Saes.top(spec.terms(), JsonRecords.join(path, "terms"));
        Way way = new Way(spec, terms, factor(vector, spec, path), texts(served, spec, path));
        requireAtMost(way.tokens(), MOST_TOKENS, JsonRecords.join(path, "texts"));
        if (spec.enough() != null && !(spec.enough() >= 0 && spec.enough() < 1)) {
            throw new FieldException(
                    JsonRecords.join(path, "enough"),
                    Problem.of("The value is out of range.")
                            .fact("expected", "0 or more, below 1")
                            .fact("but was", spec.enough()));
        }
        return way;
    }

    /** The raw multiplier; 1 for ways that have none. */
    private static double factor(SteeringVector vector, WaySpec spec, String path) {
        if (spec.how() != WaySpec.How.SCALED && spec.how() != WaySpec.How.DIFFERENCE) {
            return 1;
        }
        Strength strength = spec.strength() == null ? Strength.norms(1) : spec.strength();
        String field = JsonRecords.join(path, "strength");
        double factor = Input.at(field, () -> strength.resolve(vector));
        if (factor == 0) {
            throw new FieldException(field, Problem.of("At strength 0 there is nothing to decompose."));
        }
        return factor;
    }

    /** The texts whose latents change, as token ids. */
    private static List<int[]> texts(ServedModel served, WaySpec spec, String path) {
        List<int[]> ids = new ArrayList<>();
        List<String> given = spec.texts();
        if (given != null) {
            for (int i = 0; i < given.size(); i++) {
                Prompt text = Prompt.ofText(given.get(i));
                ids.add(ids(served, () -> text, path, "texts[" + i + "]"));
            }
        } else if (spec.messages() != null) {
            ids.add(ids(
                    served,
                    () -> new Prompt(ChatCompletions.messages(spec.messages()), Prompt.Ending.GENERATION_HEADER),
                    path,
                    "messages"));
        } else if (spec.positive() != null && spec.negative() != null) {
            ContrastPair pair = ContrastPair.ofSystemPrompts(spec.positive(), spec.negative());
            ids.add(ids(served, () -> pair.equalised(served.model().text()).positive(), path, "positive"));
            ids.add(ids(served, () -> pair.equalised(served.model().text()).negative(), path, "negative"));
        }
        return ids;
    }

    private static void requireAtMost(int tokens, int most, String path) {
        if (tokens > most) {
            throw HttpProblem.field(
                    path,
                    "context_length_exceeded",
                    Problem.of("The texts of a difference are too long.")
                            .fact("expected", "at most " + most + " tokens")
                            .fact("but was", tokens + " tokens"));
        }
    }

    private static int[] ids(ServedModel served, Supplier<Prompt> prompt, String path, String field) {
        String where = JsonRecords.join(path, field);
        int[] ids;
        try {
            ids = prompt.get().tokens(served.model().text());
        } catch (FieldException e) {
            throw new FieldException(JsonRecords.join(path, e.path()), e.problem(), e);
        } catch (PintleException e) {
            throw new FieldException(where, e.problem(), e);
        }
        if (ids.length == 0) {
            throw new FieldException(where, Problem.of("The text has no tokens."));
        }
        requireAtMost(ids.length, served.model().config().maxPositions(), where);
        return ids;
    }

    // ---------------------------------------------------------------- what is told

    private void putAll(
            ObjectNode json,
            ServedModel served,
            SparseAutoencoder sae,
            SteeringVector vector,
            List<Way> ways,
            Asked asked) {
        if (asked.ways() == null) {
            put(json, served, sae, vector, ways.get(0), asked);
            return;
        }
        ArrayNode all = json.putArray("ways");
        for (Way way : ways) {
            put(all.addObject(), served, sae, vector, way, asked);
        }
    }

    private void put(
            ObjectNode json, ServedModel served, SparseAutoencoder sae, SteeringVector vector, Way way, Asked asked) {
        Decomposition parts = sae.decompose(vector, way.method(served, sae.place()));
        json.put("how", way.spec().how().word());
        json.put("method", parts.how().toString());
        if (way.spec().how() == WaySpec.How.SCALED || way.spec().how() == WaySpec.How.DIFFERENCE) {
            JsonNumbers.put(json, "strength_as_factor", way.factor());
        }
        JsonNumbers.put(json, "vector_norm", parts.vector().norm());
        JsonNumbers.put(json, "reconstruction_norm", parts.reconstruction().norm());
        JsonNumbers.put(json, "relative_error", parts.relativeError());
        JsonNumbers.put(json, "relative_error_without_bias", parts.relativeErrorWithoutBias());
        JsonNumbers.put(json, "cosine", parts.cosine());
        JsonNumbers.put(json, "bias_share", parts.biasShare());
        json.put("latents", parts.terms().size());
        json.put("zero_vector_latents", parts.zeroTerms().size());
        Told told = new Told(way, parts, library.labelsBeside(sae.origin().path()));
        json.set("terms", told.terms(parts.terms()));
        json.set("zero_vector_terms", told.zeroTerms(parts.zeroTerms()));
        if (!parts.byToken().isEmpty()) {
            json.set("by_token", told.byToken(served, parts.byToken()));
        }
        if (Boolean.TRUE.equals(asked.vectors())) {
            json.put("vector", JsonNumbers.base64(parts.vector().toArray()));
            json.put("reconstruction", JsonNumbers.base64(parts.reconstruction().toArray()));
            json.put("without_bias", JsonNumbers.base64(parts.withoutBias().toArray()));
        }
        ArrayNode warnings = json.putArray("warnings");
        if (way.spec().how() == WaySpec.How.ENCODE || way.spec().how() == WaySpec.How.SCALED) {
            warnings.add(
                    "The encoder was trained on activations, not on differences of them: it adds its bias and has no"
                            + " negative latents. Compare with zero_vector_terms.");
            if (parts.biasShare() != 0) {
                warnings.add(
                        "The decoder's bias, which belongs to no latent, is part of the reconstruction: see bias_share"
                                + " and relative_error_without_bias.");
            }
        }
    }

    /** Terms with what is known of their latents. */
    private static final class Told {
        private final Way way;
        private final Set<Integer> ofZero = new HashSet<>();
        private final Map<Integer, String> labels;

        Told(Way way, Decomposition parts, Optional<Labels> labels) {
            this.way = way;
            parts.zeroTerms().forEach(term -> ofZero.add(term.latent()));
            Set<Integer> shown = new TreeSet<>();
            shown(parts.terms()).forEach(term -> shown.add(term.latent()));
            shown(parts.zeroTerms()).forEach(term -> shown.add(term.latent()));
            parts.byToken().forEach(terms -> shown(terms).forEach(term -> shown.add(term.latent())));
            this.labels = labels.map(source -> source.lookup(shown).labels()).orElse(Map.of());
        }

        private List<Term> shown(List<Term> terms) {
            return terms.subList(0, Math.min(way.terms(), terms.size()));
        }

        /** The terms of the decomposition, each with whether the zero vector has it too. */
        ArrayNode terms(List<Term> terms) {
            ArrayNode all = terms(terms, way.spec().how().value());
            all.forEach(one -> {
                if (ofZero.contains(one.get("latent").intValue())) {
                    ((ObjectNode) one).put("of_zero_vector", true);
                }
            });
            return all;
        }

        ArrayNode zeroTerms(List<Term> terms) {
            return terms(terms, "activation");
        }

        /** The terms of each token, in the order of the texts. */
        ArrayNode byToken(ServedModel served, List<List<Term>> byToken) {
            ArrayNode all = Json.array();
            int at = 0;
            for (int text = 0; text < way.texts().size(); text++) {
                for (int id : way.texts().get(text)) {
                    List<Term> terms = byToken.get(at++);
                    ObjectNode token = all.addObject().put("text", text).put("id", id);
                    token.put("token", served.model().tokenizer().decode(new int[] {id}, false));
                    token.put("latents", terms.size());
                    token.set("terms", terms(terms, way.spec().how().value()));
                }
            }
            return all;
        }

        private ArrayNode terms(List<Term> terms, String value) {
            ArrayNode all = Json.array();
            for (Term term : shown(terms)) {
                ObjectNode one = all.addObject().put("latent", term.latent());
                JsonNumbers.put(one, value, term.activation());
                String label = labels.get(term.latent());
                if (label != null) {
                    one.put("label", label);
                }
            }
            return all;
        }
    }
}
