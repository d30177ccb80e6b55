package dev.pintle.cli;

import dev.pintle.hub.HubSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;

/**
 * A command as a user runs it, and what came of it.
 *
 * @param out what it printed
 * @param err what it printed of progress and problems
 */
record CommandRun(int status, String out, String err) {
    /** Runs a command of a user who has a folder, no terminal and no other variables than these. */
    static CommandRun of(Path folder, Map<String, String> variables, String... args) {
        return of(new FolderSession(folder, variables), args);
    }

    static CommandRun of(Session session, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.run(session, new PrintWriter(out), new PrintWriter(err), args);
        return new CommandRun(status, out.toString(), err.toString());
    }

    /** All that is the user's lies in one folder. */
    private record FolderSession(Path folder, Map<String, String> variables) implements Session {
        @Override
        public HubSettings hub() {
            return HubSettings.read(variables, folder, folder);
        }

        @Override
        public Path data() {
            return folder.resolve("data");
        }

        @Override
        public boolean terminal() {
            return false;
        }
    }
}
