package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Resolves the scopes of a template and rejects errors that only show in the whole template: an unknown filter or test,
 * a {@code break} outside a loop, an assignment to {@code loop}.
 *
 * <p>An unknown filter or test directly inside an {@code if} is reported only when it runs, because templates use
 * conditions to check whether it exists.
 */
final class Scoping {
    /** The context of a statement. */
    private record Position(Symbols symbols, boolean conditional, boolean inLoop, boolean loopProtected) {
        Position inside(Symbols inner) {
            return new Position(inner, false, inLoop, loopProtected);
        }

        Position function(Symbols inner) {
            return new Position(inner, false, false, loopProtected);
        }

        Position loop(Symbols inner) {
            return new Position(inner, false, true, true);
        }

        Position maybe() {
            return new Position(symbols, true, inLoop, loopProtected);
        }
    }

    private Scoping() {}

    static Symbols settle(List<Stmt> template) {
        Symbols root = new Symbols();
        collect(template, root);
        check(template, new Position(root, false, false, false));
        if (mentions(template, "self")) {
            throw JinjaException.of(
                    "The template refers to itself, which only makes sense for templates made of several files.");
        }
        return root;
    }

    // ---- names a scope reads and stores, not counting nested scopes

    private static void collect(List<Stmt> statements, Symbols symbols) {
        for (Stmt statement : statements) {
            collect(statement, symbols);
        }
    }

    private static void collect(Stmt statement, Symbols symbols) {
        if (statement instanceof Stmt.Output output) {
            output.values().forEach(value -> load(value, symbols));
        } else if (statement instanceof Stmt.Assign assign) {
            load(assign.value(), symbols);
            store(assign.target(), symbols, false);
        } else if (statement instanceof Stmt.AssignBlock block) {
            store(block.target(), symbols, false);
        } else if (statement instanceof Stmt.If choice) {
            collect(choice, 0, symbols);
        } else if (statement instanceof Stmt.For loop) {
            load(loop.items(), symbols);
        } else if (statement instanceof Stmt.Macro macro) {
            symbols.store(macro.name());
        } else if (statement instanceof Stmt.CallBlock block) {
            load(block.call(), symbols);
        } else if (statement instanceof Stmt.FilterBlock block) {
            load(block.filter(), symbols);
        } else if (statement instanceof Stmt.With with) {
            with.values().forEach(value -> load(value, symbols));
        }
    }

    private static void collect(Stmt.If choice, int from, Symbols symbols) {
        Expr test = choice.branches().get(from).test();
        if (test != null) {
            load(test, symbols);
        }
        Symbols body = symbols.branch();
        collect(choice.branches().get(from).body(), body);
        Symbols elifs = symbols.branch();
        Symbols otherwise = symbols.branch();
        for (int i = from + 1; i < choice.branches().size(); i++) {
            Stmt.Branch branch = choice.branches().get(i);
            if (branch.test() == null) {
                collect(branch.body(), otherwise);
            } else {
                // Each elif is an if of its own, without an else.
                collect(new Stmt.If(List.of(branch), choice.place()), 0, elifs);
            }
        }
        symbols.join(List.of(body, elifs, otherwise));
    }

    private static void load(Expr expression, Symbols symbols) {
        if (expression instanceof Expr.Name name) {
            symbols.load(name.name());
        }
        expression.children().forEach(child -> load(child, symbols));
    }

    private static void store(Stmt.Target target, Symbols symbols, boolean parameter) {
        if (target instanceof Stmt.Target.Variable variable) {
            if (parameter) {
                symbols.parameter(variable.name());
            } else {
                symbols.store(variable.name());
            }
        } else if (target instanceof Stmt.Target.Member member) {
            symbols.load(member.namespace());
        } else if (target instanceof Stmt.Target.Several several) {
            several.parts().forEach(part -> store(part, symbols, parameter));
        }
    }

    // ---- nested scopes, from the outside in, because an inner scope needs to know what the outer ones own

    private static void check(List<Stmt> statements, Position at) {
        for (Stmt statement : statements) {
            check(statement, at);
        }
    }

    private static void check(Stmt statement, Position at) {
        if (statement instanceof Stmt.Output output) {
            output.values().forEach(value -> check(value, at.conditional()));
        } else if (statement instanceof Stmt.Assign assign) {
            protectLoop(assign.target(), at);
            check(assign.value(), at.conditional());
        } else if (statement instanceof Stmt.AssignBlock block) {
            protectLoop(block.target(), at);
            Symbols inner = open(block.symbols(), at);
            collect(block.body(), inner);
            check(block.body(), at.inside(inner));
            check(block.filter(), false);
        } else if (statement instanceof Stmt.If choice) {
            for (Stmt.Branch branch : choice.branches()) {
                check(branch.test(), true);
                check(branch.body(), at.maybe());
            }
        } else if (statement instanceof Stmt.For loop) {
            check(loop, at);
        } else if (statement instanceof Stmt.Macro macro) {
            check(macro.definition(), macro.place(), at);
        } else if (statement instanceof Stmt.CallBlock block) {
            check(block.definition(), block.place(), at);
            check(block.call(), at.conditional());
        } else if (statement instanceof Stmt.Generation generation) {
            check(generation.definition(), generation.place(), at);
        } else if (statement instanceof Stmt.FilterBlock block) {
            Symbols inner = open(block.symbols(), at);
            collect(block.body(), inner);
            load(block.filter(), inner);
            check(block.body(), at.inside(inner));
            check(block.filter(), false);
        } else if (statement instanceof Stmt.With with) {
            Symbols inner = open(with.symbols(), at);
            with.targets().forEach(target -> store(target, inner, true));
            collect(with.body(), inner);
            with.values().forEach(value -> check(value, at.conditional()));
            check(with.body(), at.inside(inner));
        } else if ((statement instanceof Stmt.Break || statement instanceof Stmt.Continue) && !at.inLoop()) {
            throw JinjaException.of("A break or continue is outside a loop.").at(statement.place());
        }
    }

    private static void check(Stmt.For loop, Position at) {
        Position protectedAt = new Position(at.symbols(), at.conditional(), at.inLoop(), true);
        protectLoop(loop.target(), protectedAt);
        check(loop.items(), at.conditional());
        Symbols body = open(loop.bodySymbols(), at);
        body.parameter("loop");
        store(loop.target(), body, true);
        collect(loop.body(), body);
        Symbols otherwise = open(loop.otherwiseSymbols(), at);
        collect(loop.otherwise(), otherwise);
        Symbols test = open(loop.testSymbols(), at);
        store(loop.target(), test, true);
        if (loop.test() != null) {
            load(loop.test(), test);
            check(loop.test(), false);
        }
        check(loop.body(), at.loop(body));
        boolean elseInLoop = at.inLoop() && !loop.recursive();
        check(loop.otherwise(), new Position(otherwise, false, elseInLoop, true));
    }

    private static void check(Stmt.Definition definition, Place place, Position at) {
        Symbols inner = open(definition.symbols(), at);
        definition.parameters().forEach(inner::parameter);
        definition.defaults().forEach(value -> load(value, inner));
        for (String special : List.of("caller", "kwargs", "varargs")) {
            boolean named = definition.parameters().contains(special);
            if (!named && mentions(definition.body(), special)) {
                inner.parameter(special);
            } else if (named && special.equals("caller") && mentions(definition.body(), special)) {
                if (definition.defaultOf(definition.parameters().indexOf(special)) == null) {
                    throw JinjaException.of("A macro has a parameter named caller without a default.")
                            .at(place);
                }
            }
        }
        collect(definition.body(), inner);
        definition.defaults().forEach(value -> check(value, false));
        check(definition.body(), at.function(inner));
    }

    private static Symbols open(Symbols inner, Position at) {
        inner.outer = at.symbols();
        return inner;
    }

    private static void protectLoop(Stmt.Target target, Position at) {
        if (target instanceof Stmt.Target.Several several) {
            several.parts().forEach(part -> protectLoop(part, at));
        } else if (at.loopProtected()
                && target instanceof Stmt.Target.Variable variable
                && variable.name().equals("loop")) {
            throw JinjaException.of("A loop assigns to its own loop variable.").at(target.place());
        }
    }

    private static void check(@Nullable Expr expression, boolean conditional) {
        if (expression == null) {
            return;
        }
        boolean soft = conditional || expression instanceof Expr.Conditional;
        if (!soft && expression instanceof Expr.Filter filter) {
            require(Filters.names(), "filter", filter.name(), filter.place());
        } else if (!soft && expression instanceof Expr.Test test) {
            require(Tests.names(), "test", test.name(), test.place());
        }
        expression.children().forEach(child -> check(child, soft));
    }

    private static void require(Set<String> names, String kind, String name, Place place) {
        if (!names.contains(name)) {
            throw JinjaException.of("The template uses a " + kind + " that does not exist here.", kind, name)
                    .at(place);
        }
    }

    // ---- whether a macro reads a name that is not its own, which decides what it accepts

    /** Whether the statements read {@code name} before they store it, in source order. */
    static boolean mentions(List<Stmt> statements, String name) {
        List<Boolean> uses = new ArrayList<>();
        statements.forEach(statement -> uses(statement, name, uses));
        return !uses.isEmpty() && uses.get(0);
    }

    /** Adds true for each read and false for each store of the name, in order. */
    private static void uses(Stmt statement, String name, List<Boolean> uses) {
        if (statement instanceof Stmt.Output output) {
            output.values().forEach(value -> uses(value, name, uses));
        } else if (statement instanceof Stmt.Assign assign) {
            uses(assign.target(), name, uses);
            uses(assign.value(), name, uses);
        } else if (statement instanceof Stmt.AssignBlock block) {
            uses(block.target(), name, uses);
            uses(block.filter(), name, uses);
            block.body().forEach(inner -> uses(inner, name, uses));
        } else if (statement instanceof Stmt.If choice) {
            for (Stmt.Branch branch : choice.branches()) {
                uses(branch.test(), name, uses);
                branch.body().forEach(inner -> uses(inner, name, uses));
            }
        } else if (statement instanceof Stmt.For loop) {
            uses(loop.target(), name, uses);
            uses(loop.items(), name, uses);
            loop.body().forEach(inner -> uses(inner, name, uses));
            loop.otherwise().forEach(inner -> uses(inner, name, uses));
            uses(loop.test(), name, uses);
        } else if (statement instanceof Stmt.Macro macro) {
            uses(macro.definition(), name, uses);
        } else if (statement instanceof Stmt.CallBlock block) {
            uses(block.call(), name, uses);
            uses(block.definition(), name, uses);
        } else if (statement instanceof Stmt.Generation generation) {
            uses(generation.definition(), name, uses);
        } else if (statement instanceof Stmt.FilterBlock block) {
            block.body().forEach(inner -> uses(inner, name, uses));
            uses(block.filter(), name, uses);
        } else if (statement instanceof Stmt.With with) {
            with.targets().forEach(target -> uses(target, name, uses));
            with.values().forEach(value -> uses(value, name, uses));
            with.body().forEach(inner -> uses(inner, name, uses));
        }
    }

    private static void uses(Stmt.Definition definition, String name, List<Boolean> uses) {
        if (definition.parameters().contains(name)) {
            uses.add(false);
        }
        definition.defaults().forEach(value -> uses(value, name, uses));
        definition.body().forEach(inner -> uses(inner, name, uses));
    }

    private static void uses(Stmt.Target target, String name, List<Boolean> uses) {
        if (target instanceof Stmt.Target.Variable variable && variable.name().equals(name)) {
            uses.add(false);
        } else if (target instanceof Stmt.Target.Several several) {
            several.parts().forEach(part -> uses(part, name, uses));
        }
    }

    private static void uses(@Nullable Expr expression, String name, List<Boolean> uses) {
        if (expression == null) {
            return;
        }
        if (expression instanceof Expr.Name variable && variable.name().equals(name)) {
            uses.add(true);
        }
        expression.children().forEach(child -> uses(child, name, uses));
    }
}
