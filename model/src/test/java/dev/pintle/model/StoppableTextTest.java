package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StoppableTextTest {
    private static List<String> told(List<String> stops, String... pieces) {
        StoppableText text = new StoppableText(stops);
        List<String> told = new ArrayList<>();
        for (String piece : pieces) {
            told.add(text.add(piece));
            if (text.found() != null) {
                break;
            }
        }
        told.add(text.found() == null ? text.rest() : "");
        assertThat(String.join("", told)).isEqualTo(text.toString());
        return told;
    }

    @Test
    void what_may_begin_a_stop_string_is_held_back() {
        assertThat(told(List.of("is blue"), "The", " whale", " is", " blu", "e", " and"))
                .containsExactly("The", " whale", " ", "", "", "");
    }

    @Test
    void what_turns_out_to_be_no_stop_string_is_told_after_all() {
        assertThat(told(List.of("is blue"), "The", " whale is", " black"))
                .containsExactly("The", " whale ", "is black", "");
        assertThat(told(List.of("is blue"), "It is b")).containsExactly("It ", "is b");
    }

    @Test
    void the_longest_beginning_of_any_is_held_back() {
        assertThat(told(List.of("abx", "babab!"), "..babab")).containsExactly("..", "babab");
        assertThat(told(List.of("aab"), "aaaa")).containsExactly("aa", "aa");
        assertThat(told(List.of("aab"), "aaaab", "c")).containsExactly("aa", "");
    }

    @Test
    void of_several_the_one_that_is_complete_first_counts() {
        assertThat(told(List.of("blue", "is blue"), "it is blue")).containsExactly("it ", "");
        assertThat(told(List.of("abcd", "c"), "xabcd")).containsExactly("xab", "");
        assertThat(told(List.of("abcd", "c"), "xa", "bcd")).containsExactly("x", "ab", "");
    }

    @Test
    void a_stop_string_that_no_text_can_be_cut_before_is_refused() {
        assertThatThrownBy(() -> StoppableText.require(List.of("x", "")))
                .hasMessage(
                        "This stop string cannot be used.\n  expected: at least one character, and whole characters\n"
                                + "  but was:  an empty string");
        assertThatThrownBy(() -> StoppableText.require(List.of("\ude00")))
                .hasMessageContaining("half of a surrogate pair");
    }

    /** Over a small alphabet, so that stop strings overlap each other and themselves; with characters of two and four bytes. */
    @Test
    void what_is_told_is_the_text_before_the_first_stop_string_however_it_comes_in_pieces() {
        Random random = new Random(11);
        String[] alphabet = {"a", "b", "é", "😀", "\n", " "};
        for (int round = 0; round < 20_000; round++) {
            int letters = 2 + random.nextInt(alphabet.length - 1);
            List<String> stops = new ArrayList<>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                stops.add(word(random, alphabet, letters, 1 + random.nextInt(5)));
            }
            List<String> pieces = new ArrayList<>();
            for (int i = random.nextInt(12); i > 0; i--) {
                pieces.add(word(random, alphabet, letters, random.nextInt(4)));
            }
            String whole = String.join("", pieces);
            List<String> told = told(stops, pieces.toArray(String[]::new));
            assertThat(String.join("", told))
                    .as("stops %s in %s", stops, pieces)
                    .isEqualTo(cut(whole, stops));
            for (String piece : told) {
                assertThat(piece.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff))
                        .isTrue();
            }
        }
    }

    private static String word(Random random, String[] alphabet, int letters, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append(alphabet[random.nextInt(letters)]);
        }
        return word.toString();
    }

    /** Letter by letter: the plain meaning. */
    private static String cut(String whole, List<String> stops) {
        for (int end = 1; end <= whole.length(); end++) {
            String seen = whole.substring(0, end);
            int longest = stops.stream()
                    .filter(seen::endsWith)
                    .mapToInt(String::length)
                    .max()
                    .orElse(0);
            if (longest > 0) {
                return seen.substring(0, end - longest);
            }
        }
        return whole;
    }
}
