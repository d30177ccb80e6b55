package dev.pintle.report;

import dev.pintle.evaluation.Loops;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.figure.Figure;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A part of a chapter. */
public sealed interface Element {
    /** This, and what is folded in it, in order. */
    default Stream<Element> everything() {
        return this instanceof Details details
                ? Stream.concat(Stream.of(details), details.elements().stream().flatMap(Element::everything))
                : Stream.of(this);
    }

    /** A few sentences. */
    record Paragraph(String text) implements Element {}

    /** The title of what follows within a chapter. */
    record Heading(String text) implements Element {}

    /**
     * Rows of cells.
     *
     * @param caption what the table shows
     * @param rows each as wide as {@code head}
     * @param firstNumber column from which cells are numbers; as many as there are columns where none are
     */
    record Table(String caption, List<String> head, List<List<String>> rows, int firstNumber) implements Element {
        /** @throws IllegalArgumentException if a row is not as wide as the head */
        public Table {
            for (List<String> row : rows) {
                if (row.size() != head.size()) {
                    throw new IllegalArgumentException(
                            "A row of \"" + caption + "\" has " + row.size() + " cells, the head " + head.size());
                }
            }
            head = List.copyOf(head);
            rows = rows.stream().map(List::copyOf).toList();
        }
    }

    /** A figure. */
    record Picture(Figure figure) implements Element {}

    /**
     * Generated texts side by side.
     *
     * @param question what all of them answer
     * @param marker what is marked in them; a pattern that is never found marks nothing
     */
    record Texts(String question, List<Card> cards, Pattern marker) implements Element {
        private static final Pattern NOTHING = Pattern.compile("(?!)");

        public Texts {
            cards = List.copyOf(cards);
        }

        /** Texts in which the words of a style are marked. */
        public Texts(String question, List<Card> cards, StyleMarker style) {
            this(question, cards, style.marker());
        }

        /** Texts without marks. */
        public static Texts plain(String question, List<Card> cards) {
            return new Texts(question, cards, NOTHING);
        }
    }

    /** How a text came out. */
    enum Tone {
        /** As it should. */
        GOOD,
        /** Broken. */
        BAD,
        /** Neither. */
        PLAIN
    }

    /**
     * One generated text.
     *
     * @param label what produced it, such as a strength
     * @param state what it is, in a word or two
     * @param note what was measured of it; empty where nothing was
     */
    record Card(String label, String state, Tone tone, String text, String note) {
        /** A text with what a style's marker and repetition say about it. */
        public static Card judged(String label, String text, StyleMarker style) {
            if (Loops.in(text)) {
                return new Card(label, "loops", Tone.BAD, text, "");
            }
            return style.shows(text)
                    ? new Card(label, "in style", Tone.GOOD, text, "")
                    : new Card(label, "not in style", Tone.PLAIN, text, "");
        }
    }

    /** The original's claims, each with its verdict. */
    record Claims(List<Claim> claims) implements Element {
        public Claims {
            claims = List.copyOf(claims);
        }
    }

    /**
     * One claim.
     *
     * @param claim as a sentence
     * @param published the original's value; empty where it gave none
     * @param asPublished ours by the original's method
     * @param asItShouldBe ours by the right one; empty where there is none
     * @param because why the verdict is what it is, as a sentence
     */
    record Claim(
            String claim, String published, String asPublished, String asItShouldBe, Verdict verdict, String because) {}

    /** Folded until the reader opens it. */
    record Details(String summary, List<Element> elements) implements Element {
        public Details {
            elements = List.copyOf(elements);
        }
    }
}
