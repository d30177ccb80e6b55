package dev.pintle.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A parsed template. It can be rendered any number of times, from any thread. */
public final class Template {
    static {
        // Load these before the stack is deep: a class whose initialisation fails with a stack overflow stays broken.
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
     * Parses a template.
     *
     * @throws JinjaException if it is not a valid template, or uses something that this engine does not support
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

    /** Renders with the system clock and the standard limits. */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        return render(variables, Clock.system(ZoneId.systemDefault()), Limits.STANDARD);
    }

    /**
     * Renders the template.
     *
     * @param variables strings, numbers, booleans, null, and lists and maps of these, by name; never interpreted as a
     *     template
     * @param clock the time returned by {@code strftime_now}
     * @throws JinjaException if the template refers to something undefined, raises an exception itself, or exceeds the
     *     limits
     */
    public String render(Map<String, ? extends @Nullable Object> variables, Clock clock, Limits limits) {
        Operations operations = new Operations(new Budget(limits));
        try {
            Map<String, Object> values = new HashMap<>();
            variables.forEach((name, value) -> values.put(name, Types.of(value, INPUT_DEPTH)));
            Map<String, Object> context = Globals.with(operations, clock, values);
            return new Interpreter(operations, context).render(statements, symbols);
        } catch (StackOverflowError e) {
            throw JinjaException.of("The template recurses too deeply.");
        } catch (LinkageError e) {
            // Java links a lambda on first use; this is the result if the stack overflows at that moment.
            if (isStackOverflow(e)) {
                throw JinjaException.of("The template recurses too deeply.");
            }
            throw e;
        } catch (OutOfMemoryError e) {
            throw JinjaException.of("The template needs more memory than is available.");
        }
    }

    private static boolean isStackOverflow(@Nullable Throwable error) {
        Throwable at = error;
        for (int i = 0; at != null && i < 10; i++) {
            if (at instanceof StackOverflowError) {
                return true;
            }
            at = at.getCause();
        }
        return false;
    }

    /** Whether one text contains another, in time linear in the sum of their lengths. */
    public static boolean contains(String text, String wanted) {
        return Search.forwards(wanted, new Budget(Limits.STANDARD)).in(text, 0) >= 0;
    }
}
