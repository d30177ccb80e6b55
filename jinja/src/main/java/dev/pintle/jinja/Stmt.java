package dev.pintle.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement of a template. Statements with their own scope carry its {@link Symbols}, which {@link Scoping} fills in
 * after the whole template is parsed.
 */
sealed interface Stmt {
    Place place();

    /** Literal text. */
    record Data(String text, Place place) implements Stmt {}

    /** Expressions whose values are printed: <code>{{ value }}</code> or {@code print}. */
    record Output(List<Expr> values, Place place) implements Stmt {}

    /** {@code set target = value}. */
    record Assign(Target target, Expr value, Place place) implements Stmt {}

    /** {@code set target … endset}: the text of the body, optionally filtered. */
    record AssignBlock(Target target, @Nullable Expr filter, List<Stmt> body, Symbols symbols, Place place)
            implements Stmt {}

    /** {@code if … elif … else}: the first branch whose test is true. A branch without a test is the {@code else}. */
    record If(List<Branch> branches, Place place) implements Stmt {}

    record Branch(@Nullable Expr test, List<Stmt> body) {}

    /** {@code for target in items if test recursive … else …}. */
    record For(
            Target target,
            Expr items,
            @Nullable Expr test,
            boolean recursive,
            List<Stmt> body,
            List<Stmt> otherwise,
            Symbols bodySymbols,
            Symbols testSymbols,
            Symbols otherwiseSymbols,
            Place place)
            implements Stmt {}

    /** {@code macro name(parameters)}. */
    record Macro(String name, Definition definition, Place place) implements Stmt {}

    /** {@code call(parameters) macro(…)}: the body becomes the macro's {@code caller}. */
    record CallBlock(Expr.Call call, Definition definition, Place place) implements Stmt {}

    /** {@code generation}: the body is the assistant's output; it renders like a caller of its own. */
    record Generation(Definition definition, Place place) implements Stmt {}

    /** {@code filter name … endfilter}. */
    record FilterBlock(Expr filter, List<Stmt> body, Symbols symbols, Place place) implements Stmt {}

    /** {@code with a = 1 … endwith}. */
    record With(List<Target> targets, List<Expr> values, List<Stmt> body, Symbols symbols, Place place)
            implements Stmt {}

    record Break(Place place) implements Stmt {}

    record Continue(Place place) implements Stmt {}

    /** The parameters and body of a macro or caller; defaults belong to the last parameters. */
    record Definition(List<String> parameters, List<Expr> defaults, List<Stmt> body, Symbols symbols) {
        /** The default of parameter {@code index}, or null. */
        @Nullable
        Expr defaultOf(int index) {
            int at = index - (parameters.size() - defaults.size());
            return at < 0 ? null : defaults.get(at);
        }
    }

    /** The target of an assignment. */
    sealed interface Target {
        Place place();

        record Variable(String name, Place place) implements Target {}

        /** {@code namespace.attribute}. */
        record Member(String namespace, String attribute, Place place) implements Target {}

        record Several(List<Target> parts, Place place) implements Target {}
    }
}
