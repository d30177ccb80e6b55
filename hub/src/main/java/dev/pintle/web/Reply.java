package dev.pintle.web;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** What came of a request. */
public sealed interface Reply {
    /**
     * An answer, of whatever status.
     *
     * @param status HTTP status
     * @param body at most as many bytes as were allowed
     * @param retryAfter how long the server asks to wait, where it does
     */
    record Answer(int status, byte[] body, Optional<Duration> retryAfter) implements Reply {
        /** Whether the status is 200 to 299. */
        public boolean isOk() {
            return status >= 200 && status < 300;
        }

        /** The body as UTF-8. */
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /**
     * No answer that can be used.
     *
     * @param why such as {@code no answer within 10 s}; holds no secrets
     */
    record Failure(String why) implements Reply {}
}
