package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.base.Visible;
import dev.pintle.hub.ModelFolders;
import dev.pintle.library.Library;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.server.PintleServer;
import dev.pintle.server.ServerSettings;
import dev.pintle.server.http.ApiKeys;
import dev.pintle.server.http.Front;
import dev.pintle.server.http.Routes;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Which models are served, where, to whom, and within which limits: what {@code serve} and {@code studio} share. */
final class ServerOptions {
    private static final int MOST_PORT = 65_535;
    private static final Duration GRACE = Duration.ofSeconds(20);
    private static final Duration SLOWEST_WRITE = Duration.ofSeconds(30);

    @HelpSection.In(HelpSection.MODEL)
    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "Model to serve, by a name that `pintle models` lists, a folder or a GGUF file (default:"
                    + " parley-7m); may be repeated.")
    private List<String> models = new ArrayList<>();

    @HelpSection.In(HelpSection.MODEL)
    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description =
                    "Jinja chat template in place of the model's, or a cached or local model whose template to use;"
                            + " with one --model.")
    private @Nullable String chatTemplate;

    @Mixin
    private ModelPlacement placement = new ModelPlacement();

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "Port to listen at; 0 for any that is free (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address to listen at (default: ${DEFAULT-VALUE}). Any but this machine's own needs"
                    + " --api-key-file.")
    private String address = "127.0.0.1";

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description = "Keys that callers must present, one a line, each with optional scopes (read, generate,"
                    + " manage) and an optional name: 'ci: KEY read'. PINTLE_API_KEY may hold a single key instead.")
    private @Nullable Path keyFile;

    @Option(
            names = "--host-name",
            paramLabel = "NAME",
            description = "A name by which clients call this machine; others than localhost and addresses are refused.")
    private List<String> hostNames = new ArrayList<>();

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            description = "A page's origin that may call from a browser, such as https://chat.example.")
    private List<String> origins = new ArrayList<>();

    @Option(
            names = "--queue",
            paramLabel = "N",
            defaultValue = "64",
            description = "Requests that may wait while others run; more are refused (default: ${DEFAULT-VALUE}).")
    private int queue;

    @Option(
            names = "--slots",
            paramLabel = "N",
            description = "Answers that are written at once, at most (default: 64 on a CPU, 256 on a GPU).")
    private @Nullable Integer slots;

    @Option(
            names = "--kv-memory",
            paramLabel = "MIB",
            description =
                    "Memory for keys and values of answers that are being written (default: half of the Java heap, or"
                            + " 3/16 of a GPU's memory); requests wait for room.")
    private @Nullable Long kvMemory;

    @Option(
            names = "--cache-memory",
            paramLabel = "MIB",
            defaultValue = "256",
            description = "Memory for keys and values of earlier prompts, which answers that begin alike reuse; 0 for"
                    + " none (default: ${DEFAULT-VALUE}).")
    private long cacheMemory;

    @Option(
            names = "--fast",
            description =
                    "With more than 16 answers at once on a GPU, let their number change their last bits, which is"
                            + " faster; every answer says so.")
    private boolean fast;

    @Option(
            names = "--lenient",
            description = "Ignore fields of requests that are not known, and say so, instead of refusing them.")
    private boolean lenient;

    /**
     * Loads the models and starts to serve them.
     *
     * @param more adds routes to the server's own
     */
    PintleServer start(CommandSpec command, Consumer<Routes> more) {
        ServerSettings settings = settings(command);
        Library library = Session.library(command);
        return PintleServer.start(library, load(command, library), settings, more);
    }

    /** The address of a server that was started, without a path. */
    String url(PintleServer server) {
        return "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + server.port();
    }

    /** Serves until the process is told to stop; running requests then have their time. */
    static void await(PintleServer server) throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        Thread stop = new Thread(
                () -> {
                    server.stop(GRACE);
                    stopped.countDown();
                },
                "stop the server");
        Runtime.getRuntime().addShutdownHook(stop);
        stopped.await();
    }

    /** The models that are served, as they were named. */
    List<String> names() {
        return models.isEmpty() ? List.of(ModelFolders.EMBEDDED) : models;
    }

    private Map<String, LanguageModel> load(CommandSpec command, Library library) {
        PrintWriter err = command.commandLine().getErr();
        Map<String, LanguageModel> loaded = new LinkedHashMap<>();
        LoadOptions options = templated(placement.load(), library).telling(note -> err.println("Note: " + note));
        try {
            for (String model : names()) {
                boolean path = model.startsWith("/") || model.startsWith(".");
                String name = path ? String.valueOf(Path.of(model).getFileName()) : model;
                if (loaded.containsKey(name)) {
                    throw Problem.of("Two models would have the same name.")
                            .fact("name", name)
                            .toException();
                }
                loaded.put(name, library.model(model, options));
            }
            return loaded;
        } catch (RuntimeException e) {
            loaded.values().forEach(LanguageModel::close);
            throw e;
        }
    }

    private LoadOptions templated(LoadOptions options, Library library) {
        if (chatTemplate == null) {
            return options;
        }
        if (names().size() > 1) {
            throw Problem.of("A chat template is given, and several models.")
                    .fact("--chat-template", chatTemplate)
                    .fact("models", String.join(", ", names()))
                    .fact("try", "one model with its template; others in another server")
                    .toException();
        }
        return options.withChatTemplate(ModelChoice.template(chatTemplate, library));
    }

    private EngineOptions engine() {
        EngineOptions options = EngineOptions.DEFAULT
                .waiting((int) inRange("--queue", queue, 0, Integer.MAX_VALUE))
                .keeping(bytes("--cache-memory", cacheMemory, 0))
                .fast(fast);
        if (slots != null) {
            options = options.rows((int) inRange("--slots", slots, 1, Integer.MAX_VALUE));
        }
        return kvMemory == null ? options : options.room(bytes("--kv-memory", kvMemory, 1));
    }

    private static long bytes(String option, long mebibytes, long least) {
        return inRange(option, mebibytes, least, Long.MAX_VALUE >> 20) << 20;
    }

    private static long inRange(String option, long number, long least, long most) {
        if (number < least || number > most) {
            throw Problem.of("An option is out of range.")
                    .fact("option", option)
                    .fact("expected", least + " to " + most)
                    .fact("but was", number)
                    .toException();
        }
        return number;
    }

    private ServerSettings settings(CommandSpec command) {
        String key = Session.of(command).variables().getOrDefault("PINTLE_API_KEY", "");
        ApiKeys keys = keyFile != null ? ApiKeys.read(keyFile) : key.isBlank() ? ApiKeys.none() : ApiKeys.of(key);
        PrintWriter err = command.commandLine().getErr();
        boolean verbose = Main.isVerbose(command);
        try {
            return new ServerSettings(
                    new InetSocketAddress(InetAddress.getByName(address), (int) inRange("--port", port, 0, MOST_PORT)),
                    keys,
                    new Front.Names(hostNames, origins),
                    engine(),
                    lenient,
                    SLOWEST_WRITE,
                    line -> {
                        if (verbose) {
                            err.println(Visible.text(line));
                            err.flush();
                        }
                    });
        } catch (UnknownHostException e) {
            throw Problem.of("The address is not known.")
                    .fact("address", address)
                    .fact("try", "127.0.0.1, or 0.0.0.0 with --api-key-file")
                    .toException(e);
        }
    }
}
