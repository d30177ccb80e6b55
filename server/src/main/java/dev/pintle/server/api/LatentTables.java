package dev.pintle.server.api;

import dev.pintle.base.Problem;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Latents as rows that can be sorted and filtered. The rows of a profile are read once, and again when it has changed. */
final class LatentTables {
    private static final int MOST_FOUND = 50;
    private static final int ROWS_AT_ONCE = 8192;
    private static final int MOST_TABLES = 4;

    private final Library library;
    private final Map<String, Table> known = new LinkedHashMap<>(); // guarded by this

    LatentTables(Library library) {
        this.library = library;
    }

    private record Table(String stamp, Map<Integer, LatentProfile.Row> rows) {}

    /** What latents are sorted by. */
    enum Sort {
        LATENT,
        DENSITY,
        MAX,
        MEAN,
        COSINE,
        MATCH;

        static Sort parse(String word) {
            for (Sort sort : values()) {
                if (sort.name().toLowerCase(Locale.ROOT).equals(word)) {
                    return sort;
                }
            }
            throw Problem.of("Latents cannot be sorted by that.")
                    .fact("choose", "latent, density, max, mean, cosine, match")
                    .fact("but was", word)
                    .toIllegalArgument();
        }
    }

    /**
     * Which latents, in which order.
     *
     * @param words all of which their labels have; empty for any
     * @param profile where densities are known from
     * @param ascending null for what is usual: indices rise, numbers fall
     * @param direction to which cosines are taken
     * @param dead true for those that never fired in the profile alone, false for the others alone, null for both
     * @param special likewise those whose most telling token is a special one
     * @param latents these alone; none for all
     */
    record Asked(
            String words,
            Optional<String> profile,
            Sort sort,
            @Nullable Boolean ascending,
            Optional<SteeringVector> direction,
            @Nullable Boolean dead,
            @Nullable Boolean special,
            List<Integer> latents) {}

    /** A latent. */
    record Row(int latent, String label, LatentProfile.@Nullable Row facts, double cosine) {}

    List<Row> rows(ServedModel served, SparseAutoencoder sae, Asked asked) {
        Map<Integer, LatentProfile.Row> facts = asked.profile().map(this::table).orElse(Map.of());
        require(asked);
        Optional<Labels> beside = library.labelsBeside(sae.origin().path());
        Map<Integer, String> labels = beside.map(Labels::kept).orElse(Map.of());
        float[] cosines = asked.direction().map(vector -> cosines(sae, vector)).orElse(new float[0]);
        Set<String> special = served.model().tokenizer().specialTokens().keySet();
        List<Row> rows = new ArrayList<>();
        for (int latent : chosen(sae, asked, beside, facts)) {
            LatentProfile.Row known = facts.get(latent);
            boolean isDead = known == null || known.fires() == 0;
            boolean isSpecial = known != null && special.contains(known.token());
            if ((asked.dead() == null || asked.dead() == isDead)
                    && (asked.special() == null || asked.special() == isSpecial)) {
                rows.add(new Row(
                        latent, labels.getOrDefault(latent, ""), known, cosines.length == 0 ? 0 : cosines[latent]));
            }
        }
        sort(rows, asked);
        return rows;
    }

    private static void require(Asked asked) {
        boolean counts = asked.dead() != null
                || asked.special() != null
                || asked.sort() == Sort.DENSITY
                || asked.sort() == Sort.MAX
                || asked.sort() == Sort.MEAN;
        if (counts && asked.profile().isEmpty()) {
            throw Problem.of("How often latents fire is known from a profile.")
                    .fact("expected", "?profile=NAME")
                    .fact("try", "POST /pintle/v1/saes/{id}/profile, which makes one")
                    .toException();
        }
        if (asked.sort() == Sort.COSINE && asked.direction().isEmpty()) {
            throw Problem.of("A cosine needs a vector.")
                    .fact("expected", "?cosine_to=NAME")
                    .toException();
        }
    }

    /** Latents whose label has the words, best first; all latents where there are none. */
    private static Collection<Integer> chosen(
            SparseAutoencoder sae, Asked asked, Optional<Labels> beside, Map<Integer, LatentProfile.Row> facts) {
        if (asked.words().isBlank()) {
            return asked.latents().isEmpty()
                    ? IntStream.range(0, sae.dSae()).boxed().toList()
                    : asked.latents();
        }
        List<Integer> found = new ArrayList<>(
                beside.map(source -> source.search(asked.words(), MOST_FOUND).keySet())
                        .orElse(Set.of()));
        String words = asked.words().toLowerCase(Locale.ROOT);
        Set<Integer> seen = new HashSet<>(found);
        facts.forEach((latent, row) -> { // labels that the profile derives are searched as they stand
            if (row.label().toLowerCase(Locale.ROOT).contains(words) && seen.add(latent)) {
                found.add(latent);
            }
        });
        if (!asked.latents().isEmpty()) {
            found.retainAll(asked.latents());
        }
        return found;
    }

    private static void sort(List<Row> rows, Asked asked) {
        if (asked.sort() == Sort.MATCH
                || (asked.sort() == Sort.LATENT && !asked.words().isBlank())) {
            return; // best match first
        }
        Comparator<Row> rising = Comparator.comparingDouble(row -> switch (asked.sort()) {
            case DENSITY -> row.facts() == null ? 0 : row.facts().density();
            case MAX -> row.facts() == null ? 0 : row.facts().max();
            case MEAN -> row.facts() == null ? 0 : row.facts().mean();
            case COSINE -> row.cosine();
            default -> row.latent();
        });
        boolean rises = asked.ascending() == null ? asked.sort() == Sort.LATENT : asked.ascending();
        rows.sort((rises ? rising : rising.reversed()).thenComparingInt(Row::latent));
    }

    private synchronized Map<Integer, LatentProfile.Row> table(String name) {
        try (LatentProfile profile = library.profile(name)) {
            String stamp = profile.stamp();
            Table table = known.get(name);
            if (table == null || !table.stamp().equals(stamp)) {
                Map<Integer, LatentProfile.Row> rows = new HashMap<>();
                profile.rows().forEach(row -> rows.put(row.latent(), row));
                table = new Table(stamp, rows);
                known.remove(name);
                if (known.size() >= MOST_TABLES) {
                    known.remove(known.keySet().iterator().next());
                }
                known.put(name, table);
            }
            return table.rows();
        }
    }

    /** Cosines of the decoder's rows with a vector. */
    private static float[] cosines(SparseAutoencoder sae, SteeringVector vector) {
        float[] all = new float[sae.dSae()];
        try (TensorScope scope = TensorScope.open("cosines of latents")) {
            Tensor unit = Tensor.of(vector.direction().unit()).to(sae.device());
            for (int from = 0; from < all.length; from += ROWS_AT_ONCE) {
                int count = Math.min(ROWS_AT_ONCE, all.length - from);
                try (TensorScope inner = TensorScope.open("rows")) {
                    Tensor rows = sae.decoderRows(from, count).to(DType.FP32);
                    float[] some = rows.times(unit)
                            .sum(1, false)
                            .dividedBy(rows.norm(1, false).plus(1e-30)) // a dead row has no direction
                            .toFloats();
                    System.arraycopy(some, 0, all, from, count);
                }
            }
        }
        return all;
    }
}
