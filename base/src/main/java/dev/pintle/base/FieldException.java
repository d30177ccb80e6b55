package dev.pintle.base;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A field of a JSON document, such as a request, that can't be used. */
public final class FieldException extends PintleException {
    private static final long serialVersionUID = 1L;

    private final String path;

    /**
     * @param path of the field, such as {@code steering[1].at}
     * @param problem what is wrong with it
     */
    public FieldException(String path, Problem problem) {
        this(path, problem, null);
    }

    /** The same with an underlying exception. */
    public FieldException(String path, Problem problem, @Nullable Throwable cause) {
        super(problem.facts().containsKey("field") ? problem : problem.fact("field", path), cause);
        this.path = path;
    }

    /**
     * @param path of the field
     * @param value null where it is absent, which is allowed
     * @throws FieldException if the value is not one of the choices
     */
    public static void requireChoice(String path, @Nullable String value, List<String> choices) {
        if (value != null && !choices.contains(value)) {
            throw new FieldException(
                    path,
                    Problem.of("There is no such choice.")
                            .fact("choose", String.join(", ", choices))
                            .fact("but was", value));
        }
    }

    /** The path of the field, such as {@code steering[1].at}. */
    public String path() {
        return path;
    }
}
