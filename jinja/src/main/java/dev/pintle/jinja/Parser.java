package dev.pintle.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Parses tokens into the statements of a template. */
final class Parser {
    private static final Set<String> OTHER_TEMPLATES =
            Set.of("block", "extends", "include", "import", "from", "autoescape");

    private final ExpressionParser expressions;

    private Parser(ExpressionParser expressions) {
        this.expressions = expressions;
    }

    static List<Stmt> parse(String template) {
        ExpressionParser expressions = new ExpressionParser(Lexer.tokens(template));
        return new Parser(expressions).statements(List.of());
    }

    /**
     * Parses statements up to the end of the template or one of the end tags, whose name is then the current token.
     */
    private List<Stmt> statements(List<String> ends) {
        List<Stmt> body = new ArrayList<>();
        while (true) {
            Token token = expressions.current();
            switch (token.kind()) {
                case END -> {
                    if (!ends.isEmpty()) {
                        throw JinjaException.of(
                                        "The template ends inside a tag.", "waiting for", String.join(" or ", ends))
                                .at(token.place());
                    }
                    return body;
                }
                case DATA -> {
                    expressions.next();
                    body.add(new Stmt.Data(token.text(), token.place()));
                }
                case VARIABLE_BEGIN -> {
                    expressions.next();
                    Expr value = expressions.tuple(true, Set.of());
                    expressions.expect(Token.Kind.VARIABLE_END);
                    body.add(new Stmt.Output(List.of(value), value.place()));
                }
                case BLOCK_BEGIN -> {
                    expressions.next();
                    Token name = expressions.current();
                    if (name.is(Token.Kind.NAME) && ends.contains(name.text())) {
                        return body;
                    }
                    body.add(statement());
                    expressions.expect(Token.Kind.BLOCK_END);
                }
                default -> throw new IllegalStateException("a tag's inside outside a tag: " + token);
            }
        }
    }

    private Stmt statement() {
        Token name = expressions.current();
        if (!name.is(Token.Kind.NAME)) {
            throw expressions.unexpected("A tag has no name.");
        }
        expressions.next();
        Place place = name.place();
        expressions.deeper(place);
        try {
            return switch (name.text()) {
                case "set" -> set(place);
                case "if" -> choice(place);
                case "for" -> loop(place);
                case "macro" -> new Stmt.Macro(expressions.name().text(), definition("endmacro", true), place);
                case "call" -> call(place);
                case "generation" -> new Stmt.Generation(definition("endgeneration", false), place);
                case "filter" -> {
                    Expr filter = expressions.filters(null, true);
                    yield new Stmt.FilterBlock(filter, body("endfilter"), new Symbols(), place);
                }
                case "with" -> with(place);
                case "print" -> print(place);
                case "break" -> new Stmt.Break(place);
                case "continue" -> new Stmt.Continue(place);
                default -> throw unknown(name);
            };
        } finally {
            expressions.shallower();
        }
    }

    private static JinjaException unknown(Token name) {
        String sentence = OTHER_TEMPLATES.contains(name.text())
                ? "The template uses a tag for templates made of several files."
                : "The template uses a tag that does not exist here.";
        return JinjaException.of(sentence, "tag", name.text()).at(name.place());
    }

    /** The body of a tag; its end tag is consumed. */
    private List<Stmt> body(String end) {
        List<Stmt> body = bodyUpTo(List.of(end));
        expressions.next();
        return body;
    }

    private List<Stmt> bodyUpTo(List<String> ends) {
        expressions.skipOperator(":");
        expressions.expect(Token.Kind.BLOCK_END);
        return statements(ends);
    }

    private Stmt set(Place place) {
        Stmt.Target target = expressions.target(true, Set.of());
        if (expressions.skipOperator("=")) {
            return new Stmt.Assign(target, expressions.tuple(true, Set.of()), place);
        }
        boolean filtered = expressions.current().isOperator("|");
        Expr filter = filtered ? expressions.filters(null, false) : null;
        return new Stmt.AssignBlock(target, filter, body("endset"), new Symbols(), place);
    }

    private Stmt choice(Place place) {
        List<Stmt.Branch> branches = new ArrayList<>();
        while (true) {
            Expr test = expressions.tuple(false, Set.of());
            branches.add(new Stmt.Branch(test, bodyUpTo(List.of("elif", "else", "endif"))));
            String end = expressions.next().text();
            if (end.equals("else")) {
                branches.add(new Stmt.Branch(null, body("endif")));
            }
            if (!end.equals("elif")) {
                return new Stmt.If(branches, place);
            }
        }
    }

    private Stmt loop(Place place) {
        Stmt.Target target = expressions.target(false, Set.of("in"));
        expressions.expectName("in");
        Expr items = expressions.tuple(false, Set.of("recursive"));
        Expr test = expressions.skipName("if") ? expressions.expression() : null;
        boolean recursive = expressions.skipName("recursive");
        List<Stmt> body = bodyUpTo(List.of("endfor", "else"));
        List<Stmt> otherwise = expressions.next().text().equals("else") ? body("endfor") : List.of();
        return new Stmt.For(
                target, items, test, recursive, body, otherwise, new Symbols(), new Symbols(), new Symbols(), place);
    }

    private Stmt call(Place place) {
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (expressions.current().isOperator("(")) {
            signature(parameters, defaults);
        }
        Expr called = expressions.expression();
        if (!(called instanceof Expr.Call call)) {
            throw JinjaException.of("A call tag does not contain a call.").at(place);
        }
        Stmt.Definition definition = new Stmt.Definition(parameters, defaults, body("endcall"), new Symbols());
        return new Stmt.CallBlock(call, definition, place);
    }

    private Stmt.Definition definition(String end, boolean signature) {
        List<String> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (signature) {
            signature(parameters, defaults);
        }
        return new Stmt.Definition(parameters, defaults, body(end), new Symbols());
    }

    private void signature(List<String> parameters, List<Expr> defaults) {
        expressions.expectOperator("(");
        Set<String> names = new HashSet<>();
        while (!expressions.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                expressions.expectOperator(",");
            }
            Token name = expressions.name();
            if (!names.add(name.text())) {
                throw JinjaException.of("A macro has two parameters of the same name.", "parameter", name.text())
                        .at(name.place());
            }
            if (expressions.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw JinjaException.of(
                                "A macro has a parameter without a default after one with a default.",
                                "parameter",
                                name.text())
                        .at(name.place());
            }
            parameters.add(name.text());
        }
        expressions.expectOperator(")");
    }

    private Stmt with(Place place) {
        List<Stmt.Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!expressions.current().is(Token.Kind.BLOCK_END)
                && !expressions.current().is(Token.Kind.END)) {
            if (!targets.isEmpty()) {
                expressions.expectOperator(",");
            }
            targets.add(expressions.target(false, Set.of()));
            expressions.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(targets, values, body("endwith"), new Symbols(), place);
    }

    private Stmt print(Place place) {
        List<Expr> values = new ArrayList<>();
        while (!expressions.current().is(Token.Kind.BLOCK_END)) {
            if (!values.isEmpty()) {
                expressions.expectOperator(",");
            }
            values.add(expressions.expression());
        }
        return new Stmt.Output(values, place);
    }
}
