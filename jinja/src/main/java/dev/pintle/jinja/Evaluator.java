package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions in one scope. */
final class Evaluator implements Expr.Visitor<Object> {
    private final Interpreter interpreter;
    private final Operations operations;
    private final Access access;
    private final Scope scope;
    private final String captured;

    /**
     * Creates an evaluator for a scope.
     *
     * @param captured what a filter without a value of its own applies to: the text of a block
     */
    Evaluator(Interpreter interpreter, Scope scope, String captured) {
        this.interpreter = interpreter;
        this.operations = interpreter.operations();
        this.access = new Access(operations);
        this.scope = scope;
        this.captured = captured;
    }

    Object value(Expr expression) {
        operations.budget().enterExpression();
        try {
            Object value = expression.accept(this);
            operations.budget().leaveExpression();
            return value;
        } catch (JinjaException e) {
            throw e.at(expression.place());
        }
    }

    private Object valueOrNone(@Nullable Expr expression) {
        return expression == null ? Value.None.NONE : value(expression);
    }

    @Override
    public Object literal(Expr.Literal literal) {
        return literal.value();
    }

    @Override
    public Object name(Expr.Name name) {
        return scope.get(name.name());
    }

    @Override
    public Object sequence(Expr.Sequence sequence) {
        operations.budget().elements(sequence.items().size());
        List<Object> items = interpreter.values(sequence.items(), this);
        return sequence.tuple() ? new Value.Tuple(items) : new Value.ListValue(items);
    }

    @Override
    public Object mapping(Expr.Mapping mapping) {
        Value.Dict dict = new Value.Dict();
        List<Object> values = interpreter.values(mapping.keysAndValues(), this);
        operations.budget().elements(values.size());
        operations.budget().entries(values.size() / 2);
        for (int i = 0; i < values.size(); i += 2) {
            operations.budget().key(values.get(i));
            dict.put(values.get(i), values.get(i + 1));
        }
        return dict;
    }

    @Override
    public Object attribute(Expr.Attribute attribute) {
        return access.attribute(value(attribute.object()), attribute.name());
    }

    @Override
    public Object item(Expr.Item item) {
        Object object = value(item.object());
        return access.item(object, value(item.index()));
    }

    @Override
    public Object slice(Expr.Slice slice) {
        Object object = value(slice.object());
        return operations.slice(
                object, valueOrNone(slice.start()), valueOrNone(slice.stop()), valueOrNone(slice.step()));
    }

    @Override
    public Object call(Expr.Call call) {
        return call(call, null);
    }

    /** The result of a call, with the caller passed by a call block. */
    Object call(Expr.Call call, @Nullable Macro caller) {
        Object function = value(call.function());
        Operations.requireDefined(function);
        Arguments arguments = arguments(call.arguments());
        if (!(function instanceof Value.Callable callable)) {
            throw JinjaException.of("The template calls a value that is not a function.", "value", Types.name(function))
                    .at(call.place());
        }
        try {
            return callable.call(caller == null ? arguments : arguments.with("caller", caller));
        } catch (JinjaException e) {
            throw e.at(call.place());
        }
    }

    private Arguments arguments(Expr.Arguments given) {
        operations.budget().value();
        operations.budget().elements(given.positional().size());
        operations.budget().entries(given.keywords().size());
        List<Object> positional = interpreter.values(given.positional(), this);
        Map<String, Object> keywords = new LinkedHashMap<>();
        given.keywords().forEach(keyword -> keywords.put(keyword.name(), value(keyword.value())));
        if (given.rest() != null) {
            List<Object> rest = operations.list(value(given.rest()));
            operations.budget().elements(positional.size() + (long) rest.size());
            positional = new ArrayList<>(positional);
            positional.addAll(rest);
        }
        Arguments arguments = new Arguments(positional, keywords);
        if (given.restKeywords() != null) {
            Object more = value(given.restKeywords());
            Operations.requireDefined(more);
            if (!(more instanceof Value.Dict dict)) {
                throw JinjaException.of(
                        "The template unpacks a value that is not a dict into arguments.", "value", Types.name(more));
            }
            operations.budget().entries(2L * dict.size() + keywords.size());
            Map<String, Object> spread = new LinkedHashMap<>();
            for (Map.Entry<Object, Object> entry : dict.entries()) {
                operations.budget().key(entry.getKey());
                spread.put(TextMethods.string(entry.getKey(), "**"), entry.getValue());
            }
            arguments = arguments.with(spread);
        }
        return arguments;
    }

    @Override
    public Object filter(Expr.Filter filter) {
        Expr of = filter.value();
        Object value = of == null ? captured : value(of);
        return Filters.apply(interpreter, filter.name(), value, arguments(filter.arguments()));
    }

    @Override
    public Object test(Expr.Test test) {
        Object value = value(test.value());
        return Tests.holds(interpreter, test.name(), value, arguments(test.arguments()));
    }

    @Override
    public Object unary(Expr.Unary unary) {
        return operations.unary(unary.operator(), value(unary.value()));
    }

    @Override
    public Object binary(Expr.Binary binary) {
        Object left = value(binary.left());
        return operations.binary(binary.operator(), left, value(binary.right()));
    }

    @Override
    public Object logic(Expr.Logic logic) {
        Object left = value(logic.left());
        return operations.isTrue(left) == logic.and() ? value(logic.right()) : left;
    }

    @Override
    public Object comparison(Expr.Comparison comparison) {
        Object left = value(comparison.operands().get(0));
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = value(comparison.operands().get(i + 1));
            if (!compare(comparison.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private boolean compare(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> operations.equal(left, right);
            case "!=" -> !operations.equal(left, right);
            case "in" -> operations.contains(right, left);
            case "not in" -> !operations.contains(right, left);
            default -> operations.ordered(operator, left, right);
        };
    }

    @Override
    public Object concat(Expr.Concat concat) {
        Budget.Text out = operations.budget().newText();
        for (Object part : interpreter.values(concat.parts(), this)) {
            out.append(operations.text().of(part));
        }
        return out.toString();
    }

    @Override
    public Object conditional(Expr.Conditional conditional) {
        if (operations.isTrue(value(conditional.test()))) {
            return value(conditional.then());
        }
        Expr otherwise = conditional.otherwise();
        return otherwise == null
                ? new Value.Undefined(
                        "The template uses an if expression without an else whose test is false.",
                        "at",
                        conditional.place().toString())
                : value(otherwise);
    }
}
