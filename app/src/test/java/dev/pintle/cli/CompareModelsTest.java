package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompareModelsTest {
    private static final String A = Golden.parley() + ",device=cpu";
    private static final String B = A + ",quantise=int4";
    private static final String SAE =
            Golden.parley().resolve("parley-7m-sae-l3.pth").toString();
    private static final String TEXT = "The king went to the sea.";

    @TempDir
    Path folder = Path.of("");

    private CommandRun run(String... args) {
        List<String> all = new ArrayList<>(List.of("compare-models"));
        all.addAll(List.of(args));
        return CommandRun.of(folder, Map.of(), all.toArray(String[]::new));
    }

    @Test
    @Tag("slow")
    void json_tells_of_both_sets_of_weights_and_all_numbers() throws IOException {
        Path figure = folder.resolve("loss.svg");
        CommandRun run =
                run(A, B, "--text", TEXT, "--sae", SAE, "--force", "--json", "--figure", figure.toString(), "--dark");
        assertThat(run.status()).as(run.err()).isZero();
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(names(json))
                .containsExactly(
                        "setup",
                        "texts",
                        "a",
                        "b",
                        "passages",
                        "tokens",
                        "first_tokens_left_out",
                        "resid_post",
                        "next_token",
                        "latents");
        assertThat(json.path("a").asText()).isEqualTo(A);
        assertThat(json.at("/setup/a/revision").asText()).startsWith("content-").doesNotContain("+");
        assertThat(json.at("/setup/b/revision").asText()).endsWith("+int4");
        assertThat(json.at("/setup/autoencoder/hook_point").asText()).isEqualTo("blocks.3.hook_resid_post");
        assertThat(json.path("resid_post")).hasSize(8);
        assertThat(names(json.at("/resid_post/7")))
                .containsExactly("layer", "mean_cosine", "min_cosine", "mean_relative_error", "max_relative_error");
        assertThat(names(json.path("next_token")))
                .containsExactly(
                        "mean_kl_nats",
                        "median_kl_nats",
                        "p99_kl_nats",
                        "same_argmax",
                        "perplexity_a",
                        "perplexity_b",
                        "perplexity_tokens");
        assertThat(names(json.path("latents")))
                .containsExactly(
                        "active_a",
                        "active_b",
                        "appear",
                        "vanish",
                        "changed_by_more_than_10_percent",
                        "mean_relative_change",
                        "by_peak");
        assertThat(names(json.at("/latents/by_peak/3")))
                .containsExactly("peak_from", "peak_to", "latents", "activations", "survive", "within_10_percent");
        assertThat(Files.readString(figure)).contains("<svg", "mean over tokens", ">layer<");
    }

    private static List<String> names(JsonNode node) {
        List<String> names = new ArrayList<>();
        for (Iterator<String> all = node.fieldNames(); all.hasNext(); ) {
            names.add(all.next());
        }
        return names;
    }

    @Test
    void a_table_shows_every_layer_and_what_is_left_out() {
        CommandRun run = run(A, A, "--text", TEXT, "--text", "The dog ran.", "--sae", SAE, "--force");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("tokens in 2 passages of --text; the first token of each passage is left out")
                .containsPattern("\n +7 +1\\.000000 +1\\.000000 +0% +0%\n")
                .contains("KL(A‖B) in nats: mean 0, median 0, 99th percentile 0\n")
                .contains("same most probable token after 100.00% of tokens")
                .containsPattern("  appear +0\\.00\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            A,dtpye=bf16           | This is not a setting of weights, or it is given twice.
            A,dtype=bf16,dtype=bf16 | This is not a setting of weights, or it is given twice.
            A,quantise=int3        | This is not a way of rounding weights.
            """)
    void a_setting_that_is_none_is_refused_before_a_model_is_read(String weights, String sentence) {
        CommandRun run = run("parley-7m", weights);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains(sentence);
    }

    @Test
    void settings_are_taken_from_the_end_so_that_paths_may_have_commas() {
        WeightsChoice choice = WeightsChoice.parse("models/a,b=c/d,dtype=bf16,quantise=int8,device=cpu");
        assertThat(choice.model()).isEqualTo("models/a,b=c/d");
        assertThat(choice.options().dtype().toString()).isEqualToIgnoringCase("bf16");
        assertThat(choice.options().quantisation()).hasToString("int8");
        assertThat(WeightsChoice.parse("org/name:Q4_K_M").model()).isEqualTo("org/name:Q4_K_M");
    }

    @Test
    void texts_that_are_not_there_are_refused_before_a_model_is_loaded() {
        CommandRun run = run(A, B, "--texts", folder.resolve("none.txt").toString());
        assertThat(run.status()).isNotZero();
        assertThat(run.err()).contains("There are no such texts.").doesNotContain("running A");
    }
}
