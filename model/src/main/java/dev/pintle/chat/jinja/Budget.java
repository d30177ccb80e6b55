package dev.pintle.chat.jinja;

/** What is left of the {@link Limits} of one rendering. */
final class Budget {
    private final Limits limits;
    private long steps;
    private long built;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw JinjaException.of("The template takes too long.", "steps", "over " + limits.steps());
        }
    }

    /** Work over a value of this length. */
    void work(long length) {
        steps += length >> 4;
        step();
    }

    /** A new text of this many characters, checked before it is made where its length is known. */
    void text(long length) {
        if (length > limits.text()) {
            throw JinjaException.of(
                    "The template makes a text that is too long.", "characters", "over " + limits.text());
        }
        build(length);
    }

    /** A new list of this many elements. */
    void elements(long count) {
        if (count > limits.text()) {
            throw JinjaException.of("The template makes a list that is too long.", "elements", "over " + limits.text());
        }
        build(8 * count);
    }

    private void build(long amount) {
        built += amount;
        if (built > limits.built()) {
            throw JinjaException.of("The template makes too much text.", "characters", "over " + limits.built());
        }
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw JinjaException.of("The template calls itself too deeply.", "depth", "over " + limits.depth());
        }
    }

    void leave() {
        depth--;
    }

    /** A text that is put together piece by piece and refused as soon as it is too long. */
    Text newText() {
        return new Text();
    }

    /** A bounded {@link StringBuilder}. */
    final class Text {
        private final StringBuilder text = new StringBuilder();

        Text append(String piece) {
            if (text.length() + (long) piece.length() > limits.text()) {
                Budget.this.text(text.length() + (long) piece.length());
            }
            build(piece.length());
            text.append(piece);
            return this;
        }

        Text append(char piece) {
            return append(String.valueOf(piece));
        }

        Text repeat(String piece, long times) {
            Budget.this.text(piece.length() * Math.max(0, times));
            for (long i = 0; i < times; i++) {
                append(piece);
            }
            return this;
        }

        int length() {
            return text.length();
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
