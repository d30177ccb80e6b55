package dev.pintle.hub;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Retry policy for failed requests: up to five retries, after 1, 2, 4, 8 and 16 seconds, or after as long as the server
 * asks. Progress resets the count.
 */
final class Patience {
    private static final int RETRIES = 5;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration MAX_REQUESTED_WAIT = Duration.ofMinutes(10);
    private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*r=0\\s*;\\s*t=(\\d{1,6})");

    private final Machine machine;
    private final HubListener listener;
    private int failures;

    Patience(Machine machine, HubListener listener) {
        this.machine = machine;
        this.listener = listener;
    }

    /** Data has arrived. */
    void progress() {
        failures = 0;
    }

    /**
     * Pauses after a failure that may be temporary.
     *
     * @param asked how long the server asks us to wait
     * @throws HubException {@code failure}, if it has happened too often or the wait would be too long
     */
    void pause(HubException failure, Optional<Duration> asked) throws InterruptedException {
        failures++;
        if (failures > RETRIES
                || asked.filter(wait -> wait.compareTo(MAX_REQUESTED_WAIT) > 0).isPresent()) {
            throw failure;
        }
        Duration pause = asked.orElse(FIRST_PAUSE.multipliedBy(1L << (failures - 1)));
        listener.note(failure.problem().sentence() + " Retrying in " + Math.max(1, pause.toSeconds()) + " s ("
                + failures + " of " + RETRIES + ").");
        machine.sleep(pause);
    }

    /** Whether a status may be temporary. */
    static boolean mayPass(int status) {
        return status == 408 || status == 429 || status >= 500;
    }

    /** The wait requested by a response: {@code Retry-After}, or {@code ratelimit: "api";r=0;t=55}. */
    static Optional<Duration> asked(HttpHeaders headers) {
        Optional<Duration> retryAfter = headers.firstValue("Retry-After").flatMap(Patience::duration);
        return retryAfter.isPresent()
                ? retryAfter
                : headers.firstValue("ratelimit")
                        .map(RATE_LIMIT::matcher)
                        .filter(Matcher::find)
                        .map(found -> Duration.ofSeconds(Long.parseLong(found.group(1))));
    }

    private static Optional<Duration> duration(String retryAfter) {
        try {
            if (retryAfter.matches("\\d{1,9}")) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(retryAfter)));
            }
            ZonedDateTime until = ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME);
            Duration wait = Duration.between(ZonedDateTime.now(until.getZone()), until);
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
