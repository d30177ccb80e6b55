package dev.pintle.text;

import java.util.List;
import java.util.function.IntPredicate;

/** A node of a regular expression, with what {@link RegexWork} needs to know. */
sealed interface RegexNode {
    int UNBOUNDED = Integer.MAX_VALUE;

    /** Exceeds every limit, and is small enough to be multiplied once more. */
    long HUGE = 1L << 30;

    /** The minimum length of a match, in characters. */
    int shortest();

    /** Whether it matches at every position, possibly the empty string. */
    boolean neverFails();

    /** Every character a match may contain, or a superset. */
    IntPredicate characters();

    /** The number of nodes after expanding repetitions, as a compiler may do. */
    long size();

    /**
     * One character from a class.
     *
     * @param written its source in the expression
     */
    record One(String written, IntPredicate characters) implements RegexNode {
        @Override
        public int shortest() {
            return 1;
        }

        @Override
        public boolean neverFails() {
            return false;
        }

        @Override
        public long size() {
            return 1;
        }
    }

    /** A position: the start of a line, the end of a word. */
    record Anchor() implements RegexNode {
        @Override
        public int shortest() {
            return 0;
        }

        @Override
        public boolean neverFails() {
            return false;
        }

        @Override
        public IntPredicate characters() {
            return c -> false;
        }

        @Override
        public long size() {
            return 1;
        }
    }

    /** A lookahead or lookbehind. */
    record Look(RegexNode body) implements RegexNode {
        @Override
        public int shortest() {
            return 0;
        }

        @Override
        public boolean neverFails() {
            return false;
        }

        @Override
        public IntPredicate characters() {
            return body.characters();
        }

        @Override
        public long size() {
            return 1 + body.size();
        }
    }

    /** A sequence. */
    record Row(List<RegexNode> parts) implements RegexNode {
        @Override
        public int shortest() {
            long sum = parts.stream().mapToLong(RegexNode::shortest).sum();
            return (int) Math.min(Integer.MAX_VALUE, sum);
        }

        @Override
        public boolean neverFails() {
            return parts.stream().allMatch(RegexNode::neverFails);
        }

        @Override
        public IntPredicate characters() {
            return anyOf(parts);
        }

        @Override
        public long size() {
            return parts.stream().mapToLong(RegexNode::size).sum();
        }
    }

    /** An alternation; the first matching branch wins. */
    record Choice(List<RegexNode> branches) implements RegexNode {
        @Override
        public int shortest() {
            return branches.stream().mapToInt(RegexNode::shortest).min().orElse(0);
        }

        @Override
        public boolean neverFails() {
            return branches.stream().anyMatch(RegexNode::neverFails);
        }

        @Override
        public IntPredicate characters() {
            return anyOf(branches);
        }

        @Override
        public long size() {
            return 1 + branches.stream().mapToLong(RegexNode::size).sum();
        }
    }

    /**
     * A repetition.
     *
     * @param most maximum count, or {@link #UNBOUNDED}
     */
    record Repeat(RegexNode body, int least, int most, boolean isLazy) implements RegexNode {
        boolean isUnbounded() {
            return most == UNBOUNDED;
        }

        @Override
        public int shortest() {
            return (int) Math.min(Integer.MAX_VALUE, (long) least * body.shortest());
        }

        @Override
        public boolean neverFails() {
            return least == 0 || body.neverFails();
        }

        @Override
        public IntPredicate characters() {
            return body.characters();
        }

        @Override
        public long size() {
            return 1 + Math.min(HUGE, body.size() * Math.max(1, isUnbounded() ? least + 1L : most));
        }
    }

    private static IntPredicate anyOf(List<RegexNode> nodes) {
        return c -> nodes.stream().anyMatch(node -> node.characters().test(c));
    }

    /** The parts of a sequence, or the node itself. */
    static List<RegexNode> parts(RegexNode node) {
        return node instanceof Row row && !row.parts().isEmpty() ? row.parts() : List.of(node);
    }
}
