package dev.pintle.sae.profile;

import dev.pintle.base.Problem;
import dev.pintle.sae.store.Sqlite;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A profile's file, an SQLite database. Counts and the position in the texts are committed in one transaction, so that
 * a killed run resumes from its last checkpoint and counts nothing twice.
 */
final class ProfileStore implements AutoCloseable {
    private static final Sqlite.Parameters NONE = statement -> {};
    private static final Sqlite.Layout LAYOUT = new Sqlite.Layout(
            "The profile",
            2, // layout 1 differs in the bytes of a tally
            Set.of(1),
            List.of(
                    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
                    "CREATE TABLE tallies (latent INTEGER PRIMARY KEY, tally BLOB NOT NULL)",
                    "CREATE TABLE pieces (id INTEGER PRIMARY KEY, text TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 0)",
                    "CREATE TABLE effects (latent INTEGER PRIMARY KEY, effects BLOB NOT NULL)",
                    "CREATE TABLE explanations (latent INTEGER PRIMARY KEY, label TEXT NOT NULL, source TEXT NOT NULL)"));

    private static final int EFFECTS_AT_ONCE = 1024;

    private final Path file;
    private final Sqlite sqlite;

    private ProfileStore(Path file) {
        this.file = file;
        this.sqlite = Sqlite.open(file, LAYOUT);
    }

    /** Opens an existing profile. */
    static ProfileStore open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.of("There is no such profile.")
                    .fact("file", file.toAbsolutePath())
                    .fact("try", "pintle sae profile")
                    .toException();
        }
        return new ProfileStore(file);
    }

    /** Opens a profile, or creates one. */
    static ProfileStore openOrMake(Path file) {
        return new ProfileStore(file);
    }

    // ---------------------------------------------------------------- facts

    SortedMap<String, String> facts() {
        SortedMap<String, String> facts = new TreeMap<>();
        sqlite.rows("SELECT name, value FROM facts", NONE, row -> facts.put(row.getString(1), row.getString(2)));
        return facts;
    }

    void setFacts(Map<String, String> facts) {
        sqlite.write(() -> {
            put(facts);
            return facts;
        });
    }

    private void put(Map<String, String> facts) throws SQLException {
        sqlite.each("INSERT OR REPLACE INTO facts(name, value) VALUES (?, ?)", facts.entrySet(), (s, fact) -> {
            s.setString(1, fact.getKey());
            s.setString(2, fact.getValue());
        });
    }

    // ---------------------------------------------------------------- what was counted

    /**
     * Commits what changed and the position in the texts.
     *
     * @param before {@code documents} at this run's last checkpoint, to detect a second run on the same file
     */
    void checkpoint(
            String before,
            Map<String, String> facts,
            Map<Integer, Tally> tallies,
            Map<Integer, String> newPieces,
            Map<Integer, Long> counts) {
        sqlite.write(() -> {
            String found = sqlite.first(
                            "SELECT value FROM facts WHERE name = 'documents'", NONE, row -> row.getString(1))
                    .orElse("");
            if (!found.equals(before)) {
                throw Problem.of("Another run is writing the same profile.")
                        .fact("file", file.toAbsolutePath())
                        .fact("try", "waiting for it to finish, or another name")
                        .toException();
            }
            put(facts);
            putTallies(tallies);
            putPieces(newPieces);
            putCounts(counts);
            return found;
        });
    }

    private void putTallies(Map<Integer, Tally> tallies) throws SQLException {
        sqlite.each("INSERT OR REPLACE INTO tallies(latent, tally) VALUES (?, ?)", tallies.entrySet(), (s, entry) -> {
            s.setInt(1, entry.getKey());
            s.setBytes(2, TallyBytes.of(entry.getValue()));
        });
    }

    private void putCounts(Map<Integer, Long> counts) throws SQLException {
        sqlite.each("UPDATE pieces SET count = ? WHERE id = ?", counts.entrySet(), (s, entry) -> {
            s.setLong(1, entry.getValue());
            s.setInt(2, entry.getKey());
        });
    }

    private void putPieces(Map<Integer, String> pieces) throws SQLException {
        sqlite.each("INSERT OR IGNORE INTO pieces(id, text) VALUES (?, ?)", pieces.entrySet(), (s, entry) -> {
            s.setInt(1, entry.getKey());
            s.setString(2, entry.getValue());
        });
    }

    Map<Integer, Tally> tallies(int contextsKept) {
        Map<Integer, Tally> tallies = new HashMap<>();
        sqlite.rows(
                "SELECT latent, tally FROM tallies",
                NONE,
                row -> tallies.put(row.getInt(1), tally(row.getBytes(2), contextsKept)));
        return tallies;
    }

    /** The latents that fired, in order. */
    List<Integer> latents() {
        return sqlite.rows("SELECT latent FROM tallies ORDER BY latent", NONE, row -> row.getInt(1));
    }

    /** Writes what parts have counted, without a position in the texts. */
    void putCounted(Map<Integer, Tally> tallies, Map<Integer, String> pieces, Map<Integer, Long> counts) {
        sqlite.write(() -> {
            putTallies(tallies);
            putPieces(pieces);
            putCounts(counts);
            return tallies;
        });
    }

    /** Number of latents that fired. */
    int tallyCount() {
        return sqlite.first("SELECT count(*) FROM tallies", NONE, row -> row.getInt(1))
                .orElse(0);
    }

    Optional<Tally> tally(int latent, int contextsKept) {
        return blob("SELECT tally FROM tallies WHERE latent = ?", latent).map(bytes -> tally(bytes, contextsKept));
    }

    private Tally tally(byte[] bytes, int contextsKept) {
        return isEarlier() ? TallyBytes.readLayout1(bytes, contextsKept) : TallyBytes.read(bytes, contextsKept);
    }

    /** Whether an earlier version wrote it, whose counts depend on the order of the texts: it is for reading only. */
    boolean isEarlier() {
        return sqlite.version() < LAYOUT.version();
    }

    private Optional<byte[]> blob(String query, int latent) {
        return sqlite.first(query, s -> s.setInt(1, latent), row -> row.getBytes(1));
    }

    /** Text of the tokens that were seen or promoted, by id. */
    Map<Integer, String> pieces() {
        Map<Integer, String> pieces = new HashMap<>();
        sqlite.rows("SELECT id, text FROM pieces", NONE, row -> pieces.put(row.getInt(1), row.getString(2)));
        return pieces;
    }

    /** How often each token was counted, by id. */
    Map<Integer, Long> counts() {
        Map<Integer, Long> counts = new HashMap<>();
        sqlite.rows(
                "SELECT id, count FROM pieces WHERE count > 0", NONE, row -> counts.put(row.getInt(1), row.getLong(2)));
        return counts;
    }

    // ---------------------------------------------------------------- effects

    int effectsDone() {
        return sqlite.first("SELECT count(*) FROM effects", NONE, row -> row.getInt(1))
                .orElse(0);
    }

    void putEffects(Map<Integer, Effects> effects, Map<Integer, String> newPieces) {
        sqlite.write(() -> {
            putPieces(newPieces);
            sqlite.each(
                    "INSERT OR REPLACE INTO effects(latent, effects) VALUES (?, ?)", effects.entrySet(), (s, entry) -> {
                        s.setInt(1, entry.getKey());
                        s.setBytes(2, entry.getValue().bytes());
                    });
            return effects;
        });
    }

    /** Copies another profile's effects. */
    void putEffectsOf(ProfileStore other) {
        int done = other.effectsDone(); // of latents 0 to done - 1
        for (int from = 0; from < done; from += EFFECTS_AT_ONCE) {
            Map<Integer, Effects> some = new TreeMap<>();
            for (int latent = from; latent < Math.min(done, from + EFFECTS_AT_ONCE); latent++) {
                int one = latent;
                other.effects(latent).ifPresent(effects -> some.put(one, effects));
            }
            putEffects(some, Map.of());
        }
    }

    Optional<Effects> effects(int latent) {
        return blob("SELECT effects FROM effects WHERE latent = ?", latent).map(Effects::of);
    }

    // ---------------------------------------------------------------- explanations

    void putExplanation(int latent, String label, String source) {
        sqlite.write(() -> {
            sqlite.run("INSERT OR REPLACE INTO explanations(latent, label, source) VALUES (?, ?, ?)", s -> {
                s.setInt(1, latent);
                s.setString(2, label);
                s.setString(3, source);
            });
            return label;
        });
    }

    /** Copies the labels that another profile has from language models and this one has not. */
    void putExplanationsOf(ProfileStore other) {
        List<String[]> labels =
                other.sqlite.rows("SELECT latent, label, source FROM explanations ORDER BY latent", NONE, row ->
                        new String[] {row.getString(1), row.getString(2), row.getString(3)});
        sqlite.write(() -> {
            sqlite.each(
                    "INSERT OR IGNORE INTO explanations(latent, label, source) VALUES (?, ?, ?)",
                    labels,
                    (s, label) -> {
                        s.setInt(1, Integer.parseInt(label[0]));
                        s.setString(2, label[1]);
                        s.setString(3, label[2]);
                    });
            return labels;
        });
    }

    Map<Integer, String> explanations() {
        Map<Integer, String> labels = new TreeMap<>();
        sqlite.rows("SELECT latent, label FROM explanations", NONE, row -> labels.put(row.getInt(1), row.getString(2)));
        return labels;
    }

    @Override
    public void close() {
        sqlite.close();
    }
}
