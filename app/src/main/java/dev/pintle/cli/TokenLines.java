package dev.pintle.cli;

import dev.pintle.base.Visible;
import dev.pintle.text.Token;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tokens, one per line: id and piece. */
final class TokenLines {
    private TokenLines() {}

    static void print(List<Token> tokens, PrintWriter out) {
        for (Token token : tokens) {
            out.printf(
                    Locale.ROOT,
                    "%7d  %s%s%n",
                    token.id(),
                    quoted(token.text()),
                    token.span() == null ? "  added" : "");
        }
        out.println(tokens.size() + (tokens.size() == 1 ? " token" : " tokens"));
    }

    static Map<String, Object> fields(Token token) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", token.id());
        fields.put("text", token.text());
        Token.Span span = token.span();
        fields.put("start", span == null ? null : span.start());
        fields.put("end", span == null ? null : span.end());
        return fields;
    }

    /** The piece in quotes, with invisible characters escaped. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '"', '\\' -> quoted.append('\\').append((char) c);
                default -> {
                    if (Visible.hides(c, ' ')) {
                        Visible.escape(c, quoted);
                    } else {
                        quoted.appendCodePoint(c);
                    }
                }
            }
        });
        return quoted.append('"').toString();
    }
}
