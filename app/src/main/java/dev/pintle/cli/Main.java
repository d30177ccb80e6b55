package dev.pintle.cli;

import dev.pintle.problem.PintleException;
import dev.pintle.steering.Strength;
import dev.pintle.study.RunManifest;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Entry point of the {@code pintle} command. */
@Command(
        name = "pintle",
        description = "Steers language models: fits steering vectors, applies them, takes them apart.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            DemoCommand.class,
            StudyCommand.class,
            GenerateCommand.class,
            CaptureCommand.class,
            ChatCommand.class,
            VectorCommand.class,
            SaeCommand.class,
            PullCommand.class,
            ModelsCommand.class,
            TokensCommand.class,
            DoctorCommand.class,
            SweepCommand.class,
            TuneCommand.class,
            ReportCommand.class,
            BenchCommand.class
        })
public final class Main implements Runnable {
    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean verbose;

    @CommandLine.Spec
    private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    private final Session session;

    private Main(Session session) {
        this.session = session;
    }

    Session session() {
        return session;
    }

    /** Version for {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"pintle " + RunManifest.version()};
        }
    }

    /** Runs the command and exits with its status: 0 done, 1 could not be done, 2 not understood. */
    public static void main(String[] args) {
        System.exit(run(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                args));
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        return run(Session.REAL, out, err, args);
    }

    static int run(Session session, PrintWriter out, PrintWriter err, String... args) {
        Main main = new Main(session);
        CommandLine command = new CommandLine(main)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    err.println(message(error));
                    if (main.verbose) {
                        error.printStackTrace(err);
                    }
                    err.flush();
                    return 1;
                });
        command.registerConverter(Strength.class, Main::strength);
        return command.execute(args);
    }

    private static Strength strength(String written) {
        try {
            return Strength.parse(written);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.TypeConversionException(e.getMessage());
        }
    }

    private static String message(Exception error) {
        if (error instanceof PintleException || error instanceof IllegalArgumentException) {
            return String.valueOf(error.getMessage());
        }
        return "Something went wrong that should not have.\n  cause: " + error
                + "\n  try:   the same command with --verbose, and report what it prints";
    }

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }
}
