package dev.pintle.cli;

import dev.pintle.server.PintleServer;
import dev.pintle.studio.Studio;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle studio}: the server with pages in front of it. */
@Command(
        name = "studio",
        mixinStandardHelpOptions = true,
        description = "Opens pages in the browser to chat with a steered model and to look inside it.",
        footer = {
            "",
            "The pages use the same API that 'pintle serve' offers, which is served beside them.",
            "docs/studio.md has the rest."
        })
final class StudioCommand implements Callable<Integer> {
    @Mixin
    private ServerOptions options = new ServerOptions();

    @Option(names = "--no-open", description = "Print the address, and do not open it in a browser.")
    private boolean stays;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        PintleServer server = options.start(command, Studio::addTo);
        String url = options.url(server);
        out.println("The studio of " + String.join(", ", options.names()) + " is at " + url + "/ (Ctrl-C stops it).");
        out.flush();
        if (!stays) {
            Desktop.show(url + "/");
        }
        ServerOptions.await(server);
        return 0;
    }
}
