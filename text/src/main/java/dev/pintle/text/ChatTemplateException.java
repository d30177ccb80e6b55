package dev.pintle.text;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.jinja.JinjaException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A chat template that cannot be found, read or applied to a conversation. */
public final class ChatTemplateException extends PintleException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    ChatTemplateException(String sentence, String... facts) {
        this(Facts.problem(sentence, facts), 0, 0, null);
    }

    private ChatTemplateException(Problem problem, int line, int column, @Nullable Throwable cause) {
        super(problem, cause);
        this.line = line;
        this.column = column;
    }

    static ChatTemplateException of(JinjaException failure) {
        Problem problem = Problem.of(failure.sentence());
        for (Map.Entry<String, String> fact : failure.facts().entrySet()) {
            problem = problem.fact(fact.getKey(), Excerpt.of(fact.getValue()));
        }
        if (failure.line() > 0) {
            problem = problem.fact("at", "line " + failure.line() + ", column " + failure.column());
        }
        return new ChatTemplateException(problem, failure.line(), failure.column(), failure);
    }

    static ChatTemplateException unreadable(String sentence, Exception cause, String... facts) {
        return new ChatTemplateException(Facts.problem(sentence, facts), 0, 0, cause);
    }

    /** The 1-based line in the template; 0 if the error has no location in the template. */
    public int line() {
        return line;
    }

    /** The 1-based column in the line; 0 if the error has no location in the template. */
    public int column() {
        return column;
    }
}
