package dev.pintle.sae.labels;

import dev.pintle.sae.store.Sqlite;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Labels of many sources in one SQLite file with a full-text index (FTS5, ranked by BM25). */
final class LabelDatabase implements AutoCloseable {
    private static final Sqlite.Layout LAYOUT = new Sqlite.Layout(
            "The label database",
            1,
            List.of(
                    "CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL,"
                            + " stamp TEXT NOT NULL DEFAULT '')",
                    "CREATE TABLE parts (source INTEGER NOT NULL, part TEXT NOT NULL, PRIMARY KEY (source, part))",
                    "CREATE TABLE labels (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, latent INTEGER NOT NULL,"
                            + " label TEXT, asked INTEGER NOT NULL, UNIQUE (source, latent))",
                    "CREATE VIRTUAL TABLE words USING fts5(label, content='labels', content_rowid='id',"
                            + " tokenize='porter unicode61 remove_diacritics 2')",
                    "CREATE TRIGGER added AFTER INSERT ON labels BEGIN"
                            + " INSERT INTO words(rowid, label) VALUES (new.id, new.label); END",
                    "CREATE TRIGGER removed AFTER DELETE ON labels BEGIN"
                            + " INSERT INTO words(words, rowid, label) VALUES ('delete', old.id, old.label); END",
                    "CREATE TRIGGER changed AFTER UPDATE ON labels BEGIN"
                            + " INSERT INTO words(words, rowid, label) VALUES ('delete', old.id, old.label);"
                            + " INSERT INTO words(rowid, label) VALUES (new.id, new.label); END"));

    private final Sqlite sqlite;

    private LabelDatabase(Sqlite sqlite) {
        this.sqlite = sqlite;
    }

    /**
     * Opens or creates the database; since its content can be fetched again, a damaged file is set aside and replaced.
     */
    static LabelDatabase open(Path file) {
        return new LabelDatabase(Sqlite.openOrReplace(file, LAYOUT));
    }

    private long source(String name) throws SQLException {
        sqlite.run("INSERT OR IGNORE INTO sources(name) VALUES (?)", s -> s.setString(1, name));
        return sqlite.first("SELECT id FROM sources WHERE name = ?", s -> s.setString(1, name), row -> row.getLong(1))
                .orElseThrow();
    }

    /** The version stamp that {@link #replace} recorded for a source. */
    String stamp(String name) {
        return sqlite.first(
                        "SELECT stamp FROM sources WHERE name = ?", s -> s.setString(1, name), row -> row.getString(1))
                .orElse("");
    }

    /** Replaces all labels of a source. */
    void replace(String name, String stamp, Map<Integer, String> labels) {
        sqlite.write(() -> {
            long id = source(name);
            sqlite.run("DELETE FROM labels WHERE source = ?", s -> s.setLong(1, id));
            insert(id, labels);
            sqlite.run("UPDATE sources SET stamp = ? WHERE id = ?", s -> {
                s.setString(1, stamp);
                s.setLong(2, id);
            });
            return id;
        });
    }

    /** Stores a source's response: labels, and which latents it says have none. */
    void keep(String name, Map<Integer, String> labels, Collection<Integer> without) {
        sqlite.write(() -> {
            long id = source(name);
            insert(id, labels);
            sqlite.each(
                    "INSERT INTO labels(source, latent, label, asked) VALUES (?, ?, NULL, ?)"
                            + " ON CONFLICT(source, latent) DO UPDATE SET asked = excluded.asked",
                    without,
                    (s, latent) -> {
                        s.setLong(1, id);
                        s.setInt(2, latent);
                        s.setLong(3, now());
                    });
            return id;
        });
    }

    /** Stores the labels of one file of a wholesale source, and that the file was read. */
    void keepPart(String name, String part, Map<Integer, String> labels) {
        sqlite.write(() -> {
            long id = source(name);
            insert(id, labels);
            sqlite.run("INSERT OR IGNORE INTO parts(source, part) VALUES (?, ?)", s -> {
                s.setLong(1, id);
                s.setString(2, part);
            });
            return id;
        });
    }

    private void insert(long source, Map<Integer, String> labels) throws SQLException {
        sqlite.each(
                "INSERT INTO labels(source, latent, label, asked) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT(source, latent) DO UPDATE SET label = excluded.label, asked = excluded.asked",
                labels.entrySet(),
                (s, entry) -> {
                    s.setLong(1, source);
                    s.setInt(2, entry.getKey());
                    s.setString(3, entry.getValue());
                    s.setLong(4, now());
                });
    }

    private static long now() {
        return System.currentTimeMillis() / 1000;
    }

    /** Files of a wholesale source that were read; includes {@code ""} once all of them were. */
    List<String> parts(String name) {
        return sqlite.rows(
                "SELECT part FROM parts JOIN sources ON sources.id = parts.source WHERE name = ?",
                s -> s.setString(1, name),
                row -> row.getString(1));
    }

    /**
     * What is known from a source, by latent: a label, or empty if the source said since {@code noneSince} that there
     * is none.
     *
     * @param noneSince seconds since the epoch
     */
    Map<Integer, Optional<String>> known(String name, long noneSince) {
        Map<Integer, Optional<String>> known = new LinkedHashMap<>();
        sqlite.rows(
                "SELECT latent, label FROM labels JOIN sources ON sources.id = labels.source"
                        + " WHERE name = ? AND (label IS NOT NULL OR asked >= ?) ORDER BY latent",
                s -> {
                    s.setString(1, name);
                    s.setLong(2, noneSince);
                },
                row -> known.put(row.getInt(1), Optional.ofNullable(row.getString(2))));
        return known;
    }

    /** Latents of a source whose labels contain all the words, best match first. */
    Map<Integer, String> search(String name, List<String> words, int most) {
        String query = words.stream()
                .map(word -> word.endsWith("*")
                        ? "\"" + word.substring(0, word.length() - 1) + "\"*"
                        : "\"" + word + "\"") // quoted, so that AND, OR and NEAR are ordinary words
                .collect(Collectors.joining(" "));
        Map<Integer, String> found = new LinkedHashMap<>();
        sqlite.rows(
                "SELECT latent, labels.label FROM words JOIN labels ON labels.id = words.rowid"
                        + " JOIN sources ON sources.id = labels.source"
                        + " WHERE words MATCH ? AND name = ? ORDER BY bm25(words), latent LIMIT ?",
                s -> {
                    s.setString(1, query);
                    s.setString(2, name);
                    s.setInt(3, most);
                },
                row -> found.put(row.getInt(1), row.getString(2)));
        return found;
    }

    @Override
    public void close() {
        sqlite.close();
    }
}
