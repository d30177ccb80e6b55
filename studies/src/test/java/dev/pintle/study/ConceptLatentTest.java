package dev.pintle.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.study.LatentCandidate.Because;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConceptLatentTest {
    private static LanguageModel model;
    private static SparseAutoencoder sae;
    private static LatentLabels labels;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
        labels = LatentLabels.read(Golden.parley().resolve("labels.jsonl"));
    }

    @AfterAll
    static void close() {
        sae.close();
        model.close();
    }

    private List<LatentCandidate> candidates(String style, boolean labelled, int target) {
        ObjectNode settings = StudyPresets.embedded(Golden.parley(), style);
        settings.put("target_latent", target);
        return new StudySubject(
                        model,
                        sae,
                        wanted -> {
                            Map<Integer, String> found = new LinkedHashMap<>();
                            if (labelled) {
                                wanted.forEach(
                                        latent -> labels.label(latent).ifPresent(label -> found.put(latent, label)));
                            }
                            return found;
                        },
                        StudyPresets.settings(StudyPresets.common(), settings),
                        folder)
                .candidates();
    }

    @Test
    void the_latent_of_a_style_is_the_one_whose_label_and_decoder_row_tell_it() {
        List<LatentCandidate> pirate = candidates("pirate", true, -1);
        assertThat(pirate.get(0).latent()).isEqualTo(146);
        assertThat(pirate.get(0).label()).isEqualTo("conversation held in pirate style");
        assertThat(pirate.get(0).because()).isEqualTo(Because.LABEL);
        assertThat(pirate.get(0).decoderCosine()).isBetween(0.69, 0.71);
    }

    @Test
    void what_steering_raises_most_stands_beside_it() {
        LatentCandidate raised = candidates("pirate", true, -1).get(1);
        assertThat(raised.latent()).isEqualTo(933);
        assertThat(raised.label()).isEqualTo("the token \"user\" in user turn");
        assertThat(raised.because()).isEqualTo(Because.RAISED);
        assertThat(raised.decoderCosine()).isLessThan(0.3);
    }

    @Test
    void without_labels_the_nearest_decoder_row_is_chosen() {
        List<LatentCandidate> pirate = candidates("pirate", false, -1);
        assertThat(pirate.get(0).latent()).isEqualTo(146);
        assertThat(pirate.get(0).because()).isEqualTo(Because.DECODER_ROW);
        assertThat(pirate.get(0).label()).isEmpty();
    }

    @Test
    void a_latent_of_the_settings_goes_before_all_others() {
        List<LatentCandidate> named = candidates("pirate", true, 7);
        assertThat(named)
                .extracting(LatentCandidate::because)
                .containsExactly(Because.SETTINGS, Because.LABEL, Because.RAISED);
        assertThat(named.get(0).latent()).isEqualTo(7);
    }

    @Test
    void one_latent_is_one_candidate_whatever_speaks_for_it() {
        assertThat(candidates("robot", true, -1))
                .extracting(LatentCandidate::latent)
                .containsExactly(83);
    }

    @Test
    void labels_name_a_concept_by_all_of_it_or_by_a_longer_word_of_it() {
        assertThat(ConceptLatent.names("Conversation held in Pirate style", "pirate"))
                .isTrue();
        assertThat(ConceptLatent.names("roleplay as a pirate", "to talk like a pirate"))
                .isTrue();
        assertThat(ConceptLatent.names("a tale of the sea", "be a")).isFalse();
        assertThat(ConceptLatent.names("anything", "")).isFalse();
        assertThat(ConceptLatent.names("", "pirate")).isFalse();
    }
}
