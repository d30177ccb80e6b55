package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What JSON tells of how a result came about, and what is found out before a model is read. */
class SetupTest {
    private static final String SAE =
            Golden.parley().resolve("parley-7m-sae-l3.pth").toString();

    @TempDir
    Path folder = Path.of("");

    private String pirate = "";

    @BeforeEach
    void fit() {
        pirate = folder.resolve("pirate.safetensors").toString();
        String[] fit = {
            "vector",
            "fit",
            "--device",
            "cpu",
            "--layer",
            "3",
            "-o",
            pirate,
            "--positive",
            "The assistant should talk like a pirate.",
            "--negative",
            "The assistant should act normally."
        };
        assertThat(CommandRun.of(folder, Map.of(), fit).status()).isZero();
    }

    private CommandRun run(String line, String... more) {
        List<String> args = new ArrayList<>(
                List.of(line.replace("PIRATE", pirate).replace("SAE", SAE).split(" ", -1)));
        args.addAll(Arrays.asList(more));
        return CommandRun.of(folder, Map.of(), args.toArray(String[]::new));
    }

    private JsonNode setup(String line) throws IOException {
        CommandRun run = run(line);
        assertThat(run.status()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out()).path("setup");
    }

    @Test
    void steering_as_json_gives_what_the_options_give() throws IOException {
        String plain = "generate --device cpu --user Hello --json --max-new-tokens 4";
        CommandRun options = run(plain + " --vector PIRATE --strength 0.45 --positions generated+1");
        CommandRun json = run(
                plain,
                "--steer",
                "[{\"vector\": \"" + pirate + "\", \"strength\": 0.45," + " \"positions\": \"generated+1\"}]");
        assertThat(json.status()).as(json.err()).isZero();
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(json.out()).path("log_probabilities"))
                .isEqualTo(mapper.readTree(options.out()).path("log_probabilities"));
        JsonNode steering = mapper.readTree(json.out()).at("/setup/steering/0");
        assertThat(steering.path("vector").asText()).isEqualTo(pirate);
        assertThat(steering.path("strength").asDouble()).isEqualTo(0.45);
        CommandRun mistyped = run(plain, "--steer", "[{\"vector\": \"pirate\", \"strenth\": 1}]");
        assertThat(mistyped.status()).isNotZero();
        assertThat(mistyped.err()).contains("steering[0].strenth", "strength");
    }

    @Test
    void generated_json_says_what_steered_it_and_how_it_was_drawn() throws IOException {
        JsonNode setup = setup(
                "generate --device cpu --user Hello --json --max-new-tokens 4 --temperature 0.7 --top-p 0.9 --seed 5"
                        + " --vector PIRATE --strength 0.45 --positions generated --vector PIRATE --strength 2abs"
                        + " --latent 146=+4 --latent-positions prompt");
        assertThat(setup.path("model").asText()).isEqualTo("parley-7m");
        assertThat(setup.path("revision").asText()).startsWith("content-");
        assertThat(setup.path("dtype").asText()).isEqualTo("fp32");
        assertThat(setup.path("device").asText()).isEqualTo("cpu");
        JsonNode norms = setup.at("/vectors/0");
        assertThat(norms.path("name").asText()).isEqualTo(pirate);
        assertThat(norms.path("sha256").asText()).matches("[0-9a-f]{64}");
        assertThat(norms.path("hook_point").asText()).isEqualTo("blocks.3.hook_resid_post");
        assertThat(norms.path("layer").asInt()).isEqualTo(3);
        assertThat(norms.path("strength").asText()).isEqualTo("0.45");
        assertThat(norms.path("strength_in_activation_norms").asDouble()).isEqualTo(0.45);
        assertThat(norms.path("strength_as_factor").asDouble())
                .isCloseTo(0.45 * norms.path("mean_activation_norm").asDouble(), within(1e-9));
        assertThat(norms.path("positions").asText()).isEqualTo("generated");
        JsonNode factor = setup.at("/vectors/1");
        assertThat(factor.path("strength").asText()).isEqualTo("2abs");
        assertThat(factor.path("strength_as_factor").asDouble()).isEqualTo(2);
        assertThat(factor.path("positions").asText()).isEqualTo("all");
        assertThat(setup.at("/latents/0/latent").asInt()).isEqualTo(146);
        assertThat(setup.at("/latents/0/positions").asText()).isEqualTo("prompt");
        assertThat(setup.at("/autoencoder/fingerprint").asText()).isNotBlank();
        assertThat(setup.at("/decoding/kind").asText()).isEqualTo("sample");
        assertThat(setup.at("/decoding/temperature").asDouble()).isEqualTo(0.7);
        assertThat(setup.at("/decoding/top_p").asDouble()).isEqualTo(0.9);
        assertThat(setup.at("/decoding/seed").asLong()).isEqualTo(5);
        assertThat(setup.at("/decoding/max_new_tokens").asInt()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    generate --device cpu --prompt Hello --json --max-new-tokens 2            | /model,/revision,/decoding/kind
                    vector fit --device cpu --layer 3 --json --positive a --negative b        | /model,/revision,/dtype,/device
                    vector fit --device cpu --from-latent 146 --json                          | /model,/revision
                    sae encode --device cpu --user Hi --vector PIRATE --strength 0.3 --json   | /model,/vectors/0/sha256,/vectors/0/strength_as_factor,/autoencoder/name
                    sae decompose PIRATE --json                                               | /model,/vectors/0/sha256,/vectors/0/strength,/autoencoder/name
                    sae check --device cpu --max-tokens 50 --json                             | /model,/revision,/autoencoder/name
                    tokens Hello --json                                                       | /model,/tokenizer
                    models --json                                                             | /cache
                    sae labels 146 --json                                                     | /autoencoder/name,/autoencoder/fingerprint,/labels
                    vector compare PIRATE PIRATE --json                                       | /vectors/0/sha256,/vectors/1/hook_point
                    sae info --json                                                           | /autoencoder/name,/autoencoder/fingerprint
                    tune --device cpu --vector PIRATE --style pirate --strengths 0.3 --max-new-tokens 4 --json  | /model,/vectors/0/sha256,/strengths/0,/positions,/decoding/max_new_tokens
                    sweep --device cpu --vector PIRATE --style pirate --strengths 3abs --max-new-tokens 4 --json | /model,/vectors/0/sha256,/strengths/0,/positions
                    """)
    void every_json_says_what_it_came_from(String line, String places) throws IOException {
        JsonNode setup = setup(line);
        assertThat(setup.path("pintle").asText()).isNotBlank();
        for (String place : places.split(",", -1)) {
            assertThat(setup.at(place).asText()).as(place + " of " + setup).isNotBlank();
        }
    }

    @Test
    void profiles_say_what_they_were_made_from() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts.txt"), "Ahoy there!\nTh' whale be blue.\n");
        for (String line : List.of(
                "sae profile --device cpu --name few --json --texts " + texts, "sae show 146 --profile few --json")) {
            JsonNode setup = setup(line);
            assertThat(setup.path("model").asText()).startsWith("parley-7m");
            assertThat(setup.at("/autoencoder/fingerprint").asText()).isNotBlank();
            assertThat(setup.path("profile").asText()).isNotBlank();
        }
    }

    @Test
    void generated_json_says_which_token_ended_it() throws IOException {
        CommandRun run = run("generate --device cpu --user Hello --json --max-new-tokens 60");
        JsonNode answer = new ObjectMapper().readTree(run.out());
        assertThat(answer.path("stopped_by").asText()).isEqualTo("stop_token");
        assertThat(answer.path("stop_id").isInt()).isTrue();
        assertThat(answer.has("stop_string")).isFalse();
        JsonNode cut = new ObjectMapper()
                .readTree(run("generate --device cpu --user Hello --json --max-new-tokens 1")
                        .out());
        assertThat(cut.path("stopped_by").asText()).isEqualTo("length");
        assertThat(cut.has("stop_id")).isFalse();
    }

    @Test
    void generated_json_says_which_string_ended_it() throws IOException {
        JsonNode answer = answered("--stop", "nowhere in it", "--stop", "How can");
        assertThat(answer.path("text").asText()).isEqualTo("Hello, it is good to see you. ");
        assertThat(answer.path("stopped_by").asText()).isEqualTo("stop_string");
        assertThat(answer.path("stop_string").asText()).isEqualTo("How can");
        assertThat(answer.has("stop_id")).isFalse();
        assertThat(answer.at("/setup/decoding/stop_strings").toString()).isEqualTo("[\"nowhere in it\",\"How can\"]");
        JsonNode without = answered("--stop", "nowhere in it");
        assertThat(without.path("text").asText()).endsWith("How can I help you today?");
        assertThat(without.path("stopped_by").asText()).isEqualTo("stop_token");
    }

    private JsonNode answered(String... stops) throws IOException {
        return new ObjectMapper()
                .readTree(run("generate --device cpu --user Hello --json --max-new-tokens 60", stops)
                        .out());
    }

    @Test
    void records_of_vectors_and_captured_files_say_it_too() throws IOException {
        JsonNode shown =
                new ObjectMapper().readTree(run("vector show PIRATE --json").out());
        assertThat(shown.at("/0/sha256").asText()).matches("[0-9a-f]{64}");
        assertThat(shown.at("/0/model_revision").asText()).startsWith("content-");
        Path file = folder.resolve("run.safetensors");
        assertThat(run("capture --device cpu --prompt Hi -o", file.toString()).status())
                .isZero();
        try (SafeTensors captured = SafeTensors.open(file)) {
            JsonNode setup = new ObjectMapper().readTree(captured.metadata().get("setup"));
            assertThat(setup.path("model").asText()).isEqualTo("parley-7m");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    generate --user x --vector nosuch --strength 1                   | There is no such vector, neither a file nor a name.
                    generate --user x --vector PIRATE --strength 1 --positions some  | This is not a valid name of tokens to steer.
                    generate --user x --vector PIRATE --strength 1 --positions role:narrator | There is no such role.
                    generate --user x --latent 5=7                                   | This is not a valid change of a latent.
                    generate --user x --vector PIRATE --strength 1e38                | Vector times strength is out of range for FP32.
                    generate --user x --max-new-tokens -1                            | A decoding setting is out of range.
                    generate --user x --stop=                                        | This stop string cannot be used.
                    chat --stop=                                                     | This stop string cannot be used.
                    generate --chat nosuch.json                                      | The conversation cannot be read.
                    chat --vector PIRATE --strength 1 --positions role:user          | Roles are only known for a single prompt.
                    capture --prompt x -o x.txt                                      | The file has the wrong extension.
                    capture --prompt x -o /proc/none/x.safetensors                   | The folder is not writable.
                    capture --prompt x --layers 99 -o x.safetensors                  | The list of layers is not valid.
                    capture --ids nosuch.json -o x.safetensors                       | The list cannot be read.
                    vector fit --layer 99 --positive a --negative b --json           | There is no such block.
                    vector fit --layer 3 --positive a --negative b --save ../x       | A vector cannot have that name.
                    vector fit --layer 0 --positive a --negative b -o x.gguf         | llama.cpp cannot steer block 0
                    vector fit --layer 3 --positive a --negative b -o /proc/none/x.safetensors | The folder is not writable.
                    sae encode --user x --vector nosuch --strength 1                 | There is no such vector, neither a file nor a name.
                    sweep --vector nosuch --marker a                                 | There is no such vector, neither a file nor a name.
                    sweep --style pirate --figure x.txt                              | The file has the wrong extension.
                    sweep --style pirate --layer 99                                  | There is no such block.
                    sweep --style pirate --method guess                              | There is no such method.
                    tune --style pirate --positions some                             | This is not a valid name of tokens to steer.
                    study base --out /proc/none/x.html                               | The folder is not writable.
                    study base --strength 0                                          | A setting of the studies cannot be used.
                    sae profile --name ../x                                          | A profile cannot have that name.
                    """)
    void what_needs_no_model_is_found_out_before_one_is_read(String line, String sentence) throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectories(model);
        for (String file :
                List.of("config.json", "tokenizer.json", "tokenizer_config.json", "styles.json", "prefixes.json")) {
            Files.copy(Golden.parley().resolve(file), model.resolve(file));
        }
        Files.writeString(model.resolve("model.safetensors"), "these are no weights");
        CommandRun run = run(line, "--model", model.toString());
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).startsWith(sentence);
    }
}
