package dev.pintle.jinja;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Which variable a name means is settled before the template runs, as jinja2 does it. A scope owns the names that it
 * stores, and those it reads that no outer scope owns. When a scope is entered each of its own names starts as one of:
 * a parameter, the outer variable's present value (a loop body may then change its own copy), the value passed to the
 * rendering, or nothing yet. This is visible: a macro that reads a name which the template sets further down reads
 * nothing before that line, even when the rendering was given a value of that name.
 */
/** The names that one scope owns, and what each starts as. */
final class Symbols {
    enum Start {
        PARAMETER,
        CONTEXT,
        OUTER,
        NOTHING
    }

    private static final long MOST_COPIED = 1_000_000;

    private final Map<String, Start> starts;
    private final Set<String> stored;

    @Nullable
    Symbols outer;

    /** How many names the branches of this scope have copied in all. */
    private long[] copied = {0};

    Symbols() {
        this(new LinkedHashMap<>(), new LinkedHashSet<>());
    }

    private Symbols(Map<String, Start> starts, Set<String> stored) {
        this.starts = starts;
        this.stored = stored;
    }

    Map<String, Start> starts() {
        return starts;
    }

    boolean owns(String name) {
        return starts.containsKey(name);
    }

    void parameter(String name) {
        stored.add(name);
        starts.put(name, Start.PARAMETER);
    }

    void store(String name) {
        stored.add(name);
        if (!owns(name)) {
            starts.put(name, ownedOutside(name) ? Start.OUTER : Start.NOTHING);
        }
    }

    void load(String name) {
        if (!owns(name) && !ownedOutside(name)) {
            starts.put(name, Start.CONTEXT);
        }
    }

    /** A copy that a branch of an {@code if} works on. */
    Symbols branch() {
        copied[0] += starts.size();
        if (copied[0] > MOST_COPIED) {
            throw JinjaException.of("The template has too many variables under too many conditions.");
        }
        Symbols copy = new Symbols(new LinkedHashMap<>(starts), new LinkedHashSet<>(stored));
        copy.outer = outer;
        copy.copied = copied;
        return copy;
    }

    /** Takes over what the branches of an {@code if} found; a name stored in any of them may yet come from outside. */
    void join(Iterable<Symbols> branches) {
        Set<String> fresh = new LinkedHashSet<>();
        for (Symbols branch : branches) {
            fresh.addAll(branch.stored);
        }
        fresh.removeAll(stored);
        for (Symbols branch : branches) {
            starts.putAll(branch.starts);
            stored.addAll(branch.stored);
        }
        for (String name : fresh) {
            starts.put(name, ownedOutside(name) ? Start.OUTER : Start.CONTEXT);
        }
    }

    private boolean ownedOutside(String name) {
        for (Symbols symbols = outer; symbols != null; symbols = symbols.outer) {
            if (symbols.owns(name)) {
                return true;
            }
        }
        return false;
    }
}
