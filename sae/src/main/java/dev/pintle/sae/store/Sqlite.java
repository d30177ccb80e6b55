package dev.pintle.sae.store;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
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
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;

/**
 * An SQLite file with a known schema. Several processes may use it concurrently; each write is one transaction, so a
 * killed process leaves the file as it was.
 */
public final class Sqlite implements AutoCloseable {
    private static final int BUSY_MILLIS = 15_000;

    private final Path file;
    private final String what;
    private final Connection connection;
    private int version;

    private Sqlite(Path file, String what, Connection connection) {
        this.file = file;
        this.what = what;
        this.connection = connection;
    }

    /**
     * The schema of a file.
     *
     * @param what what the file is, as the subject of a sentence: {@code The profile}
     * @param version version of the schema, from 1
     * @param earlier versions that are opened as they are, since their tables are the same
     * @param schema statements that create it
     */
    public record Layout(String what, int version, Set<Integer> earlier, List<String> schema) {
        /** No other version is opened. */
        public Layout(String what, int version, List<String> schema) {
            this(what, version, Set.of(), schema);
        }
    }

    /**
     * Opens a file, or creates it.
     *
     * @throws PintleException if it is something else, is damaged, or has another version
     */
    public static Sqlite open(Path file, Layout layout) {
        try {
            return connect(file, layout);
        } catch (IOException | SQLException e) {
            throw unusable(layout.what(), file, e);
        }
    }

    /**
     * As {@link #open}, for a file that is only a cache: a damaged one is renamed to {@code NAME.damaged} and replaced.
     */
    public static Sqlite openOrReplace(Path file, Layout layout) {
        try {
            try {
                return connect(file, layout);
            } catch (SQLException e) {
                if (e.getErrorCode() != SQLiteErrorCode.SQLITE_NOTADB.code
                        && e.getErrorCode() != SQLiteErrorCode.SQLITE_CORRUPT.code) {
                    throw e;
                }
                Files.move(
                        file,
                        file.resolveSibling(file.getFileName() + ".damaged"),
                        StandardCopyOption.REPLACE_EXISTING);
                return connect(file, layout);
            }
        } catch (IOException | SQLException e) {
            throw unusable(layout.what(), file, e);
        }
    }

    private static Sqlite connect(Path file, Layout layout) throws IOException, SQLException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(BUSY_MILLIS);
        Connection connection =
                DriverManager.getConnection("jdbc:sqlite:" + file.toAbsolutePath(), config.toProperties());
        Sqlite sqlite = new Sqlite(file, layout.what(), connection);
        try {
            int found = (int) sqlite.number("PRAGMA user_version");
            sqlite.version = found == layout.version() ? found : sqlite.inTransaction(() -> sqlite.prepare(layout));
            return sqlite;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private int prepare(Layout layout) throws SQLException {
        long version = number("PRAGMA user_version"); // another process may have created it in the meantime
        if (version == 0) {
            if (number("SELECT count(*) FROM sqlite_schema") > 0) {
                throw new SQLException("an unrelated database");
            }
            try (Statement statement = connection.createStatement()) {
                for (String sql : layout.schema()) {
                    statement.execute(sql);
                }
                statement.execute("PRAGMA user_version = " + layout.version());
            }
            return layout.version();
        }
        if (version != layout.version() && !layout.earlier().contains((int) version)) {
            throw new SQLException("written by another version of Pintle (layout " + version + ")");
        }
        return (int) version;
    }

    /** The version of the file's schema. */
    public int version() {
        return version;
    }

    private static PintleException unusable(String what, Path file, Exception e) {
        return Problem.of(what + " cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("cause", e)
                .toException(e);
    }

    // ---------------------------------------------------------------- reading and writing

    /** Work to do in a transaction. */
    public interface Work<T> {
        /** Does the work. */
        T done() throws SQLException;
    }

    /** Sets the parameters of a statement. */
    public interface Parameters {
        /** Sets them. */
        void set(PreparedStatement statement) throws SQLException;
    }

    /** Maps a row to a value. */
    public interface Row<T> {
        /** Maps it. */
        T of(ResultSet row) throws SQLException;
    }

    /** The rows of a query. */
    public <T> List<T> rows(String query, Parameters parameters, Row<T> row) {
        try (PreparedStatement select = connection.prepareStatement(query)) {
            parameters.set(select);
            List<T> all = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    all.add(row.of(rows));
                }
            }
            return all;
        } catch (SQLException e) {
            throw unusable(what, file, e);
        }
    }

    /** The first row of a query, if there is one. */
    public <T> Optional<T> first(String query, Parameters parameters, Row<T> row) {
        return rows(query, parameters, row).stream().findFirst();
    }

    /** Runs a statement once. */
    public void run(String sql, Parameters parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            parameters.set(statement);
            statement.executeUpdate();
        }
    }

    /** Sets a statement's parameters from an item. */
    public interface ItemParameters<T> {
        /** Sets them. */
        void set(PreparedStatement statement, T item) throws SQLException;
    }

    /** Runs a statement once per item. */
    public <T> void each(String sql, Iterable<T> items, ItemParameters<T> parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (T item : items) {
                parameters.set(statement, item);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Runs the work in one transaction: all of it takes effect, or nothing. */
    public <T> T write(Work<T> work) {
        try {
            return inTransaction(work);
        } catch (SQLException e) {
            throw unusable(what, file, e);
        }
    }

    private <T> T inTransaction(Work<T> work) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("BEGIN IMMEDIATE"); // the driver's own transactions would hold the lock between writes
            try {
                T result = work.done();
                statement.execute("COMMIT");
                return result;
            } catch (SQLException | RuntimeException e) {
                try {
                    statement.execute("ROLLBACK");
                } catch (SQLException again) {
                    e.addSuppressed(again);
                }
                throw e;
            }
        }
    }

    private long number(String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.getLong(1);
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw unusable(what, file, e);
        }
    }
}
