package dev.pintle.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generation;
import dev.pintle.model.GenerationEngine;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.server.PintleServer;
import dev.pintle.tensor.Engine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/** Requests to a server over HTTP on this machine, each with its own prompt and steering vector. */
public final class ServeBench {
    private static final int ROUNDS = 9;
    private static final int TRIALS = 3;
    private static final int SHORTEST_PROMPT = 64;
    private static final int REPORTS = 10;
    private static final String EVENT = "data: ";

    private final PintleServer server;
    private final LanguageModel model;
    private final String name;
    private final int prompt;
    private final int tokens;

    /**
     * A benchmark.
     *
     * @param name of the model on the server
     * @param prompt the longest prompt, in tokens
     * @param tokens of each answer
     */
    public ServeBench(PintleServer server, LanguageModel model, String name, int prompt, int tokens) {
        this.server = server;
        this.model = model;
        this.name = name;
        this.prompt = prompt;
        this.tokens = tokens;
    }

    /**
     * One number of streams at once.
     *
     * @param streams requests at once
     * @param seconds from the first request to the last reply
     * @param tokens generated
     * @param firstToken median seconds from a request to the first event
     * @param decoding tokens per second between the last stream's first event and the first one's last; NaN if no time
     *     lies between
     * @param failed requests without a complete reply
     */
    public record Load(int streams, double seconds, long tokens, double firstToken, double decoding, int failed) {
        /** Generated tokens per second. */
        public double rate() {
            return tokens / seconds;
        }
    }

    /**
     * What HTTP adds to a token of one stream: medians of several answers, taken in turn.
     *
     * @param engine seconds a token of the engine itself
     * @param http seconds a token over HTTP
     */
    public record Added(double engine, double http) {}

    /** What the process holds after some requests. */
    public record State(int requests, int cancelled, long resident, long nativeObjects, int threads, long openFiles) {}

    /** Seconds a token through the engine and through the server, unsteered. */
    public Added added() throws InterruptedException, IOException {
        double[] engine = new double[ROUNDS];
        double[] http = new double[ROUNDS];
        int[] ids = ids(new Random(1), prompt);
        try (GenerationEngine own = model.engine(1)) {
            for (int round = 0; round < ROUNDS; round++) {
                long began = System.nanoTime();
                Generation generation = own.stream(GenerationRequest.of(ids, Decoding.sample(tokens, 1, round)));
                int made = 0;
                while (generation.next().isPresent()) {
                    made++;
                }
                engine[round] = (System.nanoTime() - began) / 1e9 / Math.max(1, made);
                began = System.nanoTime();
                Reply reply = ask(request(ids, round, false), -1);
                http[round] = (System.nanoTime() - began) / 1e9 / Math.max(1, reply.tokens());
            }
        }
        Arrays.sort(engine);
        Arrays.sort(http);
        return new Added(engine[ROUNDS / 2], http[ROUNDS / 2]);
    }

    /** Sends so many requests at once, each with a vector of its own or none with any, and waits for all. */
    public Load load(int streams, boolean steered) throws InterruptedException {
        Random random = new Random(streams);
        List<Callable<Reply>> all = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            int length =
                    SHORTEST_PROMPT >= prompt ? prompt : SHORTEST_PROMPT + random.nextInt(prompt - SHORTEST_PROMPT);
            byte[] request = request(ids(random, length), i, steered);
            all.add(() -> ask(request, -1));
        }
        ExecutorService clients = Executors.newFixedThreadPool(streams);
        try {
            long began = System.nanoTime();
            List<Future<Reply>> replies = clients.invokeAll(all);
            double seconds = (System.nanoTime() - began) / 1e9;
            long made = 0;
            int failed = 0;
            List<Double> first = new ArrayList<>();
            List<long[]> times = new ArrayList<>();
            for (Future<Reply> reply : replies) {
                try {
                    made += reply.get().tokens();
                    first.add(reply.get().firstToken());
                    times.add(reply.get().times());
                    failed += reply.get().complete() ? 0 : 1;
                } catch (ExecutionException e) {
                    failed++;
                }
            }
            first.sort(null);
            double median = first.isEmpty() ? Double.NaN : first.get(first.size() / 2);
            return new Load(streams, seconds, made, median, together(times), failed);
        } finally {
            clients.shutdownNow();
        }
    }

    /**
     * The median of a few loads by their time.
     *
     * @param decoding tokens per second of all streams while every one of them decodes, the median; NaN if there was no
     *     such time
     */
    public record Measured(Load load, double decoding) {}

    /** Sends the requests several times. */
    public Measured measure(int streams, boolean steered) throws InterruptedException {
        List<Load> loads = new ArrayList<>();
        double[] decoding = new double[TRIALS];
        load(streams, steered); // not counted: the JIT compiler and libtorch's memory are not ready yet
        for (int trial = 0; trial < TRIALS; trial++) {
            Load load = load(streams, steered);
            loads.add(load);
            decoding[trial] = load.decoding();
        }
        loads.sort(Comparator.comparing(Load::seconds));
        Arrays.sort(decoding);
        return new Measured(loads.get(TRIALS / 2), decoding[TRIALS / 2]);
    }

    /**
     * Many requests, of which a third hang up at a random moment.
     *
     * @param heard told ten times what the process holds
     */
    public void soak(int requests, int atOnce, Consumer<State> heard) throws InterruptedException {
        ExecutorService clients = Executors.newFixedThreadPool(atOnce);
        int cancelled = 0;
        try {
            for (int part = 0; part < REPORTS; part++) {
                List<Callable<Reply>> some = new ArrayList<>();
                for (int i = 0; i < requests / REPORTS; i++) {
                    Random random = new Random((long) part * requests + i);
                    byte[] request = request(ids(random, 16), i, i % 2 == 0);
                    int most = i % 3 == 0 ? random.nextInt(4000) : -1;
                    cancelled += most < 0 ? 0 : 1;
                    some.add(() -> ask(request, most));
                }
                clients.invokeAll(some);
                System.gc();
                heard.accept(new State(
                        (part + 1) * (requests / REPORTS),
                        cancelled,
                        ResidentMemory.now().orElse(-1),
                        Engine.nativeObjects(),
                        Thread.activeCount(),
                        SoakBench.openFiles()));
            }
        } finally {
            clients.shutdownNow();
        }
    }

    private int[] ids(Random random, int length) {
        int vocabulary = model.config().dVocab();
        return random.ints(length, vocabulary / 8, vocabulary).toArray();
    }

    private byte[] request(int[] ids, long seed, boolean steered) {
        ObjectNode body =
                Json.object().put("model", name).put("max_tokens", tokens).put("stream", true);
        body.put("tokens", true); // an event for each, even if it has no text
        body.put("temperature", 1).put("seed", seed);
        body.putObject("stream_options").put("include_usage", true);
        ArrayNode prompts = body.putArray("prompt");
        for (int id : ids) {
            prompts.add(id);
        }
        if (steered) {
            ObjectNode entry = body.putArray("steering").addObject();
            entry.putObject("vector").put("data", vector(new Random(seed)));
            entry.put("at", model.config().nLayers() / 2).put("strength", 0.1).put("unit", "absolute");
        }
        byte[] json = Json.line(body).getBytes(StandardCharsets.UTF_8);
        byte[] head = ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Connection: close\r\nContent-Length: " + json.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(head, head.length + json.length);
        System.arraycopy(json, 0, all, head.length, json.length);
        return all;
    }

    private String vector(Random random) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Float.BYTES * model.config().dModel()).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat((float) random.nextGaussian());
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** Tokens per second between the last stream's first event and the first one's last. */
    private static double together(List<long[]> times) {
        List<long[]> some = times.stream().filter(own -> own.length > 0).toList();
        long from = some.stream().mapToLong(own -> own[0]).max().orElse(0);
        long to = some.stream().mapToLong(own -> own[own.length - 1]).min().orElse(0);
        long events = some.stream()
                .mapToLong(own ->
                        Arrays.stream(own).filter(at -> at > from && at <= to).count())
                .sum();
        return to > from ? events * 1e9 / (to - from) : Double.NaN;
    }

    /**
     * What came back.
     *
     * @param tokens by the usage
     * @param times of the events, as {@link System#nanoTime} gives them
     * @param firstToken seconds to the first event
     */
    private record Reply(long tokens, long[] times, double firstToken, boolean complete) {}

    /** @param most bytes to read after the first event before hanging up; -1 for all */
    private Reply ask(byte[] request, int most) throws IOException {
        long began = System.nanoTime();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            out.write(request);
            out.flush();
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8), 1 << 16);
            LongStream.Builder times = LongStream.builder();
            String usage = "";
            double first = Double.NaN;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.startsWith(EVENT)) {
                    continue;
                }
                long now = System.nanoTime();
                if (Double.isNaN(first)) {
                    first = (now - began) / 1e9;
                    if (most >= 0) {
                        in.skip(most);
                        return new Reply(0, new long[0], first, true);
                    }
                }
                if (line.equals(EVENT + "[DONE]")) {
                    long tokens =
                            Json.parse(usage).at("/usage/completion_tokens").asLong();
                    return new Reply(tokens, times.build().toArray(), first, true);
                }
                if (line.contains("\"usage\":{")) {
                    usage = line.substring(EVENT.length());
                } else {
                    times.add(now);
                }
            }
            return new Reply(0, times.build().toArray(), first, false);
        }
    }
}
