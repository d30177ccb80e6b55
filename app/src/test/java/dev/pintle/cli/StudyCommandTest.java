package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class StudyCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private String out = "";
    private String err = "";

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(1, List.of("--device", "cpu"));
        CommandRun run = CommandRun.of(folder, Map.of(), all.toArray(String[]::new));
        out = run.out();
        err = run.err();
        return run.status();
    }

    private JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out);
    }

    @Test
    void a_study_tells_its_findings_and_leaves_a_report_in_the_users_data() throws IOException {
        assertThat(run("study", "base")).as(err).isZero();
        Path report = Path.of(out.strip().replaceFirst("(?s).*Full report: ", ""));
        assertThat(report).startsWith(folder.resolve("data").resolve("runs"));
        assertThat(Files.readString(report)).contains("id=\"numbers\"");
        assertThat(err).contains("  base: done");
    }

    @Test
    void every_setting_is_reachable_from_a_file_and_single_options_go_before_it() throws IOException {
        Path settings = Files.writeString(
                folder.resolve("settings.json"),
                "{\"positive\": \"The assistant should be gloomy.\", \"strength\": 0.25, \"max_new_tokens\": 7}");
        assertThat(run(
                        "study",
                        "caa-via-sae-steering",
                        "--settings",
                        settings.toString(),
                        "--strength",
                        "0.5",
                        "--json"))
                .as(err)
                .isZero();
        JsonNode all = json();
        assertThat(all.at("/settings/positive").asText()).isEqualTo("The assistant should be gloomy.");
        assertThat(all.at("/settings/strength").asDouble()).isEqualTo(0.5);
        JsonNode result = all.at("/studies/caa-via-sae-steering/result");
        assertThat(result.at("/cosine_with_decoder_column").asDouble()).isCloseTo(1, within(1e-6));
        assertThat(result.at("/texts/1/ids")).hasSizeLessThanOrEqualTo(7);
        assertThat(all.at("/manifest/autoencoder_revision").asText()).startsWith("content-");
    }

    @Test
    void the_studies_are_listed_with_what_they_ask() {
        CommandRun list = CommandRun.of(folder, Map.of(), "study", "list");
        assertThat(list.status()).as(list.err()).isZero();
        assertThat(list.out())
                .startsWith(
                        "| study | what it asks |\n| --- | --- |\n| base | Which latents is a steering vector made of, ")
                .contains(
                        "\n| caa-mean-vs-pca | Does PCA of the differences find another steering vector than their mean? |\n")
                .endsWith(" and how far is the model moved? |\n");
        assertThat(list.out().lines()).hasSize(10);
        assertThat(run("study", "list")).isEqualTo(1);
        assertThat(err).isEqualTo("The list of studies takes no options.\n  but was: --device\n");
    }

    @Test
    void the_same_command_gives_the_same_numbers() throws IOException {
        List<JsonNode> runs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            assertThat(run("study", "failed-double-decode-caa", "--json")).isZero();
            runs.add(json().at("/studies/failed-double-decode-caa/result"));
        }
        assertThat(runs.get(0)).isNotEmpty().isEqualTo(runs.get(1));
    }

    @Test
    void two_runs_are_compared_by_their_headline_numbers_first() throws IOException {
        List<String> ids = new ArrayList<>();
        for (String style : List.of("pirate", "chef")) {
            assertThat(run("study", "base", "--style", style, "--json")).isZero();
            ids.add(json().get("run").asText());
        }
        CommandRun diff = CommandRun.of(folder, Map.of(), "report", "diff", ids.get(0), ids.get(1));
        assertThat(diff.out())
                .containsPattern("^A: .*\nB: .*\n\nHeadline numbers:\n\\| \\| A \\| B \\| \\|\n")
                .contains("| latent of the concept | latent 146 (“conversation held in pirate style”) | latent 517 ")
                .contains("| its decoder row and the all-positions vector, cosine | 0.")
                .containsPattern("\\| error of the all-positions vector, as published \\| 144% \\| 1\\d\\d% \\| ");
    }

    @Test
    void a_style_sets_prompts_and_marker() throws IOException {
        assertThat(run("study", "base", "--style", "chef", "--json")).isZero();
        assertThat(json().at("/settings/positive").asText()).isEqualTo("The assistant should talk like a chef.");
        assertThat(json().at("/settings/concept").asText()).isEqualTo("chef");
    }

    @Test
    void a_stopped_run_goes_on_at_the_study_that_was_stopped() throws IOException {
        assertThat(run("study", "failed-double-decode-caa")).isZero();
        Path finished;
        try (Stream<Path> runs = Files.list(folder.resolve("data/runs"))) {
            finished = runs.findFirst().orElseThrow();
        }
        Files.delete(finished.resolve("finished")); // as if the process had been killed before its last step
        assertThat(run("study", "failed-double-decode-caa")).isZero();
        assertThat(err).contains("Resuming " + finished.getFileName() + ".").doesNotContain("caa: ");
        assertThat(finished.resolve("finished")).exists();
    }

    @Test
    @Tag("slow")
    void all_studies_as_published_leave_quality_out() throws IOException {
        assertThat(run("study", "all", "--as-published", "--json", "--max-new-tokens", "16"))
                .as(err)
                .isZero();
        assertThat(json().at("/studies").properties())
                .hasSize(7)
                .noneMatch(field -> field.getKey().equals("quality"));
    }

    // ---------------------------------------------------------------- bad input

    @Test
    void a_page_that_cannot_be_written_is_refused_before_anything_runs() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        assertThat(run("study", "base", "--out", file.resolve("page.html").toString()))
                .isEqualTo(1);
        assertThat(err).startsWith("The folder is not writable.\n").contains("try:    a folder that you can write to");
        assertThat(folder.resolve("data").resolve("runs")).doesNotExist();
    }

    @Test
    void an_unknown_study_is_refused_with_the_names_there_are() {
        assertThat(run("study", "bases")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        There is no such study.
                          but was: bases
                          choose:  base, all-position-caa, caa-mean-vs-pca, caa-via-sae-steering, failed-double-decode-caa, caa-steering-latents, steering-decoding-other-saes, quality, all
                        """);
    }

    @Test
    void an_unknown_setting_is_refused_with_the_ones_there_are() throws IOException {
        Path settings = Files.writeString(folder.resolve("settings.json"), "{\"positiv\": \"x\"}");
        assertThat(run("study", "base", "--settings", settings.toString())).isEqualTo(1);
        assertThat(err).contains("unknown key: positiv").contains("known keys:").contains("latent_amount");
    }

    @Test
    void a_setting_out_of_range_is_refused_by_name() {
        assertThat(run("study", "caa-via-sae-steering", "--latent-amount", "0")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        A setting of the studies cannot be used.
                          setting:  latent_amount
                          expected: not 0
                          but was:  0.0
                        """);
        assertThat(run("study", "base", "--vector", "mean")).isEqualTo(1);
        assertThat(err).contains("expected: all-positions, after-last-difference, last-position");
        assertThat(run("study", "base", "--target-latent", "4096")).isEqualTo(1);
        assertThat(err).contains("The autoencoder has no such latent.").contains("0 to 1023");
        assertThat(run("study", "base", "--marker", "(")).isEqualTo(1);
        assertThat(err).contains("marker").contains("regular expression");
    }

    @Test
    void a_model_without_styles_needs_a_prompt_of_ones_own() throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectories(model);
        for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")) {
            Files.copy(Golden.parley().resolve(file), model.resolve(file));
        }
        assertThat(run("study", "base", "--model", model.toString())).isEqualTo(1);
        assertThat(err).contains("setting:  positive").contains("expected: a text other than neutral");
        assertThat(run("study", "base", "--model", model.toString(), "--style", "pirate"))
                .isEqualTo(1);
        assertThat(err).contains("The model has no styles.json.");
    }
}
