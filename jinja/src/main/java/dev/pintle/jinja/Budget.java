package dev.pintle.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/*
 * Everything a template does is charged here before it happens: one step per expression, statement and iteration, one
 * per 16 characters that an operation processes, and memory for each value created. So no single operation takes longer
 * than a few milliseconds, and the clock and the thread's interrupt flag are checked between operations.
 */
/** What is left of the {@link Limits} of one rendering. */
final class Budget {
    private static final int ELEMENT = 32;
    private static final int TEXT = 56;
    private static final int ENTRY = 160;
    private static final int CHECK_INTERVAL = 1 << 11;

    private final Limits limits;
    private final long deadline;
    private long steps;
    private long nextCheck = CHECK_INTERVAL;
    private long memory;
    private int depth;
    private int expressions;

    Budget(Limits limits) {
        this.limits = limits;
        this.deadline = System.nanoTime() + limits.time().toNanos();
    }

    void step() {
        if (++steps >= nextCheck) {
            check();
        }
    }

    /** Charges a number of steps at once, about ten nanoseconds each. */
    void steps(long count) {
        steps += count;
        step();
    }

    /** Charges work over a value of this length. */
    void work(long length) {
        steps(length >> 4);
    }

    private void check() {
        nextCheck = steps + CHECK_INTERVAL;
        if (steps > limits.steps()) {
            throw JinjaException.of("The template takes too long.", "steps", "over " + limits.steps());
        }
        if (System.nanoTime() - deadline > 0) {
            throw JinjaException.of(
                    "The template takes too long.",
                    "milliseconds",
                    "over " + limits.time().toMillis());
        }
        if (Thread.currentThread().isInterrupted()) {
            throw JinjaException.of("The rendering of the template was interrupted.");
        }
    }

    /** Charges a new text of this many characters, before it is created if its length is known. */
    void text(long length) {
        if (length > limits.text()) {
            throw JinjaException.of(
                    "The template creates a text that is too long.", "characters", "over " + limits.text());
        }
        memory(TEXT + 2 * length);
    }

    /** Charges a new list of this many elements. */
    void elements(long count) {
        if (count > limits.text()) {
            throw JinjaException.of(
                    "The template creates a list that is too long.", "elements", "over " + limits.text());
        }
        memory(ELEMENT + ELEMENT * count);
    }

    /** Charges new dict entries. */
    void entries(long count) {
        memory(ENTRY * count);
        steps(count);
    }

    /** Charges a value that is not a text, list or dict but references others. */
    void value() {
        memory(128);
    }

    void memory(long bytes) {
        memory += bytes;
        if (memory > limits.memory()) {
            throw JinjaException.of(
                    "The template creates too many or too large values.", "bytes", "over " + limits.memory());
        }
    }

    /** Charges the use of a text as a key: its hash and one comparison. */
    void key(Object key) {
        if (Operations.isText(key)) {
            work(Operations.plain(key).length());
        } else if (key instanceof Value.Tuple tuple) {
            tuple.items().forEach(this::key);
        } else if (key instanceof BigInteger || key instanceof Double) {
            digits(key, key);
        }
    }

    /** Charges arithmetic on two numbers, or conversion of one to digits: the product of their lengths. */
    void digits(Object left, Object right) {
        long a = words(left);
        long b = words(right);
        if (a + b > 2) {
            steps(a * b / 16 + a + b);
        }
    }

    /** A float counts as its exact digits. */
    private static long words(Object number) {
        if (number instanceof Double value) {
            return 1 + Math.abs(Math.getExponent(value)) / 16L;
        }
        return number instanceof BigInteger big ? 1 + big.bitLength() / 32L : 1;
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw JinjaException.of("The template recurses too deeply.", "depth", "over " + limits.depth());
        }
    }

    void leave() {
        depth--;
    }

    /** Enters a nested expression; {@link #leaveExpression} follows unless the rendering ends. */
    void enterExpression() {
        step();
        if (++expressions > Limits.EXPRESSIONS) {
            throw JinjaException.of("The template recurses too deeply.", "expressions", "over " + Limits.EXPRESSIONS);
        }
    }

    void leaveExpression() {
        expressions--;
    }

    /** A text built piece by piece, which fails as soon as it is too long. */
    Text newText() {
        return new Text();
    }

    /** A list built element by element, which fails as soon as it is too long. */
    Items newItems() {
        return new Items();
    }

    /** A bounded {@link StringBuilder}. */
    final class Text {
        private final StringBuilder text = new StringBuilder();

        private void room(long more) {
            if (text.length() + more > limits.text()) {
                Budget.this.text(text.length() + more);
            }
            memory(2 * more);
        }

        Text append(String piece) {
            room(piece.length());
            text.append(piece);
            return this;
        }

        Text append(String whole, int from, int to) {
            room(to - (long) from);
            text.append(whole, from, to);
            return this;
        }

        Text append(char piece) {
            room(1);
            text.append(piece);
            return this;
        }

        Text appendCodePoint(int piece) {
            room(2);
            text.appendCodePoint(piece);
            return this;
        }

        Text repeat(String piece, long times) {
            Budget.this.text(piece.length() * Math.max(0, times));
            steps(Math.max(0, times) >> 2);
            for (long i = 0; i < times && !piece.isEmpty(); i++) {
                append(piece);
            }
            return this;
        }

        int length() {
            return text.length();
        }

        @Override
        public String toString() {
            memory(TEXT);
            work(text.length());
            return text.toString();
        }
    }

    /** A bounded {@link ArrayList}. */
    final class Items {
        private final List<Object> items = new ArrayList<>();

        void add(Object item) {
            step();
            memory(ELEMENT);
            items.add(item);
        }

        /** Appends a piece of a text, as a text of its own. */
        void addText(String whole, int from, int to) {
            Budget.this.text(to - (long) from);
            work(to - (long) from);
            add(whole.substring(from, to));
        }

        int size() {
            return items.size();
        }

        List<Object> list() {
            return items;
        }
    }
}
