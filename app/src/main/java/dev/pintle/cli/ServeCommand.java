package dev.pintle.cli;

import dev.pintle.server.PintleServer;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle serve}: models over HTTP, for OpenAI's clients and others. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Serves models over HTTP: OpenAI's routes, with steering in each request.",
        footer = {
            "",
            "The first call:  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json'"
                    + " -d '{\"model\": \"parley-7m\", \"messages\": [{\"role\": \"user\", \"content\": \"Tell me about the"
                    + " whale.\"}]}'",
            "docs/server.md has the rest."
        })
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private ServerOptions options = new ServerOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        PintleServer server = options.start(command, routes -> {});
        String url = options.url(server);
        out.println("Serving " + String.join(", ", options.names()) + " at " + url + "/v1 (Ctrl-C stops it).");
        out.println("Try: curl " + url + "/v1/models");
        out.flush();
        ServerOptions.await(server);
        return 0;
    }
}
