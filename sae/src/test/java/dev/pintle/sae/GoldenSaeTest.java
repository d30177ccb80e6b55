package dev.pintle.sae;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GoldenSaeTest {
    private static final double RELATIVE = 1e-5;
    private static final JsonNode STUDIES = Golden.json("studies.json");
    private static final JsonNode VECTORS = Golden.json("vectors.json");

    private static SparseAutoencoder sae;
    private static Checkpoint tensors;

    @BeforeAll
    static void load() {
        sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), TestDevice.current());
        tensors = SafeTensors.open(Golden.folder().resolve("parley.safetensors"));
    }

    @AfterAll
    static void close() {
        tensors.close();
        sae.close();
    }

    @Test
    void the_layer_is_read_from_the_file_name() {
        assertThat(String.valueOf(sae.at())).isEqualTo("blocks.3.hook_resid_post");
    }

    @Test
    void encoding_and_decoding_match_the_reference() {
        try (TensorScope scope = TensorScope.open("test")) {
            for (String name : tensors.names()) {
                if (name.startsWith("sae.") && name.endsWith(".activations")) {
                    String prefix = name.substring(0, name.length() - "activations".length());
                    assertThatTensor(sae.encode(tensors.tensor(name).to(TestDevice.current())))
                            .isCloseTo(tensors.tensor(prefix + "latents"), RELATIVE);
                    assertThatTensor(sae.decode(
                                    tensors.tensor(prefix + "latents").to(TestDevice.current())))
                            .isCloseTo(tensors.tensor(prefix + "reconstruction"), RELATIVE);
                }
            }
        }
    }

    @Test
    void decompositions_match_the_reference() {
        assertThat(sae.decoderBias().norm())
                .isCloseTo(STUDIES.get("decoder_bias_norm").asDouble(), within(1e-5));
        for (Map.Entry<String, JsonNode> style : STUDIES.get("styles").properties()) {
            double typical = VECTORS.at("/styles/" + style.getKey() + "/mean_activation_norm")
                    .asDouble();
            for (String how : List.of("all_positions", "after_last_difference", "last_position")) {
                JsonNode expected = style.getValue().get(how);
                Vec vector;
                try (TensorScope scope = TensorScope.open("vector")) {
                    vector = tensors.tensor("vector." + style.getKey() + "." + how)
                            .toVec();
                }
                Decomposition plain = sae.decompose(vector, Decompose.encode());
                assertThat(plain.terms()).hasSize(expected.get("active").asInt());
                assertThat(plain.zeroTerms())
                        .hasSize(STUDIES.get("encode_zero_active").asInt());
                assertClose(plain.relativeError(), expected.get("relative_error"));
                assertClose(plain.relativeErrorWithoutBias(), expected.get("relative_error_without_bias"));
                assertClose(plain.reconstruction().norm(), expected.get("reconstruction_norm"));
                assertThat(plain.cosine())
                        .isCloseTo(expected.get("cosine_reconstruction").asDouble(), within(1e-5));
                Decomposition scaled = sae.decompose(vector, Decompose.encodeScaled(typical));
                assertThat(scaled.terms()).hasSize(expected.get("scaled_active").asInt());
                assertClose(scaled.relativeError(), expected.get("scaled_relative_error"));
                assertClose(scaled.relativeErrorWithoutBias(), expected.get("scaled_relative_error_without_bias"));
                for (int i = 0; i < expected.get("scaled_top").size(); i++) {
                    JsonNode term = expected.get("scaled_top").get(i);
                    assertThat(scaled.terms().get(i).latent())
                            .isEqualTo(term.get(0).asInt());
                    assertClose(scaled.terms().get(i).activation(), term.get(1));
                }
            }
        }
    }

    private static void assertClose(double actual, JsonNode expected) {
        assertThat(actual).isCloseTo(expected.asDouble(), within(2e-5 * Math.max(1, Math.abs(expected.asDouble()))));
    }
}
