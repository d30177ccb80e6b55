package dev.pintle.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement of a template. A statement that opens a scope of its own carries its {@link Symbols}, which
 * {@link Scoping} fills once the whole template is read.
 */
sealed interface Stmt {
    Place place();

    /** Text that is written as it stands. */
    record Data(String text, Place place) implements Stmt {}

    /** Expressions whose values are written: <code>{{ value }}</code> or {@code print}. */
    record Output(List<Expr> values, Place place) implements Stmt {}

    /** {@code set target = value}. */
    record Assign(Target target, Expr value, Place place) implements Stmt {}

    /** {@code set target … endset}: the text of the body, through a filter if there is one. */
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

    /** {@code generation}: the body is what the assistant wrote; it renders like a caller of its own. */
    record Generation(Definition definition, Place place) implements Stmt {}

    /** {@code filter name … endfilter}. */
    record FilterBlock(Expr filter, List<Stmt> body, Symbols symbols, Place place) implements Stmt {}

    /** {@code with a = 1 … endwith}. */
    record With(List<Target> targets, List<Expr> values, List<Stmt> body, Symbols symbols, Place place)
            implements Stmt {}

    record Break(Place place) implements Stmt {}

    record Continue(Place place) implements Stmt {}

    /** The parameters and body of a macro or caller; the last parameters have the defaults. */
    record Definition(List<String> parameters, List<Expr> defaults, List<Stmt> body, Symbols symbols) {
        /** The default of parameter {@code index}, or null. */
        @Nullable
        Expr defaultOf(int index) {
            int at = index - (parameters.size() - defaults.size());
            return at < 0 ? null : defaults.get(at);
        }
    }

    /** What can be assigned to. */
    sealed interface Target {
        Place place();

        record Variable(String name, Place place) implements Target {}

        /** {@code namespace.attribute}. */
        record Member(String namespace, String attribute, Place place) implements Target {}

        record Several(List<Target> parts, Place place) implements Target {}
    }
}
