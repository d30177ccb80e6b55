package dev.pintle.sae.labels;

import dev.pintle.base.Problem;
import dev.pintle.web.BoundedHttp;
import dev.pintle.web.Reply;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Sequential requests to one service: rate-limited, with a bounded number of retries if the server is busy. */
final class Asking {
    static final BoundedHttp HTTP = new BoundedHttp();

    private static final int TRIES = 3;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

    private final URI server;
    private final LabelSettings settings;
    private long next = System.nanoTime();

    Asking(URI server, LabelSettings settings) {
        this.server = server;
        this.settings = settings;
    }

    /** Limits of one request. */
    BoundedHttp.Limits limits(long bytes) {
        return new BoundedHttp.Limits(settings.patience(), bytes);
    }

    /** Sends a request and retries it while the server is busy. */
    Reply reply(Supplier<Reply> request) {
        Reply reply = new Reply.Failure("interrupted");
        for (int attempt = 0; attempt < TRIES; attempt++) {
            if (!sleep(Duration.ofNanos(Math.max(0, next - System.nanoTime())))) {
                return new Reply.Failure("interrupted");
            }
            next = System.nanoTime() + settings.pace().toNanos();
            reply = request.get();
            boolean busy = reply instanceof Reply.Answer answer
                    && Set.of(429, 502, 503, 504).contains(answer.status());
            if (!busy || attempt == TRIES - 1) {
                return reply;
            }
            Duration pause = ((Reply.Answer) reply).retryAfter().orElse(Duration.ofSeconds(1L << attempt));
            if (pause.compareTo(LONGEST_PAUSE) > 0 || !sleep(pause)) {
                return reply;
            }
        }
        return reply;
    }

    private static boolean sleep(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** What is wrong with a reply, if anything. Status 404 is not a problem: it means that there is no label. */
    Optional<Problem> problem(Reply reply) {
        if (reply instanceof Reply.Failure failure) {
            return Optional.of(problem(failure.why()));
        }
        int status = ((Reply.Answer) reply).status();
        if (((Reply.Answer) reply).isOk() || status == 404) {
            return Optional.empty();
        }
        return Optional.of(problem(
                switch (status) {
                    case 401, 403 -> "status " + status + ": the service did not accept the key";
                    case 429 -> "status 429: the service asks for fewer requests";
                    default -> "status " + status;
                }));
    }

    /** The error for a service that cannot be used. */
    Problem problem(String found) {
        return Problem.of("The source of labels cannot be used.")
                .fact("source", server)
                .fact("expected", "labels")
                .fact("but was", found);
    }
}
