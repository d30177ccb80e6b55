package dev.pintle.server;

import dev.pintle.model.EngineOptions;
import dev.pintle.server.http.ApiKeys;
import dev.pintle.server.http.Front;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * How a server runs.
 *
 * @param address to listen at
 * @param keys what callers must present
 * @param names names and pages by which it may be called
 * @param engine how requests of a model are generated
 * @param lenient whether fields that are not known are ignored, and said to be, instead of refused
 * @param slowest time that one write to a client may take
 * @param log receives a line per request, without what was asked or answered
 */
public record ServerSettings(
        InetSocketAddress address,
        ApiKeys keys,
        Front.Names names,
        EngineOptions engine,
        boolean lenient,
        Duration slowest,
        Consumer<String> log) {
    /** Bytes of earlier prompts that are kept, unless something else is asked for. */
    public static final long CACHE_BYTES = 256L << 20;

    /** For clients on this machine, at a port; 0 for any that is free. */
    public static ServerSettings local(int port) {
        return new ServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                ApiKeys.none(),
                new Front.Names(List.of(), List.of()),
                EngineOptions.DEFAULT.keeping(CACHE_BYTES),
                false,
                Duration.ofSeconds(30),
                line -> {});
    }

    Front.Settings front() {
        return new Front.Settings(address, names, keys, slowest, log);
    }
}
