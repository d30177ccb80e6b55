package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts are encoded after the token that the texts of an autoencoder's training start with. */
class TrainingStartTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String ENCODE = "/pintle/v1/saes/org%2Fbos/encode";

    @TempDir
    private Path folder;

    /** Puts an autoencoder of SAELens, trained on texts that start with BOS, into the cache. */
    private void cacheAutoencoder() throws IOException {
        Path repository = folder.resolve(".cache/huggingface/hub/models--org--bos");
        Path files = Files.createDirectories(repository.resolve("snapshots").resolve(COMMIT));
        Files.writeString(Files.createDirectories(repository.resolve("refs")).resolve("main"), COMMIT);
        Files.writeString(files.resolve("cfg.json"), """
                {"d_in": 256, "d_sae": 2, "hook_name": "blocks.3.hook_resid_post", "architecture": "standard",
                 "normalize_activations": "none", "context_size": 128, "prepend_bos": true}""");
        try (TensorScope scope = TensorScope.open("test")) {
            SafeTensors.write(
                    files.resolve("sae_weights.safetensors"),
                    Map.of(
                            "W_enc", Tensor.randn(1, DType.FP32, Device.CPU, 256, 2),
                            "b_enc", Tensor.zeros(DType.FP32, Device.CPU, 2),
                            "W_dec", Tensor.randn(2, DType.FP32, Device.CPU, 2, 256),
                            "b_dec", Tensor.zeros(DType.FP32, Device.CPU, 256)),
                    Map.of());
        }
    }

    @Test
    void ids_are_encoded_after_it_if_that_is_asked_for() throws IOException {
        cacheAutoencoder();
        try (TestServer server = TestServer.start(folder)) {
            assertThat(server.post("/pintle/v1/saes/open", "{'model': 'parley-7m', 'sae': 'org/bos'}")
                            .status())
                    .isEqualTo(201);
            TestServer.Reply whole = server.post(ENCODE, "{'model': 'parley-7m', 'text': 'The whale sings'}");
            assertThat(whole.status()).as(whole.body()).isEqualTo(200);
            JsonNode text = whole.json(); // whose tokenizer writes BOS itself
            assertThat(text.has("prepended_token")).isFalse();
            StringBuilder ids = new StringBuilder();
            for (int t = 1; t < text.get("tokens").size(); t++) {
                ids.append(t > 1 ? ", " : "")
                        .append(text.at("/tokens/" + t + "/id").asInt());
            }
            JsonNode after = server.post(ENCODE, "{'model': 'parley-7m', 'ids': [" + ids + "], 'start': true}")
                    .json();
            assertThat(after.get("prepended_token").asText()).isEqualTo("<|begin_of_text|>");
            assertThat(after.get("tokens")).isEqualTo(text.get("tokens"));
            JsonNode as = server.post(ENCODE, "{'model': 'parley-7m', 'ids': [" + ids + "]}")
                    .json();
            assertThat(as.has("prepended_token")).isFalse();
            assertThat(as.get("tokens")).hasSize(text.get("tokens").size() - 1);
            TestServer.Reply chat = server.post(
                    ENCODE,
                    "{'model': 'parley-7m', 'messages': [{'role': 'user', 'content': 'Hello'}], 'start': true}");
            assertThat(chat.status()).isEqualTo(400);
            assertThat(chat.json().at("/error/param").asText()).isEqualTo("start");
        }
    }
}
