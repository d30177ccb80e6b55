package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final Path PARLEY = Golden.parley();
    private static final List<Message> QUESTION = List.of(Message.user("Hi"));

    // ---- against the reference

    @Test
    void parley_renders_every_reference_chat_as_transformers_does() throws IOException {
        ChatTemplate template = ChatTemplate.load(PARLEY);
        for (JsonNode expected : Golden.json("chat.json")) {
            List<Message> messages = new ArrayList<>();
            for (JsonNode message : expected.path("messages")) {
                messages.add(new Message(
                        message.path("role").asText(), message.path("content").asText()));
            }
            ChatOptions options = expected.path("continue_final_message").asBoolean()
                    ? ChatOptions.forContinuation()
                    : expected.path("add_generation_prompt").asBoolean()
                            ? ChatOptions.forAnswer()
                            : ChatOptions.messagesOnly();
            assertThat(template.render(messages, options))
                    .isEqualTo(expected.path("text").asText());
        }
    }

    // ---- what a template is given

    @Test
    void options_reach_the_template_and_win_over_special_tokens() {
        ChatTemplate template = ChatTemplate.parse(
                        "{{ bos_token }}|{{ tools is none }}|{{ documents }}|{{ date_string }}|"
                                + "{{ extra }}|{{ add_generation_prompt }}|{{ strftime_now('%d %b %Y') }}")
                .withSpecialToken("bos_token", "<s>");
        ChatOptions options = ChatOptions.forAnswer()
                .withClock(Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC))
                .withDate("22 Nov 2026")
                .with("extra", List.of(1, "a"));
        assertThat(template.render(QUESTION, options)).isEqualTo("<s>|True|None|22 Nov 2026|[1, 'a']|True|22 Nov 2026");
        assertThat(template.render(QUESTION, options.with("bos_token", "<b>").withTools(List.of(Map.of("name", "f")))))
                .startsWith("<b>|False|");
    }

    @Test
    void messages_may_carry_fields_of_their_own() {
        ChatTemplate template = ChatTemplate.parse(
                "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.name }}{% endfor %}{% endfor %}");
        Message message = Message.assistant("").with("tool_calls", List.of(Map.of("name", "weather")));
        assertThat(template.render(
                        List.of(Message.user("a"), message, Message.user("x").with("content", null))))
                .isEqualTo("aweatherNone");
    }

    // ---- continuing the last message

    private static final ChatTemplate PLAIN =
            ChatTemplate.parse("{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>{% endfor %}");
    private static final ChatTemplate TRIMMING =
            ChatTemplate.parse("{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}<end>{% endfor %}");

    @Test
    void a_continued_message_keeps_its_trailing_space_where_the_template_keeps_it() {
        List<Message> chat = List.of(Message.user("Hi"), Message.assistant(" The whale "));
        assertThat(PLAIN.render(chat, ChatOptions.forContinuation())).isEqualTo("[user]Hi<end>[assistant] The whale ");
        assertThat(TRIMMING.render(chat, ChatOptions.forContinuation()))
                .isEqualTo("[user] Hi<end>[assistant] The whale");
    }

    @Test
    void continuing_an_empty_message_ends_where_its_text_would_begin() {
        List<Message> chat = List.of(Message.user("Hi"), Message.assistant(""));
        assertThat(PLAIN.render(chat, ChatOptions.forContinuation())).isEqualTo("[user]Hi<end>[assistant]");
        assertThat(TRIMMING.render(chat, ChatOptions.forContinuation())).isEqualTo("[user] Hi<end>[assistant]");
    }

    @Test
    void a_text_that_occurs_twice_is_continued_at_its_last_place() {
        List<Message> chat = List.of(Message.user("yes"), Message.assistant("yes"));
        assertThat(PLAIN.render(chat, ChatOptions.forContinuation())).isEqualTo("[user]yes<end>[assistant]yes");
    }

    @Test
    void content_in_parts_is_continued_after_its_last_text() {
        ChatTemplate template = ChatTemplate.parse(
                "{% for m in messages %}{% for p in m.content %}{{ p.text or '<image>' }}{% endfor %}<end>{% endfor %}");
        Message parts = Message.assistant("").with("content", List.of(Map.of("text", "see"), Map.of("type", "image")));
        assertThat(template.render(List.of(parts), ChatOptions.forContinuation()))
                .isEqualTo("see");
    }

    @Test
    void a_message_that_the_template_changes_cannot_be_continued() {
        ChatTemplate shouting = ChatTemplate.parse("{% for m in messages %}{{ m.content | upper }}{% endfor %}");
        assertThatThrownBy(() -> shouting.render(List.of(Message.assistant(" so far")), ChatOptions.forContinuation()))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessage("""
                        The template does not write the last message verbatim, so it cannot be continued.
                          last message: so far""");
    }

    @Test
    void continuing_and_answering_at_once_is_refused() {
        ChatOptions both = new ChatOptions(true, true, List.of(), Map.of(), Clock.systemUTC());
        assertThatThrownBy(() -> PLAIN.render(QUESTION, both)).hasMessage("""
                A conversation cannot both continue its last message and begin a new answer.
                  try: either continueFinalMessage or addGenerationPrompt""");
        assertThatThrownBy(() -> PLAIN.render(List.of(), ChatOptions.forContinuation()))
                .hasMessage("The conversation has no last message to continue.");
    }

    // ---- model folders

    @Test
    void special_tokens_may_be_written_as_objects(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": null, "pad_token": "<p>",
                 "chat_template": "{{ bos_token }}{{ pad_token }}{{ eos_token is defined }}"}""");
        assertThat(ChatTemplate.load(folder).render(QUESTION)).isEqualTo("<s><p>False");
    }

    @Test
    void of_several_templates_tools_choose_tool_use(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]}""");
        ChatTemplate template = ChatTemplate.load(folder);
        assertThat(template.render(QUESTION)).isEqualTo("plain");
        assertThat(template.render(QUESTION, ChatOptions.forAnswer().withTools(List.of(Map.of("name", "f")))))
                .isEqualTo("tools");
    }

    @Test
    void a_jinja_file_wins_over_the_configuration_and_a_json_file_stands_in_for_it(@TempDir Path folder)
            throws IOException {
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"from json\"}");
        assertThat(ChatTemplate.load(folder).render(QUESTION)).isEqualTo("from json");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"from config\"}");
        assertThat(ChatTemplate.load(folder).render(QUESTION)).isEqualTo("from config");
        Files.writeString(folder.resolve("chat_template.jinja"), "from jinja\n");
        assertThat(ChatTemplate.load(folder).render(QUESTION)).isEqualTo("from jinja");
    }

    @Test
    void a_model_without_a_template_is_refused_with_where_it_was_sought(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        assertThatThrownBy(() -> ChatTemplate.load(folder))
                .isInstanceOf(ChatTemplateException.class)
                .hasMessage("""
                        The model has no chat template.
                          folder:    %s
                          looked in: tokenizer_config.json, chat_template.jinja, chat_template.json
                          try:       --chat-template FILE with one, or an instruction-tuned model; base models often have none""".formatted(folder));
    }

    // ---- messages

    @Test
    void a_template_that_cannot_be_read_says_where() {
        assertThatThrownBy(() -> ChatTemplate.parse("Hello\n{{ messages | shout }}"))
                .isInstanceOfSatisfying(ChatTemplateException.class, e -> {
                    assertThat(e.line()).isEqualTo(2);
                    assertThat(e.column()).isEqualTo(15);
                })
                .hasMessage("""
                        The template uses a filter that does not exist here.
                          filter: shout
                          at:     line 2, column 15""");
    }

    @Test
    void a_template_that_refuses_a_conversation_is_quoted() {
        ChatTemplate strict = ChatTemplate.parse(
                "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}");
        assertThatThrownBy(() -> strict.render(List.of(Message.system("x")))).hasMessage("""
                        The template rejects this conversation.
                          it says: System role not supported
                          at:      line 1, column 56""");
    }
}
