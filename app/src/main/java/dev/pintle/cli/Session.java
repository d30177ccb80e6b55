package dev.pintle.cli;

import dev.pintle.hub.HubSettings;
import dev.pintle.hub.Variables;
import dev.pintle.library.Library;
import dev.pintle.sae.labels.LabelSettings;
import java.io.Console;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** What a command finds around it: the hub's settings, and a person at a terminal or none. */
interface Session {
    /** The user's own. */
    Session REAL = new Session() {};

    /** The session that a command runs in. */
    static Session of(CommandSpec spec) {
        return spec.root().userObject() instanceof Main main ? main.session() : REAL;
    }

    /** The user's library, which all parts of a command share; it is closed when the command ends. */
    static Library library(CommandSpec spec) {
        return spec.root().userObject() instanceof Main main ? main.library() : Library.open();
    }

    /** Where models come from. */
    default HubSettings hub() {
        return HubSettings.fromEnvironment();
    }

    /** Variables of the environment and of {@code .env}: addresses and keys of services. */
    default Map<String, String> variables() {
        return Variables.ofProcess();
    }

    /** Where sources of labels are. */
    default LabelSettings labels() {
        return LabelSettings.of(variables(), hub());
    }

    /** Folder for the user's data. */
    default Path data() {
        return Library.defaultFolder();
    }

    /** Shows a page in the user's browser where there is a desktop. */
    default void show(Path page) {
        Desktop.show(page);
    }

    /** Whether standard error, where progress goes, is a terminal; the launcher says so. */
    default boolean terminal() {
        return Boolean.getBoolean("pintle.terminal");
    }

    /** Whether somebody is there to answer a question. */
    @SuppressWarnings("SystemConsoleNull") // before Java 22 it is null; later isTerminal tells
    default boolean interactive() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try { // since Java 22 there is a console without a terminal too, and a method that tells
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true;
        } catch (IllegalAccessException | InvocationTargetException e) {
            return false;
        }
    }

    /** Whether the person at the terminal says yes. */
    @SuppressWarnings("SystemConsoleNull")
    default boolean confirms(String question) {
        Console console = System.console();
        String answer = console == null ? null : console.readLine("%s [y/N] ", question);
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    }
}
