package dev.pintle.bench;

import dev.pintle.library.Library;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.LanguageModel;
import dev.pintle.server.PintleServer;
import dev.pintle.server.ServerSettings;
import dev.pintle.server.http.ApiKeys;
import dev.pintle.server.http.Front;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench serve}. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Requests over HTTP to a server in this process, each with its own prompt and vector.")
final class BenchServeCommand implements Callable<Integer> {
    private static final String NAME = "model";

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--streams",
            split = ",",
            defaultValue = "1,8,64",
            paramLabel = "N,N",
            description = "Requests at once. Default: ${DEFAULT-VALUE}.")
    private List<Integer> streams = new ArrayList<>();

    @Option(
            names = "--prompt",
            defaultValue = "128",
            paramLabel = "N",
            description = "Tokens of the longest prompt; the others are shorter. Default: ${DEFAULT-VALUE}.")
    private int prompt = 128;

    @Option(
            names = "--tokens",
            defaultValue = "128",
            paramLabel = "N",
            description = "Tokens of each answer. Default: ${DEFAULT-VALUE}.")
    private int tokens = 128;

    @Option(
            names = "--soak",
            defaultValue = "0",
            paramLabel = "N",
            description = "Instead, send N requests, a third of which hang up, and watch memory and handles.")
    private int soak;

    @Option(names = "--unsteered", description = "Send the requests of --streams without vectors too.")
    private boolean unsteered;

    @Option(
            names = "--fast",
            description = "Serve with --fast: an answer's bits may depend on what is generated beside it.")
    private boolean fast;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        ServerSettings settings = new ServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                ApiKeys.none(),
                new Front.Names(List.of(), List.of()),
                EngineOptions.DEFAULT.waiting(1024).fast(fast),
                false,
                Duration.ofSeconds(30),
                line -> {});
        Path data = Files.createTempDirectory("pintle-bench");
        LanguageModel loaded = model.load();
        out.printf("%s, %s on %s, %s%n%n", loaded.id(), loaded.dtype(), loaded.device(), loaded.route());
        out.flush();
        try (Library library = Library.open(data);
                PintleServer server = PintleServer.start(library, Map.of(NAME, loaded), settings)) {
            ServeBench bench = new ServeBench(server, loaded, NAME, prompt, tokens);
            if (soak > 0) {
                soak(bench, out);
            } else {
                load(bench, out);
            }
        } finally {
            Files.deleteIfExists(data);
        }
        return 0;
    }

    private void load(ServeBench bench, PrintWriter out) throws IOException, InterruptedException {
        bench.load(2, true); // compiled and warm
        ServeBench.Added added = bench.added();
        out.printf(
                Locale.ROOT,
                "one stream: %.3f ms a token through the engine, %.3f ms over HTTP, %.3f ms added%n%n",
                added.engine() * 1e3,
                added.http() * 1e3,
                (added.http() - added.engine()) * 1e3);
        out.println(
                "| streams | vectors | generated tokens | seconds | tokens/s | while decoding | first event, median ms"
                        + " | failed |");
        out.println("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (int count : streams) {
            bench.load(count, true); // steps are recorded and buffers allocated once
            if (unsteered) {
                tell(out, bench, count, false);
            }
            tell(out, bench, count, true);
        }
    }

    private static void tell(PrintWriter out, ServeBench bench, int count, boolean steered)
            throws InterruptedException {
        ServeBench.Measured measured = bench.measure(count, steered);
        ServeBench.Load load = measured.load();
        out.printf(
                Locale.ROOT,
                "| %d | %d | %d | %.2f | %.1f | %.1f | %.1f | %d |%n",
                count,
                steered ? count : 0,
                load.tokens(),
                load.seconds(),
                load.rate(),
                measured.decoding(),
                load.firstToken() * 1e3,
                load.failed());
        out.flush();
    }

    private void soak(ServeBench bench, PrintWriter out) throws InterruptedException {
        out.println("| requests | of which hung up | resident MB | native objects | threads | open files |");
        out.println("| ---: | ---: | ---: | ---: | ---: | ---: |");
        bench.soak(soak, 16, state -> {
            out.printf(
                    Locale.ROOT,
                    "| %d | %d | %.1f | %d | %d | %d |%n",
                    state.requests(),
                    state.cancelled(),
                    state.resident() / 1e6,
                    state.nativeObjects(),
                    state.threads(),
                    state.openFiles());
            out.flush();
        });
    }
}
