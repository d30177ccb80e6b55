package dev.pintle.cli;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.text.Message;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Steering within a conversation: {@code /steer NAME STRENGTH}, {@code /vectors} and {@code /compare}. Holds the vectors
 * that are currently added; the model itself is not changed.
 */
final class ChatSteering {
    private final LanguageModel model;
    private final VectorLibrary library;
    private final boolean force;
    private final List<Intervention> given;
    private final Map<String, Added> named = new LinkedHashMap<>();

    /** The additions under one name, and their strength in words, in both units. */
    private record Added(List<Add> adds, String strength) {}

    /** @param given interventions from the command line, which are always active */
    ChatSteering(LanguageModel model, VectorLibrary library, List<? extends Intervention> given, boolean force) {
        this.model = model;
        this.library = library;
        this.given = List.copyOf(given);
        this.force = force;
    }

    /** A view of the model with the current steering. */
    LanguageModel view() {
        List<Intervention> all = new ArrayList<>(given);
        named.values().forEach(added -> all.addAll(added.adds()));
        return all.isEmpty() ? model : model.with(all);
    }

    /**
     * Executes a line if it is one of these commands.
     *
     * @param messages the conversation so far; not modified
     * @return whether the line was one of these commands
     */
    boolean handle(String line, List<Message> messages, AnswerSettings settings, PrintWriter out) {
        String[] words = line.split("\\s+", 3);
        try {
            switch (words[0]) {
                case "/steer" -> steer(words, out);
                case "/vectors" -> list(out);
                case "/compare" -> compare(line.substring("/compare".length()).strip(), messages, settings, out);
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
        Strength strength = strength(words);
        if (strength.value() == 0) {
            out.println(named.remove(words[1]) == null ? words[1] + " was not added." : words[1] + " is off.");
            return;
        }
        List<SteeringVector> vectors = VectorFiles.readAll(
                library.find(words[1]), VectorHints.none().blocks(model.config().nLayers()));
        vectors.forEach(vector -> vector.requireFits(model, force));
        SteeringVector first = vectors.get(0);
        Added added = new Added(Add.addAll(vectors, strength), strength.describe(first));
        named.put(words[1], added);
        out.printf("%s is added at %s: %s.%n", words[1], first.at(), added.strength());
    }

    private static Strength strength(String[] words) {
        if (words.length != 3) {
            throw Problem.of("The command needs a vector and a strength.")
                    .fact("expected", "/steer NAME STRENGTH, such as /steer pirate 0.45")
                    .fact("but was", String.join(" ", words))
                    .toIllegalArgument();
        }
        return Strength.parse(words[2]);
    }

    private void list(PrintWriter out) {
        named.forEach((name, added) -> out.printf(
                "  %-20s added at %s: %s%n", name, added.adds().get(0).at(), added.strength()));
        given.forEach(one -> out.printf(
                Locale.ROOT,
                "  %-20s %s at %s%n",
                "(command line)",
                one instanceof Add add
                        ? String.format(Locale.ROOT, "added, raw multiplier %.3g,", add.strength())
                        : "edit",
                one.at()));
        library.names().stream()
                .filter(name -> !named.containsKey(name))
                .forEach(name -> out.printf(Locale.ROOT, "  %-20s%n", name));
        if (named.isEmpty() && given.isEmpty() && library.names().isEmpty()) {
            out.println("No vector is active or saved. Save one with: pintle vector fit … --save NAME");
        }
    }

    private void compare(String text, List<Message> messages, AnswerSettings settings, PrintWriter out) {
        List<Message> asked = new ArrayList<>(messages);
        if (text.isEmpty()) {
            while (!asked.isEmpty() && !asked.get(asked.size() - 1).role().equals("user")) {
                asked.remove(asked.size() - 1);
            }
        } else {
            asked.add(Message.user(text));
        }
        if (asked.isEmpty() || !asked.get(asked.size() - 1).role().equals("user")) {
            throw Problem.of("There is no question to compare answers on.")
                    .fact("try", "/compare TEXT")
                    .toIllegalArgument();
        }
        List<GenerationRequest> request = List.of(settings.request(model.chatTokens(asked)));
        out.println("unsteered: " + text(model, request));
        out.println("steered:   " + text(view(), request));
    }

    private static String text(LanguageModel model, List<GenerationRequest> request) {
        return model.generate(request, GenerationListener.SILENT).get(0).text();
    }
}
