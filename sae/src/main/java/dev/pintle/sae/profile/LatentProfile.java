package dev.pintle.sae.profile;

import dev.pintle.base.Problem;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.sae.profile.LatentFacts.AtQuantile;
import dev.pintle.sae.profile.LatentFacts.Bin;
import dev.pintle.sae.profile.LatentFacts.Effect;
import dev.pintle.sae.profile.LatentFacts.Neighbour;
import dev.pintle.sae.profile.LatentFacts.Shown;
import dev.pintle.sae.profile.LatentFacts.TopToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A profile that a {@link Profiler} has made or is making. Reading it needs neither the model nor the autoencoder. */
public final class LatentProfile implements AutoCloseable {
    private static final int TOKENS_SHOWN = 10;
    private static final int DOUBT = 20;
    private static final int CONTEXTS = 1000;
    private static final List<Double> QUANTILES = List.of(0.9, 0.75, 0.5, 0.25, 0.1);

    private final ProfileStore store;
    private final SortedMap<String, String> facts;
    private final Map<Integer, String> pieces;
    private final Map<Integer, Long> counts;
    private final Map<Integer, String> explanations;

    private LatentProfile(ProfileStore store) {
        this.store = store;
        this.facts = store.facts();
        this.pieces = store.pieces();
        this.counts = store.counts();
        this.explanations = store.explanations();
    }

    /**
     * Opens a profile.
     *
     * @throws dev.pintle.base.PintleException if the file is not a profile
     */
    public static LatentProfile open(Path file) {
        return new LatentProfile(ProfileStore.open(file));
    }

    /** The model it was made for. */
    public String model() {
        return facts.getOrDefault("model", "");
    }

    /** The autoencoder it was made for. */
    public String autoencoder() {
        return facts.getOrDefault("autoencoder", "");
    }

    /** Where the texts came from. */
    public String texts() {
        return facts.getOrDefault("texts", "");
    }

    /** The roles whose tokens were counted: {@code all}, or comma-separated names. */
    public String roles() {
        return facts.getOrDefault("roles", "all");
    }

    /** Which part of the texts it is of, as {@code 3/7} or, of several parts, {@code 1,2,5/7}; empty for all. */
    public Optional<String> part() {
        return Optional.ofNullable(facts.get("part"));
    }

    /** Number of latents. */
    public int dSae() {
        return Integer.parseInt(facts.getOrDefault("dSae", "0"));
    }

    /** Number of texts read. */
    public long documents() {
        return Long.parseLong(facts.getOrDefault("documents", "0"));
    }

    /** Number of tokens counted. */
    public long tokens() {
        return Long.parseLong(facts.getOrDefault("tokens", "0"));
    }

    /** Whether all texts were read and all effects computed. */
    public boolean finished() {
        return facts.getOrDefault("state", "").equals(Profiler.FINISHED);
    }

    /** What it is of and how far it has come, for JSON. */
    public Map<String, Object> summary() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", model());
        fields.put("autoencoder", autoencoder());
        fields.put("texts", texts());
        fields.put("roles", roles());
        part().ifPresent(part -> fields.put("part", part));
        fields.put("documents", documents());
        fields.put("tokens", tokens());
        fields.put("latents", dSae());
        fields.put("latents_that_fired", alive());
        fields.put("latents_labelled_by_a_model", explained());
        fields.put("finished", finished());
        return fields;
    }

    /** Changes whenever the profile does. */
    public String stamp() {
        return facts + "|" + explanations.size();
    }

    /**
     * What is known about a latent.
     *
     * @throws IllegalArgumentException if there is no such latent
     */
    public LatentFacts latent(int latent) {
        if (latent < 0 || latent >= dSae()) {
            throw Problem.of("The autoencoder has no such latent.")
                    .fact("autoencoder", autoencoder())
                    .fact("expected", "0 to " + (dSae() - 1))
                    .fact("but was", latent)
                    .toIllegalArgument();
        }
        return facts(latent, store.tally(latent, CONTEXTS).orElseGet(() -> new Tally(1)));
    }

    private LatentFacts facts(int latent, Tally tally) {
        Effects effects = store.effects(latent)
                .orElseGet(() ->
                        new Effects(new int[0], new float[0], new int[0], new float[0], new int[0], new float[0]));
        List<TopToken> tokens = tokens(tally);
        List<Effect> promoted = effects(effects.promoted(), effects.promotedBy());
        List<Neighbour> nearest = new ArrayList<>();
        for (int i = 0; i < effects.nearest().length; i++) {
            nearest.add(new Neighbour(effects.nearest()[i], effects.cosines()[i]));
        }
        Optional<String> explanation = Optional.ofNullable(explanations.get(latent));
        return new LatentFacts(
                latent,
                explanation.orElseGet(() -> OwnLabel.of(tokens, promoted)),
                explanation.isPresent(),
                tally.fires(),
                tokens() == 0 ? 0 : (double) tally.fires() / tokens(),
                tally.fires() == 0 ? 0 : tally.sum() / tally.fires(),
                tally.max(),
                histogram(tally),
                tokens,
                tally.contexts().stream().map(this::shown).toList(),
                quantiles(tally),
                promoted,
                effects(effects.suppressed(), effects.suppressedBy()),
                List.copyOf(nearest));
    }

    /**
     * The few numbers of a latent by which latents are sorted.
     *
     * @param fires number of tokens it fires on
     * @param density the same as a fraction of all tokens
     * @param mean mean activation where it fires
     * @param max largest activation
     * @param label a language model's, or derived from the other facts
     * @param token the most telling of those it fires on; empty if there is none
     */
    public record Row(int latent, long fires, double density, double mean, double max, String label, String token) {}

    /** A row for each latent that fired, in order. Reads the whole profile. */
    public List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        new TreeMap<>(store.tallies(1)).forEach((latent, tally) -> {
            LatentFacts facts = facts(latent, tally);
            rows.add(new Row(
                    latent,
                    facts.fires(),
                    facts.density(),
                    facts.mean(),
                    facts.max(),
                    facts.label(),
                    facts.tokens().isEmpty() ? "" : facts.tokens().get(0).text()));
        });
        return List.copyOf(rows);
    }

    /**
     * A ubiquitous token says little, and one seen once may be chance. So tokens are ranked by the product of the sum
     * and the mean of the activations on them, where the mean includes a few extra inactive occurrences.
     */
    private List<TopToken> tokens(Tally tally) {
        List<TopToken> tokens = new ArrayList<>();
        double[] sums = tally.tokens().sums();
        IntStream.range(0, sums.length)
                .mapToObj(entry -> token(tally, entry, sums[entry]))
                .sorted(Comparator.comparingDouble((Token token) -> -token.score())
                        .thenComparingInt(Token::id))
                .limit(TOKENS_SHOWN)
                .filter(token -> token.sum() > 0)
                .forEach(token -> tokens.add(
                        new TopToken(piece(token.id()), token.sum() / tally.sum(), token.sum() / token.occurrences())));
        return List.copyOf(tokens);
    }

    private record Token(int id, double sum, double occurrences) {
        double score() {
            return sum * sum / (occurrences + DOUBT);
        }
    }

    private Token token(Tally tally, int entry, double sum) {
        int id = tally.tokens().token(entry);
        double occurrences = Math.max(1, counts.getOrDefault(id, 1L));
        // an estimate may be too large for what a rare token can have
        double possible = tally.tokens().isEstimated() ? Math.min(sum, occurrences * tally.max()) : sum;
        return new Token(id, possible, occurrences);
    }

    private static List<Bin> histogram(Tally tally) {
        long[] all = tally.histogram();
        int first = 0;
        int last = all.length - 1;
        while (first < all.length && all[first] == 0) {
            first++;
        }
        while (last >= first && all[last] == 0) {
            last--;
        }
        List<Bin> bins = new ArrayList<>();
        for (int bin = first; bin <= last; bin++) {
            // the last bin contains the maximum, and ends there
            double to = bin == last ? tally.max() : Tally.binStart(bin + 1);
            bins.add(new Bin(bin == 0 ? 0 : Tally.binStart(bin), to, all[bin]));
        }
        return List.copyOf(bins);
    }

    private List<AtQuantile> quantiles(Tally tally) {
        List<AtQuantile> quantiles = new ArrayList<>();
        Set<Context> told = new HashSet<>(); // one bin may contain several quantiles
        for (double quantile : QUANTILES) {
            tally.atQuantile(quantile)
                    .filter(told::add)
                    .ifPresent(context -> quantiles.add(new AtQuantile(quantile, shown(context))));
        }
        return List.copyOf(quantiles);
    }

    private Shown shown(Context context) {
        List<String> texts = new ArrayList<>();
        List<Double> activations = new ArrayList<>();
        for (int i = 0; i < context.ids().length; i++) {
            texts.add(piece(context.ids()[i]));
            activations.add((double) context.activations()[i]);
        }
        return new Shown(List.copyOf(texts), List.copyOf(activations), context.peak(), context.document());
    }

    private List<Effect> effects(int[] ids, float[] logits) {
        List<Effect> effects = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            effects.add(new Effect(piece(ids[i]), logits[i]));
        }
        return List.copyOf(effects);
    }

    private String piece(int id) {
        return pieces.getOrDefault(id, "#" + id);
    }

    /** A label for every latent that fired: a language model's if there is one, otherwise one derived from tokens. */
    public LatentLabels labels() {
        Map<Integer, String> labels = new LinkedHashMap<>();
        new TreeMap<>(store.tallies(1)).forEach((latent, tally) -> {
            String label = facts(latent, tally).label();
            if (!label.isEmpty()) {
                labels.put(latent, label);
            }
        });
        return LatentLabels.of(labels);
    }

    /** Number of latents that fired at least once. */
    public int alive() {
        return store.tallyCount();
    }

    /** Number of latents labelled by a language model. */
    public int explained() {
        return explanations.size();
    }

    @Override
    public void close() {
        store.close();
    }
}
