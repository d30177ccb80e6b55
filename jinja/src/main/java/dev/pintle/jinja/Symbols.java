package dev.pintle.jinja;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Which variable a name refers to is resolved before the template runs, as in jinja2. A scope owns the names that it
 * stores, and those it reads that no outer scope owns. When a scope is entered, each of its own names starts as one of:
 * a parameter, the current value of the outer variable (a loop body may then change its own copy), the value passed to
 * the rendering, or undefined. This is observable: a macro that reads a name which the template sets further down sees
 * nothing before that line, even if the rendering was given a value of that name.
 */
/** The names owned by a scope, and their initial values. */
final class Symbols {
    enum Start {
        PARAMETER,
        CONTEXT,
        OUTER,
        NOTHING
    }

    private static final long MAX_COPIED = 1_000_000;

    private final Map<String, Start> starts;
    private final Set<String> stored;

    @Nullable
    Symbols outer;

    /** The total number of names copied by branches of this scope. */
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

    /** A copy for one branch of an {@code if}. */
    Symbols branch() {
        copied[0] += starts.size();
        if (copied[0] > MAX_COPIED) {
            throw JinjaException.of("The template has too many variables under too many conditions.");
        }
        Symbols copy = new Symbols(new LinkedHashMap<>(starts), new LinkedHashSet<>(stored));
        copy.outer = outer;
        copy.copied = copied;
        return copy;
    }

    /**
     * Merges the results of the branches of an {@code if}; a name stored in any of them may still come from outside.
     */
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
