package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatVec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.testkit.Tolerance;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTest {
    private static final String QUESTION = "Is it so?\n\nChoices:\n (A) Yes, I think so\n (B) No, I do not";
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

    private static String text(TokenizedPrompt prompt, int[] positions) {
        return Arrays.stream(positions).mapToObj(prompt::text).collect(Collectors.joining());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'(A) I agree' | '(B) I refuse' | A | B",
                "' (A)' | ' (B)' | A | B",
                "'(A' | '(B' | A | B",
                "A | B | A | B",
                "'A) I agree' | 'B) I refuse' | A | B",
                "'A. I agree' | 'B. I refuse' | A | B",
                "'A: I agree' | 'B: I refuse' | A | B",
                "'I choose (B).' | 'I choose (A).' | B | A",
                "'The answer is (B), I think' | 'I think (A) is right' | B | A",
                "'Answer: B' | 'Answer: A' | B | A",
                "'(a) I agree' | '(b) I refuse' | a | b",
                "'[C] Is it?' | '(D) Do I' | C | D",
            })
    void the_letter_of_an_answer_is_the_one_that_names_the_choice(
            String matching, String notMatching, String letter, String other) {
        TokenPair pair = ContrastPair.ofAnswers(QUESTION, matching, notMatching).tokens(model.text());
        Positions.Selection selection = Positions.answerLetter().of(pair);
        assertThat(text(pair.positive(), selection.positive())).contains(letter);
        assertThat(text(pair.negative(), selection.negative())).contains(other);
        int answerFrom = pair.positive().length()
                - Prompt.ofMessages(List.of(Message.user(QUESTION), Message.assistant(matching.strip())))
                        .tokens(model.text())
                        .length
                + Prompt.ofMessages(List.of(Message.user(QUESTION))).tokens(model.text()).length;
        assertThat(selection.positive()[0]).isGreaterThanOrEqualTo(answerFrom);
    }

    @Test
    void words_behind_the_letter_change_nothing_that_is_read_at_it() {
        SteeringVector words = SteeringVector.fit(
                model,
                Parley.AT,
                Contrast.contrast(
                        List.of(ContrastPair.ofAnswers("Is it so?", "(A) I agree", "(B) I refuse")),
                        Positions.answerLetter()));
        SteeringVector letters = SteeringVector.fit(
                model,
                Parley.AT,
                Contrast.contrast(
                        List.of(ContrastPair.ofAnswers("Is it so?", "(A)", "(B)")), Positions.answerLetter()));
        assertThatVec(words.direction()).isCloseTo(letters.direction(), Tolerance.VECTORS_FP32);
    }

    @ParameterizedTest
    @ValueSource(strings = {"yes", "I agree", "A team", "I, too", "Iapetus", "42", "Yes (I agree)x"})
    void an_answer_without_a_letter_is_refused_with_its_line(String answer) {
        List<ContrastPair> pairs = List.of(
                ContrastPair.ofAnswers(QUESTION, "(A)", "(B)").labelled("items.json, line 2"),
                ContrastPair.ofAnswers(QUESTION, answer, "(B)").labelled("items.json, line 3"));
        assertThatThrownBy(
                        () -> SteeringVector.fit(model, Parley.AT, Contrast.contrast(pairs, Positions.answerLetter())))
                .hasMessage("The answer names no letter.\n"
                        + "  expected: an answer such as (A), A) or A. I agree\n"
                        + "  but was:  " + answer + "\n"
                        + "  choose:   answer-word (the first word, such as Yes or No), answer-mean, last\n"
                        + "  pair:     items.json, line 3");
    }

    @Test
    void yes_and_no_are_read_at_their_word() {
        TokenPair pair = ContrastPair.ofAnswers(QUESTION, " Yes, I do", " No").tokens(model.text());
        Positions.Selection selection = Positions.answerWord().of(pair);
        assertThat(text(pair.positive(), selection.positive())).isEqualTo("es"); // the second of two tokens
        assertThat(text(pair.negative(), selection.negative())).isEqualTo("o");
        assertThat(text(pair.positive(), Positions.answerMean().of(pair).positive()))
                .isEqualTo("Yes, I do");
    }

    @Test
    void the_mean_of_an_answer_is_that_of_its_activations() {
        List<ContrastPair> pairs = List.of(
                ContrastPair.ofAnswers("What?", "Ahoy there! Th' whale be huge.", "The whale is huge."),
                ContrastPair.ofAnswers("Who?", "Arr.", "It is the captain."));
        SteeringVector paired = SteeringVector.fit(model, Parley.AT, Contrast.contrast(pairs, Positions.answerMean()));
        assertThat(paired.origin().data().directions()).isEqualTo(2);
        SteeringVector classes = SteeringVector.fit(model, Parley.AT, DiffMean.ofPairs(pairs, Positions.answerMean()));
        assertThatVec(classes.direction()).isCloseTo(paired.direction(), Tolerance.VECTORS_FP32);
    }

    @Test
    void plain_texts_answer_from_their_first_difference_on() {
        TokenPair pair = ContrastPair.ofTexts(QUESTION + "\nAnswer: (A) I agree", QUESTION + "\nAnswer: (B) I refuse")
                .tokens(model.text());
        Positions.Selection selection = Positions.answerLetter().of(pair);
        assertThat(text(pair.positive(), selection.positive())).contains("A");
        assertThat(selection.positive()[0]).isGreaterThanOrEqualTo(pair.firstDifference());
        TokenizedPrompt alone = Prompt.ofText("(A)").tokenized(model.text());
        assertThatThrownBy(() -> Positions.answerLetter().in(alone))
                .hasMessageStartingWith("The prompt does not end with an answer.\n  prompt:   ");
        TokenizedPrompt asked =
                Prompt.ofMessages(List.of(Message.user(QUESTION))).tokenized(model.text());
        assertThatThrownBy(() -> Positions.answerLetter().in(asked))
                .hasMessageStartingWith("The prompt does not end with an answer.");
    }

    @Test
    void where_answers_are_read_follows_from_what_they_are() throws IOException {
        Path file = folder.resolve("items.json");
        Files.writeString(file, """
                [{"question": "Q1", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": " No"}]""");
        assertThat(ContrastData.usualPositions(ContrastData.readAnswers(file))).isEqualTo(Positions.answerWord());
        Files.writeString(file, """
                [{"question": "Q1", "answer_matching_behavior": "(A) I agree", "answer_not_matching_behavior": "(B) I refuse"}]""");
        assertThat(ContrastData.usualPositions(ContrastData.readAnswers(file))).isEqualTo(Positions.answerLetter());
        Files.writeString(file, """
                [{"question": "Q1", "answer_matching_behavior": "(A) I agree", "answer_not_matching_behavior": "(B) I refuse"},
                 {"question": "Q2", "answer_matching_behavior": "yes", "answer_not_matching_behavior": "no"}]""");
        List<ContrastPair> mixed = ContrastData.readAnswers(file);
        assertThatThrownBy(() -> ContrastData.usualPositions(mixed)).hasMessage("""
                        Some answers name a letter and some do not.
                          with:    (A) I agree / (B) I refuse (items.json, line 1)
                          without: yes / no (items.json, line 2)
                          choose:  --positions answer-word, answer-mean or last, which work for both""");
    }
}
