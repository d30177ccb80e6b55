package dev.pintle.chat;

import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import org.jspecify.annotations.Nullable;

/** A tokenizer that cannot be opened, or text that it cannot encode as asked. */
public final class TokenizerException extends PintleException {
    private static final long serialVersionUID = 1L;

    TokenizerException(String sentence, @Nullable Exception cause, String... facts) {
        this(Facts.problem(sentence, facts), cause);
    }

    TokenizerException(Problem problem, @Nullable Exception cause) {
        super(problem, cause);
    }
}
