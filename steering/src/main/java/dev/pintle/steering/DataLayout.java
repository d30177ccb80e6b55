package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a file of contrast data does not say of itself.
 *
 * @param columns the keys, or columns of CSV, to read: the positive side's and the negative's of pairs, the one of texts;
 *     empty for the usual names
 * @param split which of several lists to read, such as {@code train}; empty for the only one, or {@code train}
 * @param as what a text is
 */
public record DataLayout(List<String> columns, String split, TextAs as) {
    /** What a text in a file is to the model. */
    public enum TextAs {
        /** A text without a chat template. */
        PLAIN,
        /** What a user says; the prompt ends with the header of an answer. */
        USER;

        /** @throws IllegalArgumentException listing the names */
        public static TextAs parse(String name) {
            return Arrays.stream(values())
                    .filter(as -> as.name().toLowerCase(Locale.ROOT).equals(name))
                    .findFirst()
                    .orElseThrow(() -> Problem.of("A text can be read in two ways.")
                            .fact("choose", "plain (as it is), user (what a user says, with the chat template)")
                            .fact("but was", name)
                            .toIllegalArgument());
        }
    }

    /** The usual names, the only list, plain texts. */
    public static final DataLayout USUAL = new DataLayout(List.of(), "", TextAs.PLAIN);

    /** Keeps a copy of the columns. */
    public DataLayout {
        columns = List.copyOf(columns);
    }

    /** The same with columns named in a list with commas. */
    public DataLayout withColumns(String names) {
        return new DataLayout(
                Arrays.stream(names.split(",", -1)).map(String::strip).toList(), split, as);
    }

    /** The same reading one list of several. */
    public DataLayout withSplit(String name) {
        return new DataLayout(columns, name, as);
    }

    /** The same with texts that are read in a way. */
    public DataLayout withTexts(TextAs how) {
        return new DataLayout(columns, split, how);
    }

    Prompt prompt(String text) {
        return as == TextAs.PLAIN ? Prompt.ofText(text) : Prompt.ofMessages(List.of(Message.user(text)));
    }
}
