package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs the statements of a template once. */
final class Interpreter {
    /** How a statement ended. */
    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private final Operations operations;
    private final Map<String, Object> context;

    Interpreter(Operations operations, Map<String, Object> context) {
        this.operations = operations;
        this.context = context;
    }

    Operations operations() {
        return operations;
    }

    String render(List<Stmt> template, Symbols symbols) {
        Scope scope = new Scope(symbols, null, context);
        enter(scope);
        Budget.Text out = operations.budget().newText();
        run(template, scope, out);
        return out.toString();
    }

    /** Renders a macro whose arguments are already in its scope. */
    String render(Stmt.Definition definition, Scope scope) {
        operations.budget().enter();
        enter(scope);
        for (int i = 0; i < definition.parameters().size(); i++) {
            String parameter = definition.parameters().get(i);
            if (scope.find(parameter) == null) {
                Expr given = definition.defaultOf(i);
                Object value = given == null
                        ? new Value.Undefined(
                                "The template omits a required argument of a macro.", "argument", parameter)
                        : evaluate(given, scope);
                scope.put(parameter, value);
            }
        }
        Budget.Text out = operations.budget().newText();
        run(definition.body(), scope, out);
        operations.budget().leave();
        return out.toString();
    }

    /** Initialises the names of a scope, charging for each of them. */
    private void enter(Scope scope) {
        operations.budget().memory(200);
        operations.budget().entries(scope.size());
        scope.enter();
    }

    private Object evaluate(Expr expression, Scope scope) {
        return new Evaluator(this, scope, "").value(expression);
    }

    private Flow run(List<Stmt> statements, Scope scope, Budget.Text out) {
        for (Stmt statement : statements) {
            operations.budget().step();
            Flow flow;
            try {
                flow = run(statement, scope, out);
            } catch (JinjaException e) {
                throw e.at(statement.place());
            }
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow run(Stmt statement, Scope scope, Budget.Text out) {
        if (statement instanceof Stmt.Data data) {
            out.append(data.text());
        } else if (statement instanceof Stmt.Output output) {
            for (Expr value : output.values()) {
                write(evaluate(value, scope), value.place(), out);
            }
        } else if (statement instanceof Stmt.If choice) {
            for (Stmt.Branch branch : choice.branches()) {
                if (branch.test() == null || operations.isTrue(evaluate(branch.test(), scope))) {
                    return run(branch.body(), scope, out);
                }
            }
        } else if (statement instanceof Stmt.For loop) {
            return loop(loop, scope, out);
        } else if (statement instanceof Stmt.Assign assign) {
            requireNamespaces(assign.target(), scope);
            assign(assign.target(), evaluate(assign.value(), scope), scope);
        } else if (statement instanceof Stmt.AssignBlock block) {
            return assignBlock(block, scope);
        } else if (statement instanceof Stmt.Macro macro) {
            operations.budget().value();
            scope.put(macro.name(), new Macro(this, macro.name(), macro.definition(), scope));
        } else if (statement instanceof Stmt.CallBlock block) {
            Macro caller = new Macro(this, null, block.definition(), scope);
            Object result = new Evaluator(this, scope, "").call(block.call(), caller);
            writeText(result, block.place(), out);
        } else if (statement instanceof Stmt.Generation generation) {
            Macro caller = new Macro(this, null, generation.definition(), scope);
            write(caller.call(Arguments.NONE), generation.place(), out);
        } else if (statement instanceof Stmt.FilterBlock block) {
            return filterBlock(block, scope, out);
        } else if (statement instanceof Stmt.With with) {
            return with(with, scope, out);
        } else {
            return statement instanceof Stmt.Break ? Flow.BREAK : Flow.CONTINUE;
        }
        return Flow.ON;
    }

    private void write(Object value, Place place, Budget.Text out) {
        try {
            out.append(operations.text().of(value));
        } catch (JinjaException e) {
            throw e.at(place);
        }
    }

    /** Writes the result of a filter or call block, which jinja2 does not convert to text. */
    private static void writeText(Object value, Place place, Budget.Text out) {
        if (!Operations.isText(value)) {
            throw JinjaException.of("A block produces something other than text.", "value", Types.name(value))
                    .at(place);
        }
        out.append(Operations.plain(value));
    }

    // ---- assignment

    private void requireNamespaces(Stmt.Target target, Scope scope) {
        if (target instanceof Stmt.Target.Several several) {
            several.parts().forEach(part -> requireNamespaces(part, scope));
        } else if (target instanceof Stmt.Target.Member member
                && !(scope.find(member.namespace()) instanceof Value.Namespace)) {
            throw JinjaException.of(
                            "The template sets an attribute of something that is not a namespace.",
                            "name",
                            member.namespace() + "." + member.attribute())
                    .at(member.place());
        }
    }

    private void assign(Stmt.Target target, Object value, Scope scope) {
        if (target instanceof Stmt.Target.Variable variable) {
            scope.put(variable.name(), value);
        } else if (target instanceof Stmt.Target.Member member) {
            if (scope.find(member.namespace()) instanceof Value.Namespace namespace) {
                operations.budget().entries(1);
                namespace.attributes().put(member.attribute(), value);
            }
        } else if (target instanceof Stmt.Target.Several several) {
            List<Object> values = operations.list(value);
            if (values.size() != several.parts().size()) {
                throw JinjaException.of(
                                "The template unpacks a value into a different number of names.",
                                "names",
                                String.valueOf(several.parts().size()),
                                "values",
                                String.valueOf(values.size()))
                        .at(target.place());
            }
            for (int i = 0; i < values.size(); i++) {
                assign(several.parts().get(i), values.get(i), scope);
            }
        }
    }

    private Flow assignBlock(Stmt.AssignBlock block, Scope scope) {
        Scope inner = scope.inner(block.symbols());
        enter(inner);
        Budget.Text body = operations.budget().newText();
        Flow flow = run(block.body(), inner, body);
        if (flow == Flow.ON) {
            Expr filter = block.filter();
            String text = body.toString();
            Object value = filter == null ? text : new Evaluator(this, inner, text).value(filter);
            requireNamespaces(block.target(), scope);
            assign(block.target(), value, scope);
        }
        return flow;
    }

    private Flow filterBlock(Stmt.FilterBlock block, Scope scope, Budget.Text out) {
        Scope inner = scope.inner(block.symbols());
        enter(inner);
        Budget.Text body = operations.budget().newText();
        Flow flow = run(block.body(), inner, body);
        if (flow == Flow.ON) {
            writeText(new Evaluator(this, inner, body.toString()).value(block.filter()), block.place(), out);
        }
        return flow;
    }

    private Flow with(Stmt.With with, Scope scope, Budget.Text out) {
        Scope inner = scope.inner(with.symbols());
        enter(inner);
        for (int i = 0; i < with.targets().size(); i++) {
            assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
        }
        return run(with.body(), inner, out);
    }

    // ---- loops

    private Flow loop(Stmt.For loop, Scope scope, Budget.Text out) {
        Object items = evaluate(loop.items(), scope);
        if (loop.recursive()) {
            write(recursive(loop, scope, items, 0), loop.place(), out);
            return Flow.ON;
        }
        return turns(loop, scope, items, null, 0, out);
    }

    private Object recursive(Stmt.For loop, Scope scope, Object items, int depth) {
        operations.budget().enter();
        Budget.Text out = operations.budget().newText();
        Loop.Recursion again = (inner, level) -> recursive(loop, scope, inner, level);
        turns(loop, scope, items, again, depth, out);
        operations.budget().leave();
        return out.toString();
    }

    private Flow turns(
            Stmt.For loop, Scope scope, Object items, Loop.@Nullable Recursion recursion, int depth, Budget.Text out) {
        Scope inner = scope.inner(loop.bodySymbols());
        operations.budget().memory(512);
        Object source;
        try {
            source = loop.test() == null ? items : new Value.Lazy(passing(loop, loop.test(), scope, items));
            inner.put("loop", new Loop(operations, source, recursion, depth));
        } catch (JinjaException e) {
            throw e.at(loop.items().place());
        }
        Loop state = (Loop) inner.get("loop");
        boolean completed = false;
        for (Object item = state.turn(); item != null; item = state.turn()) {
            operations.budget().step();
            assign(loop.target(), item, inner);
            operations.budget().steps(inner.size());
            inner.enter();
            Flow flow = run(loop.body(), inner, out);
            // The body can only have overwritten its own copy of loop; the next iteration starts from this one again.
            inner.put("loop", state);
            if (flow == Flow.BREAK) {
                break;
            }
            completed |= flow == Flow.ON;
        }
        inner.leave();
        if (!completed && !loop.otherwise().isEmpty()) {
            Scope otherwise = scope.inner(loop.otherwiseSymbols());
            enter(otherwise);
            return run(loop.otherwise(), otherwise, out);
        }
        return Flow.ON;
    }

    /** The items that pass the loop's test, tested lazily. */
    private Iterator<Object> passing(Stmt.For loop, Expr test, Scope scope, Object items) {
        Scope inner = scope.inner(loop.testSymbols());
        enter(inner);
        Iterator<Object> all = operations.iterator(items);
        return new Value.Generated() {
            @Override
            @Nullable
            Object advance() {
                while (all.hasNext()) {
                    operations.budget().step();
                    Object item = all.next();
                    assign(loop.target(), item, inner);
                    if (operations.isTrue(evaluate(test, inner))) {
                        return item;
                    }
                }
                return null;
            }
        };
    }

    /** The values of several expressions. */
    List<Object> values(List<Expr> expressions, Evaluator evaluator) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(evaluator.value(expression));
        }
        return values;
    }
}
