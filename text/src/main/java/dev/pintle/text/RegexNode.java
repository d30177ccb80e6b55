package dev.pintle.text;

import java.util.List;
import java.util.function.IntPredicate;

/** A part of a regular expression, as far as {@link RegexWork} asks. */
sealed interface RegexNode {
    int UNBOUNDED = Integer.MAX_VALUE;

    /** Beyond every limit, and small enough to be multiplied once more. */
    long HUGE = 1L << 30;

    /** The fewest characters that a match has. */
    int shortest();

    /** Whether it matches at every place, if only the empty text. */
    boolean neverFails();

    /** Every character that a match may hold, or more. */
    IntPredicate characters();

    /** How many nodes it has when repetitions are written out, as a compiler may do. */
    long size();

    /**
     * One character of a class.
     *
     * @param written in the expression
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

    /** A place: the start of a line, the end of a word. */
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

    /** A look ahead or behind. */
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

    /** One after the other. */
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

    /** The first branch that matches. */
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
     * Again and again.
     *
     * @param most times, or {@link #UNBOUNDED}
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

    /** The parts of a row, or the node alone. */
    static List<RegexNode> parts(RegexNode node) {
        return node instanceof Row row && !row.parts().isEmpty() ? row.parts() : List.of(node);
    }
}
