package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How to interpret a file of contrast data, where the file itself does not say.
 *
 * @param columns the keys, or CSV columns, to read: the positive and the negative side of pairs, or the single column
 *     of texts; empty for the default names
 * @param split which of several lists to read, such as {@code test}; empty for the only one, or {@code train}
 * @param as how texts are turned into prompts
 */
public record DataLayout(List<String> columns, String split, TextAs as) {
    /** How a text in a file becomes a prompt. */
    public enum TextAs {
        /** A text without a chat template. */
        PLAIN,
        /** As a user message; the prompt ends with the header of the answer. */
        USER;

        /** @throws IllegalArgumentException listing the names */
        public static TextAs parse(String name) {
            return Arrays.stream(values())
                    .filter(as -> as.name().toLowerCase(Locale.ROOT).equals(name))
                    .findFirst()
                    .orElseThrow(() -> Problem.of("Texts can be used in two ways.")
                            .fact("choose", "plain (as it is), user (as a user message, with the chat template)")
                            .fact("but was", name)
                            .toIllegalArgument());
        }
    }

    /** Default names, the only list, plain texts. */
    public static final DataLayout USUAL = new DataLayout(List.of(), "", TextAs.PLAIN);

    /** Copies the columns. */
    public DataLayout {
        columns = List.copyOf(columns);
    }

    /** A copy with comma-separated column names. */
    public DataLayout withColumns(String names) {
        return new DataLayout(
                Arrays.stream(names.split(",", -1)).map(String::strip).toList(), split, as);
    }

    /** A copy that reads the given list. */
    public DataLayout withSplit(String name) {
        return new DataLayout(columns, name, as);
    }

    /** A copy with texts used in the given way. */
    public DataLayout withTexts(TextAs how) {
        return new DataLayout(columns, split, how);
    }

    Prompt prompt(String text) {
        return as == TextAs.PLAIN ? Prompt.ofText(text) : Prompt.ofMessages(List.of(Message.user(text)));
    }
}
