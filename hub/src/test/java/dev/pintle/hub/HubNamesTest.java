package dev.pintle.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Sizes;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubNamesTest {
    @Test
    void a_repository_has_a_name_and_perhaps_a_revision() {
        assertThat(RepoId.parse("google/gemma-2-2b-it")).isEqualTo(new RepoId("google/gemma-2-2b-it", "main"));
        assertThat(RepoId.parse("gpt2@refs/pr/1")).isEqualTo(new RepoId("gpt2", "refs/pr/1"));
        assertThat(RepoId.parse("a/b@main")).hasToString("a/b");
        assertThat(RepoId.parse("a/b@v1")).hasToString("a/b@v1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "a/",
                "/a",
                "a/b/c",
                "../a",
                "a/..",
                "a--b/c",
                ".a/b",
                "a/b.git",
                "a b/c",
                "a/b@",
                "a/b@../x",
                "a\\b"
            })
    void what_is_no_repository_is_refused(String text) {
        assertThatThrownBy(() -> RepoId.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "This is not a valid repository name.\n  expected: org/name or org/name@revision, with letters,"
                                + " digits, '.', '_' and '-'\n  but was:  " + text);
    }

    @Test
    void a_model_is_its_configuration_tokenizer_and_safetensors() {
        List<String> files = List.of(
                ".gitattributes",
                "LICENSE",
                "README.md",
                "chat_template.jinja",
                "config.json",
                "consolidated.safetensors",
                "generation_config.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "onnx/model.safetensors",
                "original/consolidated.00.pth",
                "pytorch_model.bin",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json");
        assertThat(Selection.forModel().of(files))
                .containsExactly(
                        "chat_template.jinja",
                        "config.json",
                        "generation_config.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
        assertThat(Selection.forModel().missingFrom(List.of("config.json", "pytorch_model.bin")))
                .containsExactly("*.safetensors");
    }

    @Test
    void patterns_are_those_of_the_library() {
        List<String> files = List.of("a.json", "b/c.json", "[x].txt", "y.txt");
        assertThat(Selection.matching("*.json").of(files)).containsExactly("a.json", "b/c.json");
        assertThat(Selection.matching("?.txt").of(files)).containsExactly("y.txt");
        assertThat(Selection.matching("[x].txt").of(files)).containsExactly("[x].txt");
    }

    @Test
    void etags_lose_their_quotes() {
        assertThat(HubHttp.bareEtag("W/\"abc\"")).isEqualTo("abc");
        assertThat(HubHttp.bareEtag("\"abc\"")).isEqualTo("abc");
        assertThat(HubHttp.bareEtag("abc")).isEqualTo("abc");
    }

    @Test
    void the_server_says_how_long_to_wait() {
        assertThat(asked("Retry-After", "3")).isEqualTo(Duration.ofSeconds(3));
        assertThat(asked("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")).isZero();
        assertThat(asked("RateLimit", "\"api\";r=0;t=55")).isEqualTo(Duration.ofSeconds(55));
        assertThat(asked("RateLimit", "\"api\";r=12;t=55")).isNegative();
        assertThat(asked("Retry-After", "soon")).isNegative();
    }

    private static Duration asked(String header, String value) {
        return Patience.asked(HttpHeaders.of(Map.of(header, List.of(value)), (a, b) -> true))
                .orElse(Duration.ofSeconds(-1));
    }

    @Test
    void sizes_read_as_people_write_them() {
        assertThat(List.of(0L, 999L, 1000L, 999_999L, 16_060_000_000L).stream().map(Sizes::text))
                .containsExactly("0 B", "999 B", "1.0 kB", "1.0 MB", "16.1 GB");
    }
}
