package dev.pintle.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro, or the caller created by a call block: renders its body to text in the scope in which it was defined. */
final class Macro implements Value.WithAttributes, Value.Callable {
    private final Interpreter interpreter;
    private final @Nullable String name;
    private final Stmt.Definition definition;
    private final Scope scope;

    Macro(Interpreter interpreter, @Nullable String name, Stmt.Definition definition, Scope scope) {
        this.interpreter = interpreter;
        this.name = name;
        this.definition = definition;
        this.scope = scope;
    }

    @Nullable
    String name() {
        return name;
    }

    private boolean accepts(String special) {
        return definition.symbols().starts().get(special) == Symbols.Start.PARAMETER
                && !definition.parameters().contains(special);
    }

    @Override
    public Object call(Arguments arguments) {
        List<String> parameters = definition.parameters();
        interpreter.operations().budget().entries(arguments.keywords().size() + (long) parameters.size());
        Map<String, Object> keywords = new LinkedHashMap<>(arguments.keywords());
        Scope inner = scope.inner(definition.symbols());
        int given = Math.min(arguments.positional().size(), parameters.size());
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            inner.put(parameter, i < given ? arguments.positional().get(i) : keywords.remove(parameter));
        }
        if (accepts("caller")) {
            Object caller = keywords.remove("caller");
            boolean absent = caller == null || caller instanceof Value.None;
            inner.put(
                    "caller",
                    absent
                            ? new Value.Undefined(
                                    "The template uses caller in a macro that was not called by a call block.")
                            : caller);
        }
        if (accepts("kwargs")) {
            interpreter.operations().budget().entries(keywords.size());
            inner.put("kwargs", Value.Dict.of(keywords));
        } else if (!keywords.isEmpty()) {
            throw JinjaException.of(
                    "The template passes an argument that the macro does not accept.",
                    "macro",
                    shownName(),
                    "argument",
                    keywords.keySet().iterator().next());
        }
        List<Object> rest =
                arguments.positional().subList(given, arguments.positional().size());
        if (accepts("varargs")) {
            inner.put("varargs", new Value.Tuple(rest));
        } else if (!rest.isEmpty()) {
            throw JinjaException.of(
                    "The template passes too many arguments to a macro.",
                    "macro",
                    shownName(),
                    "takes",
                    String.valueOf(parameters.size()),
                    "was given",
                    String.valueOf(arguments.positional().size()));
        }
        return interpreter.render(definition, inner);
    }

    private String shownName() {
        return name == null ? "caller" : name;
    }

    @Override
    public @Nullable Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name == null ? Value.None.NONE : name;
            case "arguments" -> {
                interpreter
                        .operations()
                        .budget()
                        .elements(definition.parameters().size());
                interpreter.operations().budget().steps(definition.parameters().size());
                yield new Value.Tuple(List.copyOf(definition.parameters()));
            }
            case "catch_kwargs" -> accepts("kwargs");
            case "catch_varargs" -> accepts("varargs");
            case "caller" -> definition.symbols().starts().get("caller") == Symbols.Start.PARAMETER;
            case "explicit_caller" -> definition.parameters().contains("caller");
            default -> null;
        };
    }
}
