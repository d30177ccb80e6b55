package dev.pintle.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.steering.Strength;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class StudySettingsTest {
    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static StudySettings over(ObjectNode preset, ObjectNode given) {
        ObjectNode needed = object().put("positive", "Be glad.");
        needed.putArray("prefixes").add("I");
        return StudyPresets.settings(StudyPresets.common(), preset, needed, given);
    }

    @Test
    void strengths_of_settings_are_norms_or_factors() {
        assertThat(over(object(), object()).steering().strength()).isEqualTo(Strength.norms(0.7));
        assertThat(over(object(), object().put("strength", 0.25)).steering().strength())
                .isEqualTo(Strength.norms(0.25));
        assertThat(over(object(), object().put("strength", "12abs")).steering().strength())
                .isEqualTo(Strength.factor(12));
        ObjectNode sweep = object();
        sweep.putArray("strengths").add("3abs").add("6abs");
        assertThat(over(object(), sweep).quality().strengths())
                .isEqualTo(List.of(Strength.factor(3), Strength.factor(6)));
    }

    @Test
    void earlier_settings_keep_their_meaning() {
        assertThat(over(object(), object().put("coefficient", 12)).steering().strength())
                .isEqualTo(Strength.factor(12));
        assertThat(over(object(), object().put("coefficient", 12).put("strength", 0.7))
                        .steering()
                        .strength())
                .isEqualTo(Strength.factor(12));
        assertThat(over(object(), object().put("coefficient", 0).put("strength", 0.3))
                        .steering()
                        .strength())
                .isEqualTo(Strength.norms(0.3));
        ObjectNode kept = (ObjectNode) StudyJson.tree(over(object(), object()));
        kept.put("coefficient", 8.5).put("strength", 0);
        StudySettings read =
                StudyJson.read(kept.toString().getBytes(StandardCharsets.UTF_8), StudySettings.class, "a run");
        assertThat(read.steering().strength()).isEqualTo(Strength.factor(8.5));
    }

    @Test
    void a_strength_over_a_preset_of_a_factor_counts() {
        assertThat(over(StudyPresets.original(), object()).steering().strength())
                .isEqualTo(Strength.factor(12));
        assertThat(over(StudyPresets.original(), object().put("strength", 0.5))
                        .steering()
                        .strength())
                .isEqualTo(Strength.norms(0.5));
    }

    @Test
    void a_strength_that_cannot_be_read_is_named() {
        assertThatThrownBy(() -> over(object(), object().put("strength", "lots")))
                .hasMessageStartingWith("This is not a valid strength.\n");
        assertThatThrownBy(() -> over(object(), object().put("strength", 0)))
                .hasMessageContaining("setting:  strength");
        ObjectNode mixed = object();
        mixed.putArray("strengths").add("3abs").add(0.6);
        assertThatThrownBy(() -> over(object(), mixed)).hasMessageContaining("setting:  strengths");
    }

    @Test
    void a_method_that_is_not_known_is_refused_with_the_names_there_are() {
        assertThat(over(object(), object().put("vector", "last-position"))
                        .steering()
                        .vector())
                .isEqualTo(StudyVector.LAST_POSITION);
        for (String unknown : List.of("last-positions", "Last-Position", "diff-mean", "none")) {
            assertThatThrownBy(() -> over(object(), object().put("vector", unknown)))
                    .hasMessage("""
                            A setting of the studies cannot be used.
                              setting:  vector
                              expected: all-positions, after-last-difference, last-position
                              but was:  %s""".formatted(unknown));
        }
    }

    @Test
    void settings_are_one_flat_object_with_the_keys_they_have_always_had() {
        assertThat(StudyJson.tree(over(object(), object())).fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "concept",
                        "positive",
                        "neutral",
                        "user",
                        "question",
                        "prefixes",
                        "vector",
                        "strength",
                        "target_latent",
                        "latent_amount",
                        "sequence_question",
                        "sequence_answer",
                        "questions",
                        "marker",
                        "strengths",
                        "max_new_tokens",
                        "other_saes",
                        "tuple_prompt");
    }

    @Test
    void a_key_that_is_not_known_is_refused_with_those_that_are() {
        assertThatThrownBy(() -> over(object(), object().put("strenght", 0.5)))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        The JSON cannot be used.
                          where:       settings of the studies
                          unknown key: strenght
                          known keys:  concept, marker, positive, neutral, user, question, prefixes, tuple_prompt, max_new_tokens, vector, strength, target_latent, latent_amount, sequence_question, sequence_answer, questions, strengths, other_saes""");
        for (String group : List.of("contrast", "steering", "quality")) {
            assertThatThrownBy(() -> over(object(), object().put(group, 1)))
                    .hasMessageContaining("unknown key: " + group);
        }
    }

    @Test
    void a_key_that_is_missing_is_named() {
        ObjectNode settings = (ObjectNode) StudyJson.tree(over(object(), object()));
        settings.remove("latent_amount");
        byte[] json = settings.toString().getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> StudyJson.read(json, StudySettings.class, "a run"))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("latent_amount");
    }

    @Test
    void nothing_is_read_from_an_empty_file() {
        assertThatThrownBy(() -> StudyJson.read(new byte[0], StudySettings.class, "a run"))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("The JSON cannot be used.\n  where: a run\n");
    }
}
