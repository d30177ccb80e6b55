package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.EngineFullException;
import dev.pintle.model.Generated;
import dev.pintle.model.Generated.StopReason;
import dev.pintle.model.GeneratedToken;
import dev.pintle.model.Generation;
import dev.pintle.model.GenerationRequest;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.OpenReply;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.server.serving.Metrics;
import dev.pintle.server.serving.Requests;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Generates the answers to a request and writes them, whole or as a stream of events. */
final class Answers {
    private static final Duration QUIET = Duration.ofSeconds(10);
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(1);

    private final Call call;
    private final Metrics metrics;
    private final Requests requests;
    private final Asked asked;
    private final List<? extends Format> formats; // of each answer
    private final CaptureLinks.Space space;
    private final String id;
    private final long created = Instant.now().getEpochSecond();
    private final long began = System.nanoTime();

    /**
     * @param formats one per answer
     * @param space for captures that are links
     */
    Answers(
            Call call,
            Metrics metrics,
            Requests requests,
            Asked asked,
            List<? extends Format> formats,
            CaptureLinks.Space space) {
        this.call = call;
        this.metrics = metrics;
        this.requests = requests;
        this.asked = asked;
        this.formats = formats;
        this.space = space;
        this.id = formats.get(0).idPrefix() + call.id().replace("req-", "");
    }

    /** Generates and replies. */
    void write() throws IOException, InterruptedException {
        List<Generation> generations = submit();
        boolean ended = false;
        try (Requests.Entry entry = requests.add(call.id(), asked.about(), generations)) {
            if (asked.fields().streams()) {
                stream(generations);
            } else {
                whole(generations);
            }
            ended = true;
        } finally {
            if (ended) {
                for (Generation generation : generations) {
                    metrics.ended(generation.await());
                }
            } else {
                generations.forEach(generation -> {
                    generation.cancel();
                    metrics.lost();
                });
            }
            metrics.request(System.nanoTime() - began);
        }
    }

    private List<Generation> submit() {
        List<Generation> generations = new ArrayList<>();
        try {
            for (GenerationRequest request : asked.requests()) {
                generations.add(
                        asked.fields().streams()
                                ? asked.model().engine().stream(request)
                                : asked.model().engine().submit(request));
            }
            return generations;
        } catch (EngineFullException e) {
            generations.forEach(Generation::cancel);
            throw HttpProblem.of(429, "queue_full", e.problem()).with("Retry-After", "1");
        } catch (IllegalStateException e) {
            generations.forEach(Generation::cancel);
            throw HttpProblem.of(
                            503, "shutting_down", Problem.of("The server is stopping, or the model has been unloaded."))
                    .with("x-should-retry", "false");
        } catch (RuntimeException e) {
            generations.forEach(Generation::cancel);
            throw e;
        }
    }

    // ---------------------------------------------------------------- whole

    private void whole(List<Generation> generations) throws IOException, InterruptedException {
        long until = System.nanoTime() + SIGN_OF_LIFE.toNanos();
        OpenReply open = null;
        try {
            for (Generation generation : generations) {
                long left = Math.max(0, until - System.nanoTime());
                if (open == null && generation.await(left, TimeUnit.NANOSECONDS).isEmpty()) {
                    // a client that has gone is noticed only by writing to it
                    open = call.open("application/json");
                    open.pulse(" ", SIGN_OF_LIFE, () -> generations.forEach(Generation::cancel));
                }
                generation.await();
            }
            ObjectNode reply = reply(generations);
            if (open == null) {
                call.reply(reply);
            } else {
                open.send(Json.line(reply));
                open.end();
            }
        } finally {
            if (open != null) {
                open.quiet();
            }
        }
    }

    private ObjectNode reply(List<Generation> generations) throws InterruptedException {
        ObjectNode reply = head(false);
        ArrayNode choices = reply.putArray("choices");
        List<Generated> ended = new ArrayList<>();
        for (int i = 0; i < generations.size(); i++) {
            Generated answer = finite(generations.get(i).await());
            ended.add(answer);
            ObjectNode choice = choices.addObject().put("index", i);
            List<GeneratedToken> tokens = Told.of(answer.tokens(), answer.text());
            formats.get(i).whole(choice, answer.text(), tokens);
            choice.put("finish_reason", Format.finishReason(answer.reason()));
            ObjectNode own = choice.putObject("pintle");
            ended(own, i, answer);
            if (asked.fields().tokens() != null) {
                ArrayNode told = own.putArray("tokens");
                tokens.forEach(token -> told.add(token(token)));
            }
        }
        reply.set("usage", usage(ended));
        reply.set("pintle", about());
        return reply;
    }

    private ObjectNode head(boolean streamed) {
        return Json.object()
                .put("id", id)
                .put("object", formats.get(0).object(streamed))
                .put("created", created)
                .put("model", asked.name())
                .put("system_fingerprint", asked.model().fingerprint());
    }

    private ObjectNode usage(List<Generated> answers) {
        int completion =
                answers.stream().mapToInt(answer -> answer.tokens().size()).sum();
        ObjectNode usage = Json.object()
                .put("prompt_tokens", asked.promptTokens())
                .put("completion_tokens", completion)
                .put("total_tokens", asked.promptTokens() + completion);
        usage.putObject("prompt_tokens_details")
                .put(
                        "cached_tokens",
                        answers.stream().mapToInt(Generated::cachedTokens).max().orElse(0));
        return usage;
    }

    /** What is said of the request: what acts, the seed, what had no effect. */
    private ObjectNode about() {
        ObjectNode about = Json.object();
        about.set("steering", JsonNumbers.tree(asked.steering().facts()));
        if (asked.twin() != null) {
            about.set("twin", JsonNumbers.tree(asked.twin().facts()));
        }
        about.put("seed", asked.seed());
        ArrayNode ignored = about.putArray("ignored");
        asked.ignored().forEach(ignored::add);
        about.put("max_tokens", asked.requests().get(0).decoding().maxNewTokens());
        about.putObject("timings").put("total_ms", (System.nanoTime() - began) / 1_000_000);
        return about;
    }

    /** What is said of an answer at its end. */
    private void ended(ObjectNode own, int index, Generated answer) throws InterruptedException {
        own.put("stop_reason", answer.reason().name().toLowerCase(Locale.ROOT));
        if (answer.ending().stopString() != null) {
            own.put("stop_string", answer.ending().stopString());
        }
        int[] prompt = asked.prompt(index);
        int[] ids = answer.ids();
        boolean lastIsRun = answer.reason() == StopReason.STOP_TOKEN;
        int run = prompt.length + Math.max(0, lastIsRun ? ids.length : ids.length - 1);
        ArrayNode acted = own.putArray("acted_on");
        for (Map<String, Object> fact : asked.steering().facts(prompt.length, run)) {
            Object count = fact.containsKey("tokens_judged") ? fact.get("tokens_judged") : fact.get("tokens_acted_on");
            acted.add(count instanceof Integer number ? number.intValue() : 0);
        }
        Captures reads = asked.reads().get(index);
        int[] sequence = new int[prompt.length + ids.length];
        System.arraycopy(prompt, 0, sequence, 0, prompt.length);
        System.arraycopy(ids, 0, sequence, prompt.length, ids.length);
        if (reads.hasCaptures()) {
            own.set("captures", reads.json(sequence, space));
        }
        if (!reads.projected().isEmpty()) {
            ObjectNode projected = own.putObject("project");
            for (String vector : reads.projected()) {
                ArrayNode values = projected.putArray(vector);
                for (int position = 0; position < sequence.length; position++) {
                    JsonNumbers.add(values, reads.component(vector, position));
                }
            }
        }
    }

    private ObjectNode token(GeneratedToken token) {
        ObjectNode node = Json.object().put("id", token.id()).put("text", token.text());
        JsonNumbers.put(node, "logprob", token.logProbability());
        if (asked.alternatives() > 0) {
            Alternatives.put(node, token.alternatives());
        }
        GeneratedToken.TwinToken twin = token.twin();
        if (twin != null) {
            ObjectNode other = node.putObject("twin");
            JsonNumbers.put(other, "logprob", twin.logProbability());
            JsonNumbers.put(other, "kl", twin.divergence());
            if (asked.alternatives() > 0) {
                Alternatives.put(other, twin.alternatives());
            }
        }
        return node;
    }

    /** @throws HttpProblem if activations overflowed */
    private static Generated finite(Generated answer) {
        Problem problem = answer.ending().problem();
        if (problem != null) {
            throw HttpProblem.of(400, "not_finite", problem);
        }
        if (answer.reason() == StopReason.CANCELLED) {
            throw HttpProblem.of(503, "cancelled", Problem.of("The generation was cancelled before its end."))
                    .with("x-should-retry", "false");
        }
        return answer;
    }

    // ---------------------------------------------------------------- as a stream

    private void stream(List<Generation> generations) throws IOException, InterruptedException {
        OpenReply reply = call.open("text/event-stream; charset=utf-8");
        try {
            reply.pulse(": ping\n\n", QUIET, () -> generations.forEach(Generation::cancel));
            List<Generated> ended = generations.size() == 1
                    ? List.of(stream(reply, generations.get(0), 0, true))
                    : together(reply, generations);
            if (asked.fields().wantsUsageInStream()) {
                ObjectNode last = head(true);
                last.putArray("choices");
                last.set("usage", usage(ended));
                send(reply, last);
            }
            reply.send("data: [DONE]\n\n");
            reply.end();
        } catch (RuntimeException e) {
            reply.send("data: " + Json.line(HttpProblem.of(e).json()) + "\n\n");
            throw new IOException("The stream is broken off, so that clients notice.", e);
        } finally {
            reply.quiet();
        }
    }

    /** Several answers in one stream, as their tokens come. Once one fails, the others are cancelled and say nothing more. */
    private List<Generated> together(OpenReply reply, List<Generation> generations)
            throws IOException, InterruptedException {
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        List<Streaming> streams = new ArrayList<>();
        for (int i = 0; i < generations.size(); i++) {
            streams.add(new Streaming(reply, generations, i, failure));
        }
        streams.forEach(Thread::start);
        for (Streaming stream : streams) {
            stream.join();
        }
        Exception first = failure.get();
        if (first instanceof IOException gone) {
            throw gone;
        }
        if (first instanceof RuntimeException failed) {
            throw failed;
        }
        List<Generated> ended = new ArrayList<>();
        for (Streaming stream : streams) {
            Generated answer = stream.ended;
            if (answer == null) {
                throw new InterruptedException();
            }
            ended.add(answer);
        }
        return ended;
    }

    /** Writes one of several answers. */
    private final class Streaming extends Thread {
        private final OpenReply reply;
        private final List<Generation> all;
        private final int index;
        private final AtomicReference<@Nullable Exception> failure; // of whichever failed first
        private @Nullable Generated ended;

        Streaming(OpenReply reply, List<Generation> all, int index, AtomicReference<@Nullable Exception> failure) {
            super("pintle-server answer " + index);
            this.reply = reply;
            this.all = all;
            this.index = index;
            this.failure = failure;
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                ended = stream(reply, all.get(index), index, index == all.size() - 1);
            } catch (IOException | InterruptedException | RuntimeException e) {
                failure.compareAndSet(null, e); // before others fail for being cancelled
                all.forEach(Generation::cancel);
            }
        }
    }

    /** @param last whether what is said of the request comes with this answer's end */
    private Generated stream(OpenReply reply, Generation generation, int index, boolean last)
            throws IOException, InterruptedException {
        Told told = new Told();
        boolean first = true;
        long before = 0;
        for (Optional<Generation.Piece> next = generation.next(); next.isPresent(); next = generation.next()) {
            Generation.Piece piece = next.get();
            GeneratedToken token = piece.token();
            long now = System.nanoTime();
            if (before == 0) {
                metrics.firstToken(now - began);
            } else {
                metrics.betweenTokens(now - before);
            }
            before = now;
            List<GeneratedToken> ready = token == null ? List.of() : told.add(token, piece.text());
            if (token == null) {
                ready = told.finish(piece.text());
            }
            if (first || !piece.text().isEmpty() || (!ready.isEmpty() && tellsTokens(index))) {
                send(reply, part(index, first, piece.text(), ready));
                first = false;
            }
        }
        Generated answer = finite(generation.await());
        List<GeneratedToken> rest = told.finish("");
        if (first || (!rest.isEmpty() && tellsTokens(index))) {
            send(reply, part(index, first, "", rest));
        }
        ObjectNode end = head(true);
        ObjectNode choice = end.putArray("choices").addObject().put("index", index);
        formats.get(index).part(choice, false, "", List.of());
        choice.put("finish_reason", Format.finishReason(answer.reason()));
        ended(choice.putObject("pintle"), index, answer);
        if (last) {
            end.set("pintle", about());
        }
        send(reply, end);
        return answer;
    }

    private boolean tellsTokens(int index) {
        return formats.get(index).tellsTokens() || asked.fields().tokens() != null;
    }

    private ObjectNode part(int index, boolean first, String text, List<GeneratedToken> tokens) {
        ObjectNode chunk = head(true);
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", index);
        formats.get(index).part(choice, first, text, tokens);
        choice.putNull("finish_reason");
        if (asked.fields().tokens() != null && !tokens.isEmpty()) {
            ArrayNode own = choice.putObject("pintle").putArray("tokens");
            tokens.forEach(token -> own.add(token(token)));
        }
        return chunk;
    }

    private static void send(OpenReply reply, ObjectNode chunk) throws IOException {
        reply.send("data: " + Json.line(chunk) + "\n\n");
    }
}
