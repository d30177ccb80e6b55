package dev.pintle.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/*
 * A backtracking matcher may need exponential time on innocent text. This class bounds the work from the pattern alone,
 * after "Static Detection of DoS Vulnerabilities in Programs that use Regular Expressions" (Wüstholz et al., 2017), but
 * more coarsely, because the patterns that split text into words are simple.
 *
 * The matcher may backtrack to a choice only if what follows it can fail. Choices followed only by parts that may be
 * empty are never revisited. For each of the others we count the number of ways through it: a bounded repetition has as
 * many as it has lengths, an unbounded one as many as there are characters in a run of its class. Two unbounded
 * repetitions in a row, or one inside another, multiply; such patterns are refused. With a single one, a match costs at
 * most (ways x run) steps.
 *
 * If every match that fails this way is followed by an alternative that takes the whole run, each character is visited
 * only a few times and the total is linear. This holds for the last three alternatives of GPT-2, Llama 3 and similar
 * patterns: \s*[\r\n]+|\s+(?!\S)|\s+. Otherwise a run of r characters may cost r^2/2 steps, which can be computed from
 * a text before it is matched.
 */
/** The worst-case work of a regular expression, derived from its syntax. */
final class RegexWork {
    private static final int MAX_WAYS = 10_000;

    /**
     * A repetition that may be tried from every character of a run.
     *
     * @param of the characters it repeats, or a superset
     */
    record Run(IntPredicate of, int ways) {}

    private final int shortest;
    private final int ways;
    private final List<Run> slow;

    private RegexWork(int shortest, int ways, List<Run> slow) {
        this.shortest = shortest;
        this.ways = ways;
        this.slow = slow;
    }

    /**
     * Analyses a regular expression.
     *
     * @throws RegexSyntax.Refused if its work cannot be bounded from the length of a text, or its syntax is unknown
     */
    static RegexWork of(String pattern) {
        RegexNode root = RegexSyntax.parse(pattern);
        List<RegexNode> alternatives = root instanceof RegexNode.Choice choice ? choice.branches() : List.of(root);
        List<Run> slow = new ArrayList<>();
        long ways = 0;
        for (int i = 0; i < alternatives.size(); i++) {
            Count count = count(alternatives.get(i), false);
            ways += count.ways();
            for (RegexNode.Repeat loop : count.loops()) {
                if (count.looksAround() || !takesRunLater(alternatives, i, loop)) {
                    slow.add(new Run(loop.body().characters(), (int) Math.min(MAX_WAYS, count.ways())));
                }
            }
        }
        if (ways > MAX_WAYS) {
            throw new RegexSyntax.Refused("it can match one text in more than " + MAX_WAYS + " ways");
        }
        return new RegexWork(root.shortest(), (int) ways, slow);
    }

    /** The minimum length of a match, in characters. */
    int shortest() {
        return shortest;
    }

    /** Steps per character of a text, not counting those of {@link #slow}. */
    int ways() {
        return ways;
    }

    /** Runs that can be slow: from each character of such a run, the matcher may go to the end of the run. */
    List<Run> slow() {
        return slow;
    }

    // ---- counting

    /**
     * @param ways number of ways through the bounded choices
     * @param loops unbounded repetitions the matcher may backtrack into; at most one on any path
     * @param looksAround whether a loop is inside a lookahead or lookbehind
     */
    private record Count(long ways, List<RegexNode.Repeat> loops, int degree, boolean looksAround) {
        static final Count ONE = new Count(1, List.of(), 0, false);
    }

    private static Count checked(Count count) {
        if (count.degree() > 1) {
            throw new RegexSyntax.Refused("two of its repetitions can split a text between them in many ways");
        }
        if (count.ways() > MAX_WAYS) {
            throw new RegexSyntax.Refused("it can match one text in more than " + MAX_WAYS + " ways");
        }
        return count;
    }

    /**
     * @param mayFail whether what follows the node may fail, so that the matcher backtracks
     */
    private static Count count(RegexNode node, boolean mayFail) {
        if (node instanceof RegexNode.Row row) {
            return countRow(row, mayFail);
        } else if (node instanceof RegexNode.Choice choice) {
            Count all = new Count(0, List.of(), 0, false);
            for (RegexNode branch : choice.branches()) {
                Count count = count(branch, mayFail);
                all = new Count(
                        all.ways() + count.ways(),
                        joined(all.loops(), count.loops()),
                        Math.max(all.degree(), count.degree()),
                        all.looksAround() || count.looksAround());
            }
            return checked(all);
        } else if (node instanceof RegexNode.Look look) {
            Count count = count(look.body(), true);
            return new Count(count.ways(), count.loops(), count.degree(), count.degree() > 0);
        } else if (node instanceof RegexNode.Repeat repeat) {
            return countRepeat(repeat, mayFail);
        }
        return Count.ONE;
    }

    private static Count countRow(RegexNode.Row row, boolean mayFail) {
        boolean fails = mayFail;
        Count all = Count.ONE;
        for (int i = row.parts().size() - 1; i >= 0; i--) {
            RegexNode part = row.parts().get(i);
            Count count = count(part, fails);
            all = checked(new Count(
                    all.ways() * count.ways(),
                    joined(all.loops(), count.loops()),
                    all.degree() + count.degree(),
                    all.looksAround() || count.looksAround()));
            fails = fails || !part.neverFails();
        }
        return all;
    }

    private static Count countRepeat(RegexNode.Repeat repeat, boolean mayFail) {
        RegexNode body = repeat.body();
        if (repeat.most() == 1) {
            Count count = count(body, mayFail);
            return checked(
                    new Count(count.ways() + 1 - repeat.least(), count.loops(), count.degree(), count.looksAround()));
        }
        if (repeat.isUnbounded() && body.shortest() == 0) {
            throw new RegexSyntax.Refused("it has an unbounded repetition of something that may be empty");
        }
        if (!mayFail && repeat.least() <= 1) {
            // Leaving the repetition is always possible, so an iteration is never revisited once the next has begun.
            Count count = count(body, false);
            return checked(new Count(count.ways() + 1, count.loops(), count.degree(), count.looksAround()));
        }
        Count count = count(body, true);
        if (count.degree() > 0) {
            throw new RegexSyntax.Refused("it has a repetition inside another");
        }
        if (repeat.isUnbounded()) {
            if (count.ways() > 1) {
                throw new RegexSyntax.Refused("the body of an unbounded repetition can match in several ways");
            }
            return mayFail ? new Count(1, List.of(repeat), 1, false) : Count.ONE;
        }
        long ways = 0;
        long power = 1;
        for (int turns = 0; turns <= repeat.most() && ways <= MAX_WAYS; turns++) {
            ways += turns >= repeat.least() ? power : 0;
            power = Math.min(MAX_WAYS + 1L, power * count.ways());
        }
        return checked(new Count(ways, List.of(), 0, false));
    }

    private static List<RegexNode.Repeat> joined(List<RegexNode.Repeat> a, List<RegexNode.Repeat> b) {
        List<RegexNode.Repeat> both = new ArrayList<>(a);
        both.addAll(b);
        return both;
    }

    // ---- which alternative takes the run after a failed match

    private static boolean takesRunLater(List<RegexNode> alternatives, int from, RegexNode.Repeat loop) {
        if (!(loop.body() instanceof RegexNode.One repeated) || loop.isLazy()) {
            return false;
        }
        for (int i = from + 1; i < alternatives.size(); i++) {
            List<RegexNode> parts = RegexNode.parts(alternatives.get(i));
            int first = 0;
            while (first < parts.size() - 1 && isOptionalCharacter(parts.get(first))) {
                first++;
            }
            if (!(parts.get(first) instanceof RegexNode.Repeat taker)
                    || !(taker.body() instanceof RegexNode.One taken)
                    || !taken.written().equals(repeated.written())
                    || !taker.isUnbounded()
                    || taker.isLazy()
                    || taker.least() > 1) {
                return false;
            }
            List<RegexNode> rest = parts.subList(first + 1, parts.size());
            if (rest.stream().allMatch(RegexNode::neverFails)) {
                return taker.least() == 1;
            }
            // A lookahead for the next character gives back at most the end of the run; what is left has no such
            // position.
            boolean looks = first == 0
                    && rest.size() == 1
                    && rest.get(0) instanceof RegexNode.Look look
                    && look.body() instanceof RegexNode.One;
            if (!looks) {
                return false;
            }
        }
        return false;
    }

    private static boolean isOptionalCharacter(RegexNode node) {
        return node instanceof RegexNode.Repeat repeat
                && repeat.least() == 0
                && repeat.most() == 1
                && repeat.body() instanceof RegexNode.One;
    }
}
