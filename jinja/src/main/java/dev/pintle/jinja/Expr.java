package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of a template. */
sealed interface Expr {
    /** Its position in the template. */
    Place place();

    /** The subexpressions, in source order. */
    List<Expr> children();

    <R> R accept(Visitor<R> visitor);

    /** A literal: a string, a number, {@code true}, {@code none}. */
    record Literal(Object value, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of();
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.literal(this);
        }
    }

    /** A variable. */
    record Name(String name, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of();
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.name(this);
        }
    }

    /** {@code [a, b]} or {@code (a, b)}. */
    record Sequence(List<Expr> items, boolean tuple, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return items;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.sequence(this);
        }
    }

    /** <code>{key: value}</code>; keys and values alternate. */
    record Mapping(List<Expr> keysAndValues, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return keysAndValues;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.mapping(this);
        }
    }

    /** {@code object.name}. */
    record Attribute(Expr object, String name, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(object);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.attribute(this);
        }
    }

    /** {@code object[index]}. */
    record Item(Expr object, Expr index, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(object, index);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.item(this);
        }
    }

    /** {@code object[start:stop:step]}. */
    record Slice(
            Expr object,
            @Nullable Expr start,
            @Nullable Expr stop,
            @Nullable Expr step,
            Place place) implements Expr {
        @Override
        public List<Expr> children() {
            List<Expr> all = new ArrayList<>();
            all.add(object);
            for (Expr part : new @Nullable Expr[] {start, stop, step}) {
                if (part != null) {
                    all.add(part);
                }
            }
            return all;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.slice(this);
        }
    }

    /** {@code function(arguments)}. */
    record Call(Expr function, Arguments arguments, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return arguments.after(function);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.call(this);
        }
    }

    /** {@code value|name(arguments)}; the filter of a filter block has no value of its own. */
    record Filter(@Nullable Expr value, String name, Arguments arguments, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return arguments.after(value);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.filter(this);
        }
    }

    /** {@code value is name(arguments)}. */
    record Test(Expr value, String name, Arguments arguments, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return arguments.after(value);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.test(this);
        }
    }

    /** {@code -value}, {@code +value} or {@code not value}. */
    record Unary(String operator, Expr value, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(value);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.unary(this);
        }
    }

    /** Arithmetic. */
    record Binary(String operator, Expr left, Expr right, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(left, right);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.binary(this);
        }
    }

    /** {@code left and right} or {@code left or right}; the result is one of the operands. */
    record Logic(boolean and, Expr left, Expr right, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(left, right);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.logic(this);
        }
    }

    /** {@code a < b <= c}; {@code operators.get(i)} is between operands i and i + 1. */
    record Comparison(List<String> operators, List<Expr> operands, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return operands;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.comparison(this);
        }
    }

    /** {@code a ~ b ~ c}. */
    record Concat(List<Expr> parts, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return parts;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.concat(this);
        }
    }

    /** {@code then if test else otherwise}. */
    record Conditional(Expr test, Expr then, @Nullable Expr otherwise, Place place) implements Expr {
        @Override
        public List<Expr> children() {
            return otherwise == null ? List.of(then, test) : List.of(then, test, otherwise);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.conditional(this);
        }
    }

    /** The arguments of a call. */
    record Arguments(
            List<Expr> positional,
            List<Keyword> keywords,
            @Nullable Expr rest,
            @Nullable Expr restKeywords) {
        static final Arguments NONE = new Arguments(List.of(), List.of(), null, null);

        List<Expr> after(@Nullable Expr first) {
            List<Expr> all = new ArrayList<>();
            if (first != null) {
                all.add(first);
            }
            all.addAll(positional);
            keywords.forEach(keyword -> all.add(keyword.value()));
            if (rest != null) {
                all.add(rest);
            }
            if (restKeywords != null) {
                all.add(restKeywords);
            }
            return all;
        }
    }

    /** {@code name=value} in a call. */
    record Keyword(String name, Expr value) {}

    /** An operation on each kind of expression. */
    interface Visitor<R> {
        R literal(Literal literal);

        R name(Name name);

        R sequence(Sequence sequence);

        R mapping(Mapping mapping);

        R attribute(Attribute attribute);

        R item(Item item);

        R slice(Slice slice);

        R call(Call call);

        R filter(Filter filter);

        R test(Test test);

        R unary(Unary unary);

        R binary(Binary binary);

        R logic(Logic logic);

        R comparison(Comparison comparison);

        R concat(Concat concat);

        R conditional(Conditional conditional);
    }
}
