package dev.pintle.chat.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A template that has been read and can be rendered any number of times, from any thread. */
public final class Template {
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
        }
    }
}
