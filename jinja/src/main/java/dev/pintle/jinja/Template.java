package dev.pintle.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A template that has been read and can be rendered any number of times, from any thread. */
public final class Template {
    static {
        // Not first when a template is already deep in the stack: a class whose start fails there stays broken.
        Filters.names();
        Tests.names();
    }

    private static final int INPUT_DEPTH = 100;

    private final List<Stmt> statements;
    private final Symbols symbols;

    private Template(List<Stmt> statements, Symbols symbols) {
        this.statements = statements;
        this.symbols = symbols;
    }

    /**
     * Reads a template.
     *
     * @throws JinjaException when it is not a template, or uses what this engine does not have
     */
    public static Template parse(String source) {
        if (source.length() > Limits.SOURCE) {
            throw JinjaException.of(
                    "The template is too long.",
                    "characters",
                    String.valueOf(source.length()),
                    "expected",
                    "at most " + Limits.SOURCE);
        }
        try {
            List<Stmt> statements = Parser.parse(source);
            return new Template(statements, Scoping.settle(statements));
        } catch (StackOverflowError e) {
            throw JinjaException.of("The template is nested too deeply.");
        }
    }

    /** Renders with the system's clock and the standard limits. */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        return render(variables, Clock.system(ZoneId.systemDefault()), Limits.STANDARD);
    }

    /**
     * Renders the template.
     *
     * @param variables text, numbers, booleans, null, lists and maps of such, by name; never read as a template
     * @param clock what {@code strftime_now} reads
     * @throws JinjaException when the template asks for what does not exist, raises an exception itself, or goes beyond
     *     the limits
     */
    public String render(Map<String, ? extends @Nullable Object> variables, Clock clock, Limits limits) {
        Operations operations = new Operations(new Budget(limits));
        try {
            Map<String, Object> values = new HashMap<>();
            variables.forEach((name, value) -> values.put(name, Types.of(value, INPUT_DEPTH)));
            Map<String, Object> context = Globals.with(operations, clock, values);
            return new Interpreter(operations, context).render(statements, symbols);
        } catch (StackOverflowError e) {
            throw JinjaException.of("The template calls itself too deeply.");
        } catch (LinkageError e) {
            // Java links a lambda when it is first reached; where the stack ends just there, this is what comes of it.
            if (hasOverflown(e)) {
                throw JinjaException.of("The template calls itself too deeply.");
            }
            throw e;
        } catch (OutOfMemoryError e) {
            throw JinjaException.of("The template takes more memory than there is.");
        }
    }

    private static boolean hasOverflown(@Nullable Throwable error) {
        Throwable at = error;
        for (int i = 0; at != null && i < 10; i++) {
            if (at instanceof StackOverflowError) {
                return true;
            }
            at = at.getCause();
        }
        return false;
    }

    /** Whether a text stands in another, in as many steps as both have characters. */
    public static boolean contains(String text, String wanted) {
        return Search.forwards(wanted, new Budget(Limits.STANDARD)).in(text, 0) >= 0;
    }
}
