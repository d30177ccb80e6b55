package dev.pintle.library.steer;

import dev.pintle.steering.Intervention;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What acts: the interventions of a {@link SteeringSpec}, with everything found and resolved.
 *
 * @param effects in order
 */
public record Steering(List<Effect> effects) {
    /** Copies the list. */
    public Steering {
        effects = List.copyOf(effects);
    }

    /** Nothing acts. */
    public static Steering none() {
        return new Steering(List.of());
    }

    /**
     * One entry, or several latents that are changed together.
     *
     * @param interventions one per hook point
     * @param facts what it was resolved to, by name, for JSON
     */
    public record Effect(List<Intervention> interventions, Map<String, Object> facts) {
        /** Copies both. */
        public Effect {
            interventions = List.copyOf(interventions);
            facts = new LinkedHashMap<>(facts);
        }

        /** The hook points at which it acts. */
        List<HookPoint> points() {
            return interventions.stream().map(Intervention::at).toList();
        }
    }

    /** All interventions, in order. */
    public List<Intervention> interventions() {
        return effects.stream()
                .flatMap(effect -> effect.interventions().stream())
                .toList();
    }

    /** What each entry was resolved to, for JSON. */
    public List<Map<String, Object>> facts() {
        return effects.stream().map(Effect::facts).toList();
    }

    /**
     * The same, with the number of tokens that each acted on. A conditional entry counts the tokens that were judged.
     *
     * @param promptLength in tokens
     * @param length of the sequence that was run, in tokens
     */
    public List<Map<String, Object>> facts(int promptLength, int length) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Effect effect : effects) {
            Map<String, Object> facts = new LinkedHashMap<>(effect.facts());
            int acted = 0;
            for (int position = 0; position < length; position++) {
                if (effect.interventions().get(0).tokens().include(position, promptLength)) {
                    acted++;
                }
            }
            facts.put(facts.containsKey("when") ? "tokens_judged" : "tokens_acted_on", acted);
            all.add(facts);
        }
        return all;
    }
}
