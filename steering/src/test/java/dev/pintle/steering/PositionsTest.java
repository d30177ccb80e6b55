package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PositionsTest {
    private static LanguageModel model;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = Parley.load();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static String text(TokenizedPrompt prompt, Positions positions) {
        StringBuilder text = new StringBuilder();
        for (int position : positions.in(prompt)) {
            text.append(prompt.text(position));
        }
        return text.toString();
    }

    @Test
    void roles_tell_whose_words_a_token_is_part_of() {
        TokenizedPrompt prompt = Prompt.ofMessages(List.of(
                        Message.system("  user assistant "),
                        Message.user("Hello!"),
                        Message.assistant("The whale"),
                        Message.user("Hello!")))
                .tokenized(model.text());
        assertThat(text(prompt, Positions.byRole(Role.SYSTEM))).isEqualTo("user assistant");
        assertThat(text(prompt, Positions.byRole(Role.USER))).isEqualTo("Hello!Hello!");
        assertThat(text(prompt, Positions.byRole(Role.ASSISTANT))).isEqualTo("The whale");
        assertThat(text(prompt, Positions.byRole(Role.HEADER)))
                .startsWith("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n<|eot_id|>")
                .endsWith("<|start_header_id|>assistant<|end_header_id|>\n\n");
        assertThat(String.join("", prompt.texts())).isEqualTo(prompt.rendered());
        assertThat(prompt.roles())
                .hasSize(prompt.length())
                .startsWith(Role.HEADER)
                .contains(Role.SYSTEM, Role.ASSISTANT);
    }

    @Test
    void a_range_and_a_predicate_pick_positions() {
        TokenizedPrompt prompt = Prompt.ofText("The whale sings.").tokenized(model.text());
        assertThat(Positions.range(1, 3).in(prompt)).containsExactly(1, 2);
        assertThat(new Positions.Matching("even", (p, position) -> position % 2 == 0).in(prompt))
                .startsWith(0, 2);
        assertThatThrownBy(() -> Positions.range(0, 99).in(prompt))
                .hasMessage("The range of positions extends beyond the prompt.\n  range:  0 up to 99\n  prompt: "
                        + prompt.length() + " tokens");
        assertThatThrownBy(() -> prompt.role(0)).hasMessage("""
                        Plain text has no roles.
                          text: The whale sings.
                          try:  a conversation, or positions that do not depend on roles""");
    }

    @Test
    void names_are_read_back() {
        for (String name : List.of(
                "all",
                "first-difference",
                "after-last-difference",
                "last",
                "answer-letter",
                "answer-word",
                "answer-mean",
                "range:2-5",
                "from:3",
                "role:user")) {
            assertThat(Positions.parse(name).name()).isEqualTo(name);
        }
        assertThatThrownBy(() -> Positions.parse("generated+1")).hasMessage("""
                        This is not a valid name of positions.
                          but was: generated+1, which is for steering
                          choose:  all, last, from:N, range:FROM-TO, role:ROLE, first-difference, after-last-difference, answer-letter, answer-word, answer-mean""");
        assertThatThrownBy(() -> Positions.parse("role:narrator")).hasMessage("""
                        There is no such role.
                          but was: narrator
                          choose:  system, user, assistant, other, header""");
    }

    @Test
    void what_reading_and_steering_both_spell_is_the_same_tokens_of_a_prompt() {
        TokenizedPrompt prompt = Prompt.ofMessages(List.of(Message.user("Tell me about the whale.")))
                .tokenized(model.text());
        for (String name : List.of("all", "last", "from:2", "range:1-4", "role:user")) {
            Tokens steered = Tokens.parse(name, prompt);
            assertThat(steered.name()).isEqualTo(name);
            assertThat(Positions.parse(name).in(prompt))
                    .as(name)
                    .containsExactly(IntStream.range(0, prompt.length())
                            .filter(position -> steered.include(position, prompt.length()))
                            .toArray());
        }
        assertThat(Tokens.last().include(prompt.length(), prompt.length())).isFalse();
        assertThat(Tokens.range(1, 4).include(4, 2)).isFalse();
    }

    @Test
    void contrast_pairs_are_read_from_json_lines() throws IOException {
        Path file = folder.resolve("pairs.jsonl");
        Files.writeString(file, """
                {"positive": "I am happy.", "negative": "I am sad."}

                {"positive": [{"role": "user", "content": "Hi"}], "negative": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}
                """);
        List<ContrastPair> pairs = ContrastData.readPairs(file);
        assertThat(pairs).hasSize(2);
        assertThat(pairs.get(0))
                .isEqualTo(ContrastPair.ofTexts("I am happy.", "I am sad.").labelled("pairs.jsonl, line 1"));
        assertThat(pairs.get(1).positive().ending()).isEqualTo(Prompt.Ending.GENERATION_HEADER);
        assertThat(pairs.get(1).negative().ending()).isEqualTo(Prompt.Ending.CONTINUED);
        PairReport report = PairReport.of(model, pairs).get(0);
        assertThat(report.differsIn().get(0)).contains("happy");
        assertThat(report.differsIn().get(1)).contains("sad");
        assertThat(report.same()).isFalse();
        Files.writeString(file, "{\"positive\": \"a\", \"negative\": \"b\"}\n{\"positive\": 3, \"negative\": \"b\"}\n");
        assertThatThrownBy(() -> ContrastData.readPairs(file))
                .hasMessage("The contrast pairs cannot be used.\n  file:     " + file
                        + "\n  line:     2\n  expected: a text or a list of messages as positive\n  but was:  3");
    }

    @Test
    void multiple_choice_items_are_read_and_errors_name_their_line() throws IOException {
        Path file = folder.resolve("items.json");
        Files.writeString(file, """
                [
                  {"question": "Q1", "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"},
                  {"question": "Q2", "answer_matching_behavior": "(B)", "answer_not_matching_behavior": "(A)"}
                ]""");
        assertThat(ContrastData.readAnswers(file))
                .containsExactly(
                        ContrastPair.ofAnswers("Q1", "(A)", "(B)").labelled("items.json, line 2"),
                        ContrastPair.ofAnswers("Q2", "(B)", "(A)").labelled("items.json, line 3"));
        Files.writeString(file, "[\n{\"question\": \"Q1\", \"answer_matching_behavior\": \"(A)\"}]");
        assertThatThrownBy(() -> ContrastData.readAnswers(file))
                .hasMessage("The contrast pairs cannot be used.\n  file:     " + file
                        + "\n  line:     2\n  expected: a non-empty string as answer_not_matching_behavior"
                        + "\n  but was:  none");
        Files.writeString(file, "[\n{\"question\": ");
        assertThatThrownBy(() -> ContrastData.readAnswers(file))
                .hasMessageStartingWith("The contrast pairs cannot be used.\n  file:     " + file + "\n  line:     2");
    }
}
