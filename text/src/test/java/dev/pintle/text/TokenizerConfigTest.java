package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.testkit.Hostile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model folder may say about its templates, and what becomes of files that say something else. */
class TokenizerConfigTest {
    @TempDir
    Path folder;

    private ChatTemplate load(String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return ChatTemplate.load(folder);
    }

    @Test
    void a_template_that_is_no_text_is_refused_with_its_key() {
        assertThatThrownBy(() -> load("{\"chat_template\": 7}"))
                .hasMessage("""
                The tokenizer configuration is invalid.
                  file:     %s
                  key:      chat_template
                  found:    7
                  expected: a string, or a list of named templates""".formatted(folder.resolve("tokenizer_config.json")));
        assertThatThrownBy(() -> load("{\"chat_template\": [{\"name\": \"default\"}]}"))
                .hasMessageContaining("objects with a name and a template");
        assertThatThrownBy(() -> load("{\"bos_token\": 1, \"chat_template\": \"x\"}"))
                .hasMessageContaining("key:      bos_token");
    }

    @Test
    void damaged_json_is_refused_in_one_line_with_its_place() {
        assertThatThrownBy(() -> load("{\"chat_template\": \"x\",\n ]"))
                .hasMessage("""
                A file of the model is not JSON.
                  file:  %s
                  at:    line 2, column 2
                  found: ']' where a key in double quotes was expected""".formatted(folder.resolve("tokenizer_config.json")));
    }

    @Test
    void what_a_template_says_is_quoted_in_part_and_cannot_steer_a_terminal() {
        assertThatThrownBy(() ->
                        load("{\"chat_template\": \"{{ raise_exception('\\u001b[31m\\u009b\\u202e' ~ 'x' * 9000000) }}\"}")
                                .render(List.of(Message.user("a"))))
                .isInstanceOf(ChatTemplateException.class);
        assertThatThrownBy(() ->
                        load("{\"chat_template\": \"{{ raise_exception('\\u001b[31m\\u009b\\u202e' ~ 'x' * 5000) }}\"}")
                                .render(List.of(Message.user("a"))))
                .message()
                .contains("it says: \\u001b[31m\\u009b\\u202exxx")
                .contains("… (5,007 characters)")
                .hasSizeLessThan(400);
    }

    @Test
    void a_pipe_is_no_template() throws Exception {
        Process made = new ProcessBuilder(
                        "mkfifo", folder.resolve("chat_template.jinja").toString())
                .start();
        assumeTrue(made.waitFor() == 0);
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .hasMessageContaining("It is a pipe, a socket or a device, not a regular file.");
    }

    @Test
    void a_folder_with_nothing_but_a_template_renders() throws IOException {
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        assertThat(ChatTemplate.load(folder).render(List.of(Message.user("a")))).isEqualTo("a");
    }

    @Test
    @Tag("slow")
    void five_thousand_damaged_configurations_leave_the_process_alive() throws Exception {
        System.out.println(Hostile.survives(Fuzz.class, folder, 256, 200));
    }

    /** Loads damaged configurations and renders with those that load. */
    static final class Fuzz {
        private static final String LLAMA =
                "{\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\",\"special\":true},\"chat_template\":\"{{- bos_token }}\\n{%- if tools is defined and tools %}{{ tools | tojson(indent=4) }}{% endif %}\\n{%- for message in messages %}{{ '<|' + message['role'] + '|>' ~ message.content | trim + eos_token }}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}{% endfor %}\"}";
        private static final String NAMED =
                "{\"additional_special_tokens\":[\"<a>\",{\"content\":\"<b>\"}],\"chat_template\":[{\"name\":\"default\",\"template\":\"{% macro m(x, y=2) %}{{ x[1:y] }}{% endmacro %}{% set ns = namespace(s='') %}{% for m2 in messages if m2.role != 'system' %}{% set ns.s = ns.s ~ m(m2.content) %}{% endfor %}{{ ns.s.split('a')|join(', ')|replace('b', 'cc') }}\"},{\"name\":\"tool_use\",\"template\":\"{{ '%s %5d' % ('a', 7) }}{{ '{:>5}'.format(3) }}{{ range(5)|map('string')|list }}\"}]}";
        private static final List<String> WORDS = List.of(
                "{{ ",
                " }}",
                "{% ",
                " %}",
                "{#",
                "{% for x in range(99) %}",
                "{% endfor %}",
                "{% if x %}",
                "{% set x = ",
                "'a'*99999",
                "|list",
                "|sort",
                "|tojson",
                ".split(",
                "10**9999",
                "messages",
                "[::-1]",
                "~",
                "**",
                "*",
                "chat_template",
                "name",
                "template",
                "content",
                "loop",
                "recursive",
                "x()",
                "not",
                "{% macro m() %}",
                "raise_exception(",
                "\\n");

        private Fuzz() {}

        public static void main(String[] args) throws IOException {
            Path folder = Path.of(args[0]);
            Path file = folder.resolve("tokenizer_config.json");
            Hostile.mutate(folder, List.of(LLAMA, NAMED), WORDS, 6_000, 5, content -> {
                Files.write(file, content);
                ChatTemplate.load(folder)
                        .render(List.of(Message.system("be"), Message.user("abcab"), Message.assistant("yes")));
            });
        }
    }
}
