package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Precedence, from loose to tight: `a if b else c`, `or`, `and`, `not`, comparisons and `in`, `+ -`, `~`, `* / // %`,
 * `**` (left to right, unlike Python's), signs, then postfixes `.x [x] (x)`, filters and tests. A sign binds tighter
 * than a filter: `-1|abs` is `(-1)|abs`.
 */
/** Parses expressions and assignment targets. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NOT_TEST_ARGUMENTS = Set.of("else", "or", "and");

    private final List<Token> tokens;
    private int at;
    private int depth;

    ExpressionParser(List<Token> tokens) {
        this.tokens = tokens;
    }

    // ---- tokens

    Token current() {
        return tokens.get(at);
    }

    private Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    boolean skipOperator(String operator) {
        if (current().isOperator(operator)) {
            next();
            return true;
        }
        return false;
    }

    boolean skipName(String name) {
        if (current().isName(name)) {
            next();
            return true;
        }
        return false;
    }

    void expect(Token.Kind kind) {
        if (!current().is(kind)) {
            throw unexpected("The template has something else where a tag should end.");
        }
        next();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("The template is missing a " + operator + ".");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("The template is missing the word " + name + ".");
        }
    }

    Token name() {
        if (!current().is(Token.Kind.NAME)) {
            throw unexpected("The template has something else where a name should be.");
        }
        return next();
    }

    JinjaException unexpected(String sentence) {
        return JinjaException.of(sentence, "found", current().described())
                .at(current().place());
    }

    void deeper(Place place) {
        if (++depth > Limits.NESTING) {
            throw JinjaException.of("The template is nested too deeply.", "levels", "over " + Limits.NESTING)
                    .at(place);
        }
    }

    /**
     * Counts one more operator, filter or attribute in a chain; the tree leans to the left and is as deep as the chain
     * is long.
     */
    private int longer(int length) {
        if (length >= Limits.CHAIN) {
            throw JinjaException.of(
                            "The template chains too many operators, filters or attributes.",
                            "operators",
                            "over " + Limits.CHAIN)
                    .at(current().place());
        }
        return length + 1;
    }

    void shallower() {
        depth--;
    }

    // ---- expressions

    Expr expression() {
        return conditional();
    }

    /** One expression, or several separated by commas as a tuple. */
    Expr tuple(boolean withConditional, Set<String> endNames) {
        return tuple(withConditional, endNames, false);
    }

    private Expr tuple(boolean withConditional, Set<String> endNames, boolean parentheses) {
        List<Expr> items = new ArrayList<>();
        boolean several = false;
        Place place = current().place();
        while (true) {
            if (!items.isEmpty()) {
                expectOperator(",");
            }
            if (tupleEnds(endNames)) {
                break;
            }
            items.add(withConditional ? conditional() : or());
            if (!current().isOperator(",")) {
                break;
            }
            several = true;
        }
        if (!several && !items.isEmpty()) {
            return items.get(0);
        }
        if (!several && !parentheses) {
            throw unexpected("The template has something else where an expression should be.");
        }
        return new Expr.Sequence(items, true, place);
    }

    private boolean tupleEnds(Set<String> endNames) {
        Token token = current();
        return token.is(Token.Kind.VARIABLE_END)
                || token.is(Token.Kind.BLOCK_END)
                || token.isOperator(")")
                || (token.is(Token.Kind.NAME) && endNames.contains(token.text()));
    }

    private Expr conditional() {
        Place place = current().place();
        deeper(place);
        Expr result = or();
        int length = 0;
        while (skipName("if")) {
            length = longer(length);
            Expr test = or();
            Expr otherwise = skipName("else") ? conditional() : null;
            result = new Expr.Conditional(test, result, otherwise, place);
        }
        shallower();
        return result;
    }

    private Expr or() {
        Expr left = and();
        int length = 0;
        while (current().isName("or")) {
            length = longer(length);
            Place place = next().place();
            left = new Expr.Logic(false, left, and(), place);
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        int length = 0;
        while (current().isName("and")) {
            length = longer(length);
            Place place = next().place();
            left = new Expr.Logic(true, left, not(), place);
        }
        return left;
    }

    private Expr not() {
        if (current().isName("not")) {
            Place place = next().place();
            deeper(place);
            Expr value = new Expr.Unary("not", not(), place);
            shallower();
            return value;
        }
        return comparison();
    }

    private Expr comparison() {
        Expr first = sum();
        List<String> operators = new ArrayList<>();
        List<Expr> operands = new ArrayList<>(List.of(first));
        Place place = current().place();
        while (true) {
            Token token = current();
            if (token.is(Token.Kind.OPERATOR) && COMPARISONS.contains(token.text())) {
                operators.add(next().text());
            } else if (skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && following().isName("in")) {
                next();
                next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Expr.Comparison(operators, operands, place);
            }
            operands.add(sum());
        }
    }

    private Expr sum() {
        Expr left = concat();
        int length = 0;
        while (current().isOperator("+") || current().isOperator("-")) {
            length = longer(length);
            Token operator = next();
            left = new Expr.Binary(operator.text(), left, concat(), operator.place());
        }
        return left;
    }

    private Expr concat() {
        Expr first = product();
        if (!current().isOperator("~")) {
            return first;
        }
        Place place = current().place();
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (skipOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts, place);
    }

    private Expr product() {
        Expr left = power();
        int length = 0;
        while (current().is(Token.Kind.OPERATOR)
                && Set.of("*", "/", "//", "%").contains(current().text())) {
            length = longer(length);
            Token operator = next();
            left = new Expr.Binary(operator.text(), left, power(), operator.place());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        int length = 0;
        while (current().isOperator("**")) {
            length = longer(length);
            Token operator = next();
            left = new Expr.Binary("**", left, unary(true), operator.place());
        }
        return left;
    }

    private Expr unary(boolean withFilters) {
        Token token = current();
        Expr value;
        if (token.isOperator("-") || token.isOperator("+")) {
            next();
            deeper(token.place());
            value = new Expr.Unary(token.text(), unary(false), token.place());
            shallower();
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filtersAndTests(value) : value;
    }

    private Expr primary() {
        Token token = next();
        Place place = token.place();
        return switch (token.kind()) {
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Expr.Literal(true, place);
                    case "false", "False" -> new Expr.Literal(false, place);
                    case "none", "None" -> new Expr.Literal(Value.None.NONE, place);
                    default -> new Expr.Name(token.text(), place);
                };
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (current().is(Token.Kind.STRING)) {
                    text.append(next().text());
                }
                yield new Expr.Literal(text.toString(), place);
            }
            case INTEGER, FLOAT -> new Expr.Literal(token.number(), place);
            default -> bracketed(token);
        };
    }

    private Expr bracketed(Token token) {
        if (token.isOperator("(")) {
            deeper(token.place());
            Expr inner = tuple(true, Set.of(), true);
            shallower();
            expectOperator(")");
            return inner;
        } else if (token.isOperator("[")) {
            return new Expr.Sequence(items("]", false), false, token.place());
        } else if (token.isOperator("{")) {
            return new Expr.Mapping(items("}", true), token.place());
        }
        throw JinjaException.of("The template has something else where a value should be.", "found", token.described())
                .at(token.place());
    }

    private List<Expr> items(String end, boolean pairs) {
        List<Expr> items = new ArrayList<>();
        while (!current().isOperator(end)) {
            if (!items.isEmpty()) {
                expectOperator(",");
                if (current().isOperator(end)) {
                    break;
                }
            }
            items.add(expression());
            if (pairs) {
                expectOperator(":");
                items.add(expression());
            }
        }
        next();
        return items;
    }

    // ---- what follows a value

    private Expr postfix(Expr value) {
        Expr result = value;
        int length = 0;
        while (true) {
            length = longer(length);
            if (current().isOperator(".")) {
                Place place = next().place();
                Token name = next();
                if (name.is(Token.Kind.NAME)) {
                    result = new Expr.Attribute(result, name.text(), place);
                } else if (name.is(Token.Kind.INTEGER)) {
                    result = new Expr.Item(result, new Expr.Literal(name.number(), name.place()), place);
                } else {
                    throw JinjaException.of(
                                    "The template has something else where a name should be.",
                                    "found",
                                    name.described())
                            .at(name.place());
                }
            } else if (current().isOperator("[")) {
                result = subscript(result);
            } else if (current().isOperator("(")) {
                result = call(result);
            } else {
                return result;
            }
        }
    }

    private Expr subscript(Expr value) {
        Place place = next().place();
        List<Expr> indices = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!indices.isEmpty()) {
                expectOperator(",");
            }
            Expr start = current().isOperator(":") ? null : expression();
            if (skipOperator(":")) {
                if (!indices.isEmpty()) {
                    throw JinjaException.of("A slice is combined with another index.")
                            .at(place);
                }
                Expr stop = sliceEnds() || current().isOperator(":") ? null : expression();
                Expr step = skipOperator(":") && !sliceEnds() ? expression() : null;
                expectOperator("]");
                return new Expr.Slice(value, start, stop, step, place);
            }
            if (start != null) {
                indices.add(start);
            }
        }
        next();
        Expr index = indices.size() == 1 ? indices.get(0) : new Expr.Sequence(indices, true, place);
        return new Expr.Item(value, index, place);
    }

    private boolean sliceEnds() {
        return current().isOperator("]");
    }

    private Expr filtersAndTests(Expr value) {
        Expr result = value;
        int length = 0;
        while (true) {
            length = longer(length);
            if (current().isOperator("|")) {
                result = filters(result, false);
            } else if (current().isName("is")) {
                result = test(result);
            } else if (current().isOperator("(")) {
                result = call(result);
            } else {
                return result;
            }
        }
    }

    /** A chain of filters; if {@code started}, the first has no bar before it. */
    Expr filters(@Nullable Expr value, boolean started) {
        Expr result = value;
        boolean first = started;
        int length = 0;
        while (first || current().isOperator("|")) {
            length = longer(length);
            if (!first) {
                next();
            }
            Token token = current();
            String name = dottedName();
            Expr.Arguments arguments = current().isOperator("(") ? arguments() : Expr.Arguments.NONE;
            result = new Expr.Filter(result, name, arguments, token.place());
            first = false;
        }
        if (result == null) {
            throw unexpected("The template is missing a filter.");
        }
        return result;
    }

    private Expr test(Expr value) {
        Place place = next().place();
        boolean negated = skipName("not");
        String name = dottedName();
        Expr.Arguments arguments = Expr.Arguments.NONE;
        Token token = current();
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (startsTestArgument(token)) {
            if (token.isName("is")) {
                throw JinjaException.of("Two is tests follow each other.").at(token.place());
            }
            arguments = new Expr.Arguments(List.of(postfix(primary())), List.of(), null, null);
        }
        Expr test = new Expr.Test(value, name, arguments, place);
        return negated ? new Expr.Unary("not", test, place) : test;
    }

    private static boolean startsTestArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !NOT_TEST_ARGUMENTS.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(name().text());
        while (skipOperator(".")) {
            name.append('.').append(name().text());
        }
        return name.toString();
    }

    private Expr call(Expr function) {
        Place place = current().place();
        return new Expr.Call(function, arguments(), place);
    }

    private Expr.Arguments arguments() {
        Place place = current().place();
        expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<Expr.Keyword> keywords = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Expr rest = null;
        Expr restKeywords = null;
        boolean comma = false;
        while (!current().isOperator(")")) {
            if (comma) {
                expectOperator(",");
                if (current().isOperator(")")) {
                    break;
                }
            }
            if (current().isOperator("*")) {
                requireOrder(rest == null && restKeywords == null, place);
                next();
                rest = expression();
            } else if (current().isOperator("**")) {
                requireOrder(restKeywords == null, place);
                next();
                restKeywords = expression();
            } else if (current().is(Token.Kind.NAME) && following().isOperator("=")) {
                requireOrder(restKeywords == null, place);
                Token name = next();
                next();
                requireOrder(names.add(name.text()), place);
                keywords.add(new Expr.Keyword(name.text(), expression()));
            } else {
                requireOrder(rest == null && restKeywords == null && keywords.isEmpty(), place);
                positional.add(expression());
            }
            comma = true;
        }
        expectOperator(")");
        return new Expr.Arguments(positional, keywords, rest, restKeywords);
    }

    private static void requireOrder(boolean ordered, Place place) {
        if (!ordered) {
            throw JinjaException.of("The arguments of a call are out of order or repeated.")
                    .at(place);
        }
    }

    // ---- what is assigned to

    /** A name, names separated by commas, or (with namespaces) {@code namespace.attribute}. */
    Stmt.Target target(boolean withNamespace, Set<String> endNames) {
        return targets(withNamespace, endNames, false);
    }

    private Stmt.Target targets(boolean withNamespace, Set<String> endNames, boolean parentheses) {
        Place place = current().place();
        List<Stmt.Target> parts = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (!parts.isEmpty()) {
                expectOperator(",");
            }
            if (tupleEnds(endNames)) {
                break;
            }
            parts.add(oneTarget(withNamespace));
            if (!current().isOperator(",")) {
                break;
            }
            several = true;
        }
        if (!several && parts.size() == 1) {
            return parts.get(0);
        }
        if (!several && !parentheses) {
            throw unexpected("The template has something else where a name to assign to should be.");
        }
        return new Stmt.Target.Several(parts, place);
    }

    private Stmt.Target oneTarget(boolean withNamespace) {
        Token token = current();
        if (skipOperator("(")) {
            deeper(token.place());
            Stmt.Target inner = targets(false, Set.of(), true);
            shallower();
            expectOperator(")");
            return inner;
        }
        Token name = name();
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw JinjaException.of("The template assigns to a constant.", "constant", name.text())
                    .at(name.place());
        }
        if (withNamespace && skipOperator(".")) {
            return new Stmt.Target.Member(name.text(), name().text(), name.place());
        }
        return new Stmt.Target.Variable(name.text(), name.place());
    }
}
