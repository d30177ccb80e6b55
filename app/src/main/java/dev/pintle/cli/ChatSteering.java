package dev.pintle.cli;

import dev.pintle.chat.Message;
import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import dev.pintle.steering.Add;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
import dev.pintle.steering.VectorHints;
import dev.pintle.steering.VectorLibrary;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Steering inside a conversation: {@code /steer NAME STRENGTH}, {@code /vectors} and {@code /compare}. It holds what is added
 * at the moment; the model itself stays as it is.
 */
final class ChatSteering {
    /** What the commands do, for a list of commands. */
    static final List<String> HELP = List.of(
            "  /steer NAME STRENGTH   add a vector, by name or file; strength 0 takes it off",
            "  /vectors               what is added, and the names that can be",
            "  /compare [TEXT]        answer TEXT, or the last question, with and without steering");

    private final LanguageModel model;
    private final VectorLibrary library;
    private final boolean force;
    private final List<Intervention> given;
    private final Map<String, List<Add>> named = new LinkedHashMap<>();

    /** @param given interventions from the command line, which stay */
    ChatSteering(LanguageModel model, VectorLibrary library, List<? extends Intervention> given, boolean force) {
        this.model = model;
        this.library = library;
        this.given = List.copyOf(given);
        this.force = force;
    }

    /** The model as steered at the moment. */
    LanguageModel view() {
        List<Intervention> all = new ArrayList<>(given);
        named.values().forEach(all::addAll);
        return all.isEmpty() ? model : model.with(all);
    }

    /**
     * Does what a line asks for, if it is one of these commands.
     *
     * @param messages the conversation so far, which stays as it is
     * @return whether it was
     */
    boolean handle(String line, List<Message> messages, Decoding decoding, PrintWriter out) {
        String[] words = line.split("\\s+", 3);
        try {
            switch (words[0]) {
                case "/steer" -> steer(words, out);
                case "/vectors" -> list(out);
                case "/compare" -> compare(line.substring("/compare".length()).strip(), messages, decoding, out);
                default -> {
                    return false;
                }
            }
        } catch (PintleException | IllegalArgumentException e) {
            out.println(e.getMessage());
        }
        return true;
    }

    private void steer(String[] words, PrintWriter out) {
        double strength = strength(words);
        if (strength == 0) {
            out.println(named.remove(words[1]) == null ? words[1] + " was not added." : words[1] + " is off.");
            return;
        }
        List<SteeringVector> vectors = VectorFiles.readAll(library.find(words[1]), VectorHints.none());
        vectors.forEach(vector -> vector.requireFits(model, force));
        named.put(words[1], Add.addAll(vectors, strength));
        SteeringVector first = vectors.get(0);
        out.printf(Locale.ROOT, "%s is added at %s, %.3g times.%n", words[1], first.at(), strength);
        double typical = first.origin().meanActivationNorm();
        if (typical > 0) {
            out.printf(
                    Locale.ROOT,
                    "That is %.2f of an activation's length there (%.2f).%n",
                    Math.abs(strength) * first.direction().norm() / typical,
                    typical);
        }
    }

    private static double strength(String[] words) {
        try {
            if (words.length == 3) {
                double strength = Double.parseDouble(words[2]);
                if (Double.isFinite(strength)) {
                    return strength;
                }
            }
        } catch (NumberFormatException e) {
            // said below, with what was expected
        }
        throw Problem.of("The command needs a vector and a strength.")
                .fact("expected", "/steer NAME STRENGTH, such as /steer pirate 5")
                .fact("but was", String.join(" ", words))
                .toIllegalArgument();
    }

    private void list(PrintWriter out) {
        named.forEach((name, adds) -> out.printf(
                Locale.ROOT,
                "  %-20s added %.3g times at %s%n",
                name,
                adds.get(0).strength(),
                adds.get(0).at()));
        given.forEach(one -> out.printf(
                Locale.ROOT,
                "  %-20s %s at %s%n",
                "(command line)",
                one instanceof Add add ? String.format(Locale.ROOT, "added %.3g times", add.strength()) : "edit",
                one.at()));
        library.names().stream()
                .filter(name -> !named.containsKey(name))
                .forEach(name -> out.printf(Locale.ROOT, "  %-20s%n", name));
        if (named.isEmpty() && given.isEmpty() && library.names().isEmpty()) {
            out.println("No vector is added or saved. Save one with: pintle vector fit … --save NAME");
        }
    }

    private void compare(String text, List<Message> messages, Decoding decoding, PrintWriter out) {
        List<Message> asked = new ArrayList<>(messages);
        if (text.isEmpty()) {
            while (!asked.isEmpty() && !asked.get(asked.size() - 1).role().equals("user")) {
                asked.remove(asked.size() - 1);
            }
        } else {
            asked.add(Message.user(text));
        }
        if (asked.isEmpty() || !asked.get(asked.size() - 1).role().equals("user")) {
            throw Problem.of("There is no question to compare answers to.")
                    .fact("try", "/compare TEXT")
                    .toIllegalArgument();
        }
        out.println("unsteered: " + model.chat(asked, decoding).text());
        out.println("steered:   " + view().chat(asked, decoding).text());
    }
}
