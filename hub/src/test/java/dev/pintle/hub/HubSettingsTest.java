package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSettingsTest {
    @TempDir
    private Path work = Path.of("");

    @TempDir
    private Path home = Path.of("");

    private HubSettings read(Map<String, String> environment) {
        return HubSettings.read(environment, work, home);
    }

    private static String sent(HubSettings settings) {
        return settings.token().isSet() ? settings.token().authorization() : "nothing";
    }

    @Test
    void nothing_set_means_the_public_hub_and_the_usual_cache() {
        assertThat(read(Map.of()))
                .isEqualTo(new HubSettings(
                        URI.create("https://huggingface.co"),
                        home.resolve(".cache/huggingface/hub"),
                        HubToken.NONE,
                        false,
                        true,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10),
                        ModelStores.read(Map.of(), home)));
    }

    @Test
    void the_cache_is_where_hugging_faces_library_would_put_it() {
        assertThat(read(Map.of("XDG_CACHE_HOME", "/x")).cache()).isEqualTo(Path.of("/x/huggingface/hub"));
        assertThat(read(Map.of("XDG_CACHE_HOME", "/x", "HF_HOME", "~/hf")).cache())
                .isEqualTo(home.resolve("hf/hub"));
        assertThat(read(Map.of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/a")).cache())
                .isEqualTo(Path.of("/a"));
        assertThat(read(Map.of("HUGGINGFACE_HUB_CACHE", "/a", "HF_HUB_CACHE", "/b"))
                        .cache())
                .isEqualTo(Path.of("/b"));
    }

    @Test
    void the_environment_wins_over_the_file() throws IOException {
        Files.writeString(
                work.resolve(".env"),
                "# ours\nHF_TOKEN=hf_file\nHF_ENDPOINT=\"https://mirror.example/\"\nthis line is another program's\n");
        assertThat(sent(read(Map.of()))).isEqualTo("Bearer hf_file");
        assertThat(sent(read(Map.of("HF_TOKEN", "hf_environment")))).isEqualTo("Bearer hf_environment");
        assertThat(sent(read(Map.of("HF_TOKEN", "")))).isEqualTo("nothing");
        assertThat(read(Map.of()).endpoint()).isEqualTo(URI.create("https://mirror.example"));
    }

    @Test
    void a_token_comes_from_the_variable_its_old_name_or_the_file_that_login_writes() throws IOException {
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "hf_login\n");
        Files.writeString(home.resolve("elsewhere"), "hf_elsewhere");
        assertThat(sent(read(Map.of()))).isEqualTo("Bearer hf_login");
        assertThat(sent(read(Map.of("HF_TOKEN_PATH", "~/elsewhere")))).isEqualTo("Bearer hf_elsewhere");
        assertThat(sent(read(Map.of("HUGGING_FACE_HUB_TOKEN", "hf_old")))).isEqualTo("Bearer hf_old");
        assertThat(sent(read(Map.of("HUGGING_FACE_HUB_TOKEN", "hf_old", "HF_TOKEN", "hf_new"))))
                .isEqualTo("Bearer hf_new");
        HubSettings silent = read(Map.of("HF_TOKEN", "hf_new", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "Yes"));
        assertThat(sent(silent)).isEqualTo("nothing");
        assertThat(silent.token()).hasToString("none: HF_HUB_DISABLE_IMPLICIT_TOKEN is set");
    }

    @Test
    void a_token_is_not_shown() {
        assertThat(read(Map.of("HF_TOKEN", "hf_secret")).toString()).doesNotContain("hf_secret");
        assertThatThrownBy(() -> read(Map.of("HF_TOKEN", "hf_se\ncret")))
                .hasMessage("The access token contains invalid characters.\n  from:     HF_TOKEN\n"
                        + "  expected: a single line such as hf_…");
    }

    @Test
    void flags_are_true_in_the_four_ways_of_the_library() {
        for (String yes : new String[] {"1", "on", "YES", "True"}) {
            assertThat(read(Map.of("HF_HUB_OFFLINE", yes)).offline()).isTrue();
            assertThat(read(Map.of("TRANSFORMERS_OFFLINE", yes)).offline()).isTrue();
            assertThat(read(Map.of("HF_HUB_DISABLE_SYMLINKS", yes)).symlinks()).isFalse();
        }
        assertThat(read(Map.of("HF_HUB_OFFLINE", "0")).offline()).isFalse();
    }

    @Test
    void times_and_addresses_that_are_none_are_refused() {
        assertThat(read(Map.of("HF_HUB_ETAG_TIMEOUT", "2.5")).metadataTimeout()).isEqualTo(Duration.ofMillis(2500));
        assertThatThrownBy(() -> read(Map.of("HF_HUB_DOWNLOAD_TIMEOUT", "soon")))
                .hasMessage("The timeout is not valid.\n  from:     HF_HUB_DOWNLOAD_TIMEOUT\n"
                        + "  expected: a number of seconds\n  but was:  soon");
        assertThatThrownBy(() -> read(Map.of("HF_ENDPOINT", "huggingface.co")))
                .hasMessage("The address of the hub is not valid.\n  from:     HF_ENDPOINT\n"
                        + "  expected: a URL such as https://huggingface.co\n  but was:  huggingface.co");
    }
}
