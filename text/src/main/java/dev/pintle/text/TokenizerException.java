package dev.pintle.text;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import org.jspecify.annotations.Nullable;

/** A tokenizer that cannot be opened, or a text that it cannot encode. */
public final class TokenizerException extends PintleException {
    private static final long serialVersionUID = 1L;

    TokenizerException(String sentence, @Nullable Exception cause, String... facts) {
        this(Facts.problem(sentence, facts), cause);
    }

    TokenizerException(Problem problem, @Nullable Exception cause) {
        super(problem, cause);
    }
}
