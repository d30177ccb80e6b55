package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.hub.HubSettings;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class SaeCommandTest {
    private static final String MODEL = Golden.parley().toString();
    private static final String SAE =
            Golden.parley().resolve("parley-7m-sae-l3.pth").toString();

    @TempDir
    private Path folder = Path.of("");

    private String out = "";
    private String err = "";

    private int run(String... args) {
        CommandRun run = CommandRun.of(folder, Map.of(), args);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private int onModel(String command, String... more) {
        List<String> args = new ArrayList<>(List.of(command.split(" ")));
        args.addAll(List.of("--model", MODEL, "--device", "cpu"));
        if (!command.equals("generate") || List.of(more).contains("--latent")) {
            args.addAll(List.of("--sae", SAE));
        }
        args.addAll(List.of(more));
        return run(args.toArray(String[]::new));
    }

    private JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out);
    }

    private String fitted() {
        Path file = folder.resolve("pirate.safetensors");
        assertThat(run(
                        "vector",
                        "fit",
                        "--model",
                        MODEL,
                        "--device",
                        "cpu",
                        "--positive",
                        "The assistant should talk like a pirate.",
                        "--negative",
                        "The assistant should act normally.",
                        "--layer",
                        "3",
                        "-o",
                        file.toString()))
                .isZero();
        return file.toString();
    }

    /** A copy of the model whose tokenizer, like GPT-2's, adds no BOS token. */
    private Path withoutBos() throws IOException {
        Path place = Files.createDirectories(folder.resolve("parley"));
        for (String name : List.of("config.json", "model.safetensors", "tokenizer_config.json", "tokenizer.json")) {
            Files.copy(Golden.parley().resolve(name), place.resolve(name));
        }
        String json = Files.readString(place.resolve("tokenizer.json"));
        int from = json.indexOf("\"post_processor\"");
        int to = json.indexOf("\"decoder\"", from);
        Files.writeString(
                place.resolve("tokenizer.json"),
                json.substring(0, from) + "\"post_processor\": null, " + json.substring(to));
        return place;
    }

    /** An autoencoder of SAELens with two latents, of the residual stream before block 4. */
    private Path saeLens(String prependBos) throws IOException {
        Path place = Files.createDirectories(folder.resolve("sae-" + prependBos));
        Files.writeString(place.resolve("cfg.json"), """
                {"d_in": 256, "d_sae": 2, "hook_name": "blocks.4.hook_resid_pre", "architecture": "standard",
                 "normalize_activations": "none", "context_size": 128, "prepend_bos": %s}""".formatted(prependBos));
        try (TensorScope scope = TensorScope.open("test")) {
            SafeTensors.write(
                    place.resolve("sae_weights.safetensors"),
                    Map.of(
                            "W_enc", Tensor.randn(1, DType.FP32, Device.CPU, 256, 2),
                            "b_enc", Tensor.zeros(DType.FP32, Device.CPU, 2),
                            "W_dec", Tensor.randn(2, DType.FP32, Device.CPU, 2, 256),
                            "b_dec", Tensor.zeros(DType.FP32, Device.CPU, 256)),
                    Map.of());
        }
        return place;
    }

    @Test
    void encode_puts_bos_first_if_the_autoencoder_was_trained_so_and_says_it() throws IOException {
        String model = withoutBos().toString();
        for (boolean prepends : new boolean[] {true, false}) {
            String sae = saeLens(String.valueOf(prepends)).toString();
            List<String> command = List.of(
                    "sae", "encode", "--model", model, "--device", "cpu", "--sae", sae, "--prompt", "The whale sings");
            assertThat(run(command.toArray(String[]::new))).as(err).isZero();
            String said =
                    "\"<|begin_of_text|>\" was put first, as in the texts that the autoencoder was trained on; ignore its row.";
            assertThat(out.contains(said)).isEqualTo(prepends);
            List<String> asJson = new ArrayList<>(command);
            asJson.add("--json");
            assertThat(run(asJson.toArray(String[]::new))).as(err).isZero();
            assertThat(json().at("/tokens/0/text").asText()).isEqualTo(prepends ? "<|begin_of_text|>" : "The");
            assertThat(json().at("/setup/prepended_token").asText("")).isEqualTo(prepends ? "<|begin_of_text|>" : "");
            assertThat(json().at("/setup/autoencoder/trained_with_bos").asBoolean())
                    .isEqualTo(prepends);
            assertThat(json().get("hook_point").asText()).isEqualTo("blocks.4.hook_resid_pre");
            assertThat(run("sae", "info", sae)).isZero();
            assertThat(out.lines().toList())
                    .contains(
                            "trained with bos       " + prepends,
                            "trained context size   128",
                            "trained positions      all");
        }
        String sae = saeLens("true").toString();
        assertThat(run(
                        "generate",
                        "--model",
                        model,
                        "--device",
                        "cpu",
                        "--sae",
                        sae,
                        "--latent",
                        "1=+40",
                        "--prompt",
                        "The whale",
                        "--max-new-tokens",
                        "3",
                        "--json"))
                .as(err)
                .isZero();
        assertThat(json().at("/setup/latents/0/hook_point").asText()).isEqualTo("blocks.4.hook_resid_pre");
    }

    @Test
    void info_says_what_an_autoencoder_is() throws IOException {
        assertThat(run("sae", "info", SAE)).isZero();
        assertThat(out.lines().toList()).contains("format                 Goodfire", "d sae                  1024");
        assertThat(run("sae", "info", SAE, "--json")).isZero();
        assertThat(json().get("hook_point").asText()).isEqualTo("blocks.3.hook_resid_post");
        assertThat(json().get("d_model").asInt()).isEqualTo(256);
        assertThat(json().get("sparsity").asText()).isEqualTo("ReLU");
        assertThat(json().get("seconds_to_open").asDouble()).isPositive();
    }

    @Test
    void an_autoencoder_that_is_not_here_is_looked_for_and_named() {
        assertThat(run("sae", "info", "google/gemma-scope-2b-pt-res:layer_20/width_16k"))
                .isEqualTo(1);
        assertThat(err).isEqualToIgnoringNewLines("""
                The autoencoder is not in the cache.
                  autoencoder: google/gemma-scope-2b-pt-res:layer_20/width_16k
                  looked in:   %s
                               %s
                  try:         pintle pull google/gemma-scope-2b-pt-res 'layer_20/width_16k*'
                """.formatted(
                Path.of("google/gemma-scope-2b-pt-res:layer_20/width_16k").toAbsolutePath(),
                HubSettings.read(Map.of(), folder, folder).cache().toAbsolutePath()));
    }

    @Test
    void a_check_prints_three_numbers_and_what_they_suggest() throws IOException {
        assertThat(onModel("sae check", "--max-tokens", "300", "--json")).isZero();
        assertThat(json().get("variance_explained").asDouble()).isBetween(0.6, 1.0);
        assertThat(json().get("mean_l0").asDouble()).isBetween(1.0, 100.0);
        assertThat(json().get("system_prompts_and_template")
                        .get("variance_explained")
                        .asDouble())
                .isNegative(); // it was trained on the words of user and assistant
        assertThat(json().get("suggestions")).isEmpty();
        assertThat(onModel("sae check", "--max-tokens", "300", "--layer", "5")).isZero();
        assertThat(out)
                .contains("at blocks.5.hook_resid_post of ")
                .contains("  tried at blocks.3.hook_resid_post: ")
                .contains("  Much more is explained at blocks.3.hook_resid_post (");
    }

    @Test
    void encoding_shows_latents_of_tokens_and_errors_by_segment() throws IOException {
        assertThat(onModel("sae encode", "--user", "Tell me about the whale.", "--top", "2"))
                .isZero();
        assertThat(out).contains("\" whale\"").contains("animal").contains("segment");
        assertThat(onModel("sae encode", "--user", "Tell me about the whale.", "--top", "0", "--json"))
                .isZero();
        JsonNode whale = json().get("tokens").get(9);
        assertThat(whale.get("text").asText()).isEqualTo(" whale");
        assertThat(whale.get("segment").asText()).isEqualTo("user");
        assertThat(whale.get("latents")).hasSize(whale.get("active").asInt());
        assertThat(json().get("segments").get("user").get("tokens").asInt()).isEqualTo(6);
        String pirate = fitted();
        assertThat(onModel("sae encode", "--user", "Hello", "--vector", pirate, "--strength", "5abs"))
                .isZero();
        assertThat(out).contains("unsteered").contains("cosine");
        assertThat(onModel("sae encode", "--user", "Hello", "--vector", pirate)).isNotZero();
        assertThat(err).isEqualToIgnoringNewLines("""
                --vector has no effect without --strength S.
                  try: pintle sae encode --help
                """);
    }

    @Test
    void a_vector_is_taken_apart_in_each_way_and_put_together_again() throws IOException {
        String pirate = fitted();
        for (String how : List.of("encode", "scaled", "pursuit", "nearest", "difference")) {
            Path back = folder.resolve(how + ".safetensors");
            String[] of = {
                "sae", "decompose", pirate, "--sae", SAE, "--how", how, "--terms", "6", "--json", "-o", back.toString()
            };
            String[] strength =
                    List.of("scaled", "difference").contains(how) ? new String[] {"--strength", "5abs"} : new String[0];
            String[] text = how.equals("difference")
                    ? new String[] {"--user", "Hello", "--model", MODEL, "--device", "cpu"}
                    : new String[0];
            assertThat(run(concat(concat(of, strength), text))).as(err).isZero();
            assertThat(json().get("relative_error").isNumber()).isTrue();
            assertThat(json().get("zero_vector_terms").isArray()).isTrue();
            assertThat(json().has("by_token")).isEqualTo(how.equals("difference"));
            assertThat(back).exists();
        }
        assertThat(run("sae", "decompose", pirate, "--sae", SAE, "--how", "pursuit", "--terms", "3"))
                .isZero();
        assertThat(out).contains("    146 ").contains("conversation held in pirate style");
        assertThat(run("sae", "decompose", pirate, "--how", "guess")).isNotZero();
        assertThat(err).isEqualToIgnoringNewLines("""
                There is no such way to decompose a vector.
                  but was: guess
                  choose:  encode, scaled, difference, pursuit, nearest
                """);
        assertThat(onModel("sae decompose", pirate, "--how", "difference")).isNotZero();
        assertThat(err).isEqualToIgnoringNewLines("""
                A difference of latents needs a text and a strength.
                  expected: --strength S and --user TEXT, --prompt TEXT or --chat FILE
                """);
    }

    @Test
    void a_latent_is_a_vector_and_steers_like_one() throws IOException {
        Path file = folder.resolve("latent.safetensors");
        assertThat(onModel("vector fit", "--from-latent", "146", "--raw", "-o", file.toString(), "--json"))
                .as(err)
                .isZero();
        JsonNode vector = json().get("vectors").get(0);
        assertThat(vector.get("method").asText()).isEqualTo("decoder row of latent 146");
        assertThat(vector.get("norm").asDouble()).isCloseTo(1, within(0.1));
        String[] question = {"--user", "Tell me about the whale.", "--max-new-tokens", "16"};
        assertThat(onModel("generate", concat(question, "--vector", file.toString(), "--strength", "6abs")))
                .isZero();
        String byVector = out;
        assertThat(onModel("generate", concat(question, "--latent", "146=+6"))).isZero();
        assertThat(out).isEqualTo(byVector);
        assertThat(onModel("generate", question)).isZero();
        assertThat(out).isNotEqualTo(byVector);
        assertThat(onModel("generate", concat(question, "--latent", "146=clamp:8", "--latent", "628=ablate")))
                .isZero();
        assertThat(out).isNotBlank();
        assertThat(onModel("vector fit", "--from-latent", "146", "--positive", "x", "--negative", "y", "--json"))
                .isNotZero();
        assertThat(err).isEqualToIgnoringNewLines("""
                --from-latent and --positive are mutually exclusive: a vector is fitted from prompts or taken from a latent.
                  try: pintle vector fit --help
                """);
    }

    private static String[] concat(String[] some, String... more) {
        List<String> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void an_autoencoder_of_another_model_is_refused_unless_forced() throws IOException {
        Path other = folder.resolve("Other-7B-SAE-l3.pth");
        java.nio.file.Files.copy(Path.of(SAE), other);
        String[] args = {"generate", "--model", MODEL, "--device", "cpu", "--user", "Hello", "--max-new-tokens", "4"};
        assertThat(run(concat(args, "--sae", other.toString(), "--latent", "3=+1")))
                .isEqualTo(1);
        assertThat(err)
                .startsWith(
                        "The autoencoder was trained on a different model.\n  autoencoder: Other-7B-SAE-l3.pth, for Other-7B\n")
                .endsWith("  try:         an autoencoder of this model, or --force to use this one anyway\n");
        assertThat(run(concat(args, "--sae", other.toString(), "--latent", "3=+1", "--force")))
                .isZero();
    }
}
