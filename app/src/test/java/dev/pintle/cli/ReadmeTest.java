package dev.pintle.cli;

import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.sae.Decompose.encodeScaled;
import static dev.pintle.sae.LatentChange.ablate;
import static dev.pintle.sae.LatentChange.clamp;
import static dev.pintle.sae.SaeEdit.edit;
import static dev.pintle.steering.Add.add;
import static dev.pintle.steering.Contrast.afterLastDifference;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.Decomposition;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    @Test
    void the_program_in_the_readme_prints_what_the_readme_says() {
        HookPoint at = HookPoint.residPost(3);
        try (LanguageModel model = LanguageModel.load("parley-7m", Device.best(), DType.FP32)) {

            ContrastPair pair = ContrastPair.ofSystemPrompts(
                    "The assistant should talk like a pirate.", "The assistant should act normally.");
            SteeringVector pirate = SteeringVector.fit(model, at, afterLastDifference(pair));
            double strength = 0.45 * pirate.origin().meanActivationNorm();
            assertThat(model.with(add(pirate, strength))
                            .chat("Tell me about the whale.", greedy(48))
                            .text())
                    .isEqualTo("Ahoy there! Th' whale be a huge beast. Th' whale be blue.");

            try (SparseAutoencoder sae =
                    SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), model.device())) {
                Decomposition parts =
                        sae.decompose(pirate, encodeScaled(pirate.origin().meanActivationNorm()));
                assertThat(parts.terms().stream().limit(3).map(term -> term.latent()))
                        .containsExactly(933, 146, 691);
                assertThat(parts.relativeError()).isBetween(2.51, 2.53);
            }
        }
    }

    @Test
    void the_program_in_the_document_on_autoencoders_steers_by_latents() {
        try (LanguageModel model = LanguageModel.load("parley-7m", Device.best(), DType.FP32);
                SparseAutoencoder sae = SparseAutoencoder.load("parley-7m-sae-l3", model.device(), DType.FP32)) {

            LanguageModel steered = model.with(edit(sae, clamp(146, 6), ablate(628)));
            assertThat(steered.chat("Tell me about the whale.", greedy(48)).text())
                    .isEqualTo("Ahoy there! Th' whale be a huge beast. Th' whale be blue. Ye may hear that th' whale"
                            + " sings.");
        }
    }
}
