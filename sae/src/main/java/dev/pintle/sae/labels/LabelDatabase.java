package dev.pintle.sae.labels;

import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;

/**
 * Labels of many sources in one SQLite file with a full-text index (FTS5, ranked by BM25). Several processes may use it at
 * once, and a process that is killed leaves it as it was before what it was doing. What it holds can be had again, so a
 * damaged file is set aside and begun anew.
 */
final class LabelDatabase implements AutoCloseable {
    private static final int VERSION = 1;
    private static final int BUSY_MILLIS = 15_000;
    private static final String[] SCHEMA = {
        "CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL DEFAULT '')",
        "CREATE TABLE parts (source INTEGER NOT NULL, part TEXT NOT NULL, PRIMARY KEY (source, part))",
        "CREATE TABLE labels (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, latent INTEGER NOT NULL, label TEXT,"
                + " asked INTEGER NOT NULL, UNIQUE (source, latent))",
        "CREATE VIRTUAL TABLE words USING fts5(label, content='labels', content_rowid='id',"
                + " tokenize='porter unicode61 remove_diacritics 2')",
        "CREATE TRIGGER added AFTER INSERT ON labels BEGIN"
                + " INSERT INTO words(rowid, label) VALUES (new.id, new.label); END",
        "CREATE TRIGGER removed AFTER DELETE ON labels BEGIN"
                + " INSERT INTO words(words, rowid, label) VALUES ('delete', old.id, old.label); END",
        "CREATE TRIGGER changed AFTER UPDATE ON labels BEGIN"
                + " INSERT INTO words(words, rowid, label) VALUES ('delete', old.id, old.label);"
                + " INSERT INTO words(rowid, label) VALUES (new.id, new.label); END",
        "PRAGMA user_version = " + VERSION
    };

    private final Connection connection;

    private LabelDatabase(Connection connection) {
        this.connection = connection;
    }

    /** Opens or makes a file. */
    static LabelDatabase open(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try {
                return connect(file);
            } catch (SQLException e) {
                if (e.getErrorCode() != SQLiteErrorCode.SQLITE_NOTADB.code
                        && e.getErrorCode() != SQLiteErrorCode.SQLITE_CORRUPT.code) {
                    throw e;
                }
                Files.move(
                        file,
                        file.resolveSibling(file.getFileName() + ".damaged"),
                        StandardCopyOption.REPLACE_EXISTING);
                return connect(file);
            }
        } catch (IOException | SQLException e) {
            throw Problem.of("The store of labels cannot be used.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e.getMessage())
                    .fact("try", "another folder in PINTLE_DATA, or removing the file: it holds copies only")
                    .toException(e);
        }
    }

    private static LabelDatabase connect(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(BUSY_MILLIS);
        config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
        Connection connection =
                DriverManager.getConnection("jdbc:sqlite:" + file.toAbsolutePath(), config.toProperties());
        try {
            LabelDatabase database = new LabelDatabase(connection);
            database.prepare();
            return database;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private void prepare() throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            int version;
            try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
                version = row.getInt(1);
            }
            if (version == 0) {
                for (String sql : SCHEMA) {
                    statement.execute(sql);
                }
            } else if (version != VERSION) {
                throw new SQLException("made by another version of Pintle (layout " + version + ")");
            }
            try (ResultSet row = statement.executeQuery("SELECT count(*) FROM sources")) {
                row.next(); // reads a page, so that damage shows here
            }
        }
        connection.commit();
    }

    /** Something done within one transaction. */
    private interface Work<T> {
        T done() throws SQLException;
    }

    private <T> T transaction(Work<T> work) {
        try {
            T result = work.done();
            connection.commit();
            return result;
        } catch (SQLException e) {
            try {
                connection.rollback();
            } catch (SQLException again) {
                e.addSuppressed(again);
            }
            throw failed(e);
        }
    }

    private static PintleException failed(SQLException e) {
        return Problem.of("The store of labels cannot be used.")
                .fact("cause", e.getMessage())
                .toException(e);
    }

    private long source(String name) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT OR IGNORE INTO sources(name) VALUES (?)")) {
            insert.setString(1, name);
            insert.executeUpdate();
        }
        try (PreparedStatement select = connection.prepareStatement("SELECT id FROM sources WHERE name = ?")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** What a source's labels were made from, as {@link #replace} noted it. */
    String stamp(String name) {
        return transaction(() -> {
            try (PreparedStatement select = connection.prepareStatement("SELECT stamp FROM sources WHERE name = ?")) {
                select.setString(1, name);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? row.getString(1) : "";
                }
            }
        });
    }

    /** Forgets a source's labels and keeps others. */
    void replace(String name, String stamp, Map<Integer, String> labels) {
        transaction(() -> {
            long id = source(name);
            try (Statement statement = connection.createStatement()) {
                statement.execute("DELETE FROM labels WHERE source = " + id);
            }
            insert(id, labels);
            try (PreparedStatement update = connection.prepareStatement("UPDATE sources SET stamp = ? WHERE id = ?")) {
                update.setString(1, stamp);
                update.setLong(2, id);
                update.executeUpdate();
            }
            return labels.size();
        });
    }

    /** Keeps what a source said: labels, and for latents without one that it said so. */
    void keep(String name, Map<Integer, String> labels, Collection<Integer> without) {
        transaction(() -> {
            long id = source(name);
            insert(id, labels);
            try (PreparedStatement none = connection.prepareStatement(
                    "INSERT INTO labels(source, latent, label, asked) VALUES (?, ?, NULL, ?)"
                            + " ON CONFLICT(source, latent) DO UPDATE SET asked = excluded.asked")) {
                for (int latent : without) {
                    none.setLong(1, id);
                    none.setInt(2, latent);
                    none.setLong(3, System.currentTimeMillis() / 1000);
                    none.addBatch();
                }
                none.executeBatch();
            }
            return labels.size();
        });
    }

    /** Keeps one file of a wholesale source and that it was read. */
    void keepPart(String name, String part, Map<Integer, String> labels) {
        transaction(() -> {
            long id = source(name);
            insert(id, labels);
            try (PreparedStatement done =
                    connection.prepareStatement("INSERT OR IGNORE INTO parts(source, part) VALUES (?, ?)")) {
                done.setLong(1, id);
                done.setString(2, part);
                done.executeUpdate();
            }
            return labels.size();
        });
    }

    private void insert(long source, Map<Integer, String> labels) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO labels(source, latent, label, asked) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT(source, latent) DO UPDATE SET label = excluded.label, asked = excluded.asked")) {
            for (Map.Entry<Integer, String> entry : labels.entrySet()) {
                insert.setLong(1, source);
                insert.setInt(2, entry.getKey());
                insert.setString(3, entry.getValue());
                insert.setLong(4, System.currentTimeMillis() / 1000);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /** Files of a wholesale source that were read; {@code ""} among them once all were. */
    List<String> parts(String name) {
        return transaction(() -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "SELECT part FROM parts JOIN sources ON sources.id = parts.source WHERE name = ?")) {
                select.setString(1, name);
                try (ResultSet rows = select.executeQuery()) {
                    List<String> parts = new ArrayList<>();
                    while (rows.next()) {
                        parts.add(rows.getString(1));
                    }
                    return parts;
                }
            }
        });
    }

    /**
     * What is known of a source, by latent: a label, or empty where it said that there is none since {@code noneSince}.
     *
     * @param noneSince seconds since 1970
     */
    Map<Integer, Optional<String>> known(String name, long noneSince) {
        return transaction(() -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "SELECT latent, label FROM labels JOIN sources ON sources.id = labels.source"
                            + " WHERE name = ? AND (label IS NOT NULL OR asked >= ?) ORDER BY latent")) {
                select.setString(1, name);
                select.setLong(2, noneSince);
                try (ResultSet rows = select.executeQuery()) {
                    Map<Integer, Optional<String>> known = new LinkedHashMap<>();
                    while (rows.next()) {
                        known.put(rows.getInt(1), Optional.ofNullable(rows.getString(2)));
                    }
                    return known;
                }
            }
        });
    }

    /** Latents of a source whose labels have all the words, best first. */
    Map<Integer, String> search(String name, List<String> words, int most) {
        String query = words.stream()
                .map(word -> word.endsWith("*")
                        ? "\"" + word.substring(0, word.length() - 1).replace("\"", "") + "\"*"
                        : "\"" + word.replace("\"", "") + "\"")
                .collect(Collectors.joining(" "));
        return transaction(() -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "SELECT latent, labels.label FROM words JOIN labels ON labels.id = words.rowid"
                            + " JOIN sources ON sources.id = labels.source"
                            + " WHERE words MATCH ? AND name = ? ORDER BY bm25(words), latent LIMIT ?")) {
                select.setString(1, query);
                select.setString(2, name);
                select.setInt(3, most);
                try (ResultSet rows = select.executeQuery()) {
                    Map<Integer, String> found = new LinkedHashMap<>();
                    while (rows.next()) {
                        found.put(rows.getInt(1), rows.getString(2));
                    }
                    return found;
                }
            }
        });
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failed(e);
        }
    }
}
