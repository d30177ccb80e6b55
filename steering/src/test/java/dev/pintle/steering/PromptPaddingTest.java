package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.text.Message;
import dev.pintle.text.ModelText;
import dev.pintle.text.Prompt;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("any-java")
class PromptPaddingTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = Parley.load();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** Renders and tokenizes the whole conversation once a letter: slow, and plain enough to be believed. */
    private static Prompt letterByLetter(Prompt prompt, int tokens, ModelText text) {
        StringBuilder padding = new StringBuilder(" ");
        while (prompt.withLongerFirstMessage(padding.toString()).tokens(text).length < tokens) {
            padding.append('x');
        }
        return prompt.withLongerFirstMessage(padding.toString());
    }

    @Test
    void padding_is_what_rendering_letter_by_letter_gives() {
        ModelText text = model.text();
        List<Prompt> prompts = List.of(
                Prompt.ofMessages(List.of(Message.system("Be brief."), Message.user("Hello!"))),
                Prompt.ofMessages(List.of(Message.system("A prompt that ends in x"), Message.user("x"))),
                Prompt.ofMessages(List.of(Message.system(""), Message.user("Hello, how are you?"))),
                Prompt.ofText("No conversation at all, xx"));
        for (Prompt prompt : prompts) {
            int length = prompt.tokens(text).length;
            for (int more = 0; more < 12; more++) {
                assertThat(new PromptPadding(prompt, text).upTo(length + more))
                        .as(prompt + " and " + more)
                        .isEqualTo(letterByLetter(prompt, length + more, text));
            }
        }
    }

    @Test
    void a_template_that_does_more_than_add_a_letter_is_noticed() {
        assertThat(PromptPadding.placeOfNext("a xb", "a xxb")).isEqualTo(3);
        assertThat(PromptPadding.placeOfNext("a x", "a xx")).isEqualTo(3);
        assertThat(PromptPadding.placeOfNext("a x (1)", "a xx (2)")).isEqualTo(-1);
        assertThat(PromptPadding.placeOfNext("same", "same")).isEqualTo(-1);
    }

    @Test
    void a_length_that_no_padding_reaches_is_refused() {
        Prompt prompt = Prompt.ofText("a");
        assertThatThrownBy(() -> new PromptPadding(prompt, model.text()).upTo(1_000_000))
                .hasMessageStartingWith("The prompts cannot be padded to equal length.\n  expected: 1000000 tokens\n");
    }
}
