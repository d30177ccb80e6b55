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

/** A command's environment: settings, the user's data, and whether somebody is at a terminal. */
public interface Session {
    /** The environment of this process. */
    Session REAL = new Session() {};

    /** The session that a command runs in. */
    static Session of(CommandSpec spec) {
        return spec.root().userObject() instanceof Main main ? main.session() : REAL;
    }

    /** The user's library, shared by all parts of a command and closed when it ends. */
    static Library library(CommandSpec spec) {
        return spec.root().userObject() instanceof Main main ? main.library() : Library.open();
    }

    /** Settings of the Hugging Face hub and its cache. */
    default HubSettings hub() {
        return HubSettings.fromEnvironment();
    }

    /** Variables from the environment and {@code .env}: URLs and API keys of services. */
    default Map<String, String> variables() {
        return Variables.ofProcess();
    }

    /** Settings of the label sources. */
    default LabelSettings labels() {
        return LabelSettings.of(variables(), hub());
    }

    /** Folder for the user's data. */
    default Path data() {
        return Library.defaultFolder();
    }

    /** Opens a page in the user's browser if there is a desktop. */
    default void show(Path page) {
        Desktop.show(page.toString());
    }

    /** Whether standard error, where progress goes, is a terminal, according to the launcher. */
    default boolean terminal() {
        return Boolean.getBoolean("pintle.terminal");
    }

    /** Whether somebody is there to answer a question. */
    @SuppressWarnings("SystemConsoleNull") // null without a terminal before Java 22; isTerminal says since
    default boolean interactive() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try { // since Java 22 there may be a console without a terminal; isTerminal says
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true;
        } catch (IllegalAccessException | InvocationTargetException e) {
            return false;
        }
    }

    /** Asks a yes-or-no question at the terminal; false without one. */
    @SuppressWarnings("SystemConsoleNull")
    default boolean confirms(String question) {
        Console console = System.console();
        String answer = console == null ? null : console.readLine("%s [y/N] ", question);
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    }
}
