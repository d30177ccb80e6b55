package dev.pintle.web;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** The outcome of a request. */
public sealed interface Reply {
    /**
     * A response, with any status.
     *
     * @param status HTTP status
     * @param body no larger than the limit
     * @param retryAfter how long the server asks to wait, if it does
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
     * No usable response.
     *
     * @param why such as {@code no response within 10 s}; contains no secrets
     */
    record Failure(String why) implements Reply {}
}
