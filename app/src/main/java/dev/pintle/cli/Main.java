package dev.pintle.cli;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Visible;
import dev.pintle.library.Library;
import dev.pintle.steering.Strength;
import dev.pintle.study.RunManifest;
import java.io.FileDescriptor;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.InvalidPathException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Entry point of the {@code pintle} command. */
@Command(
        name = "pintle",
        description = "Steers language models: fits steering vectors, applies them, and decomposes them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            DemoCommand.class,
            StudyCommand.class,
            GenerateCommand.class,
            CaptureCommand.class,
            HarvestCommand.class,
            HarvestInfoCommand.class,
            ChatCommand.class,
            ServeCommand.class,
            StudioCommand.class,
            VectorCommand.class,
            SaeCommand.class,
            PullCommand.class,
            ModelsCommand.class,
            CompareModelsCommand.class,
            TokensCommand.class,
            DoctorCommand.class,
            SweepCommand.class,
            TuneCommand.class,
            EvaluateCommand.class,
            ReportCommand.class,
            NotebookCommand.class
        })
public final class Main implements Runnable {
    /** The status a shell reports for a process killed by SIGPIPE: 128 + 13. */
    private static final int CLOSED_PIPE = 141;

    private static final String ERASE_LINE_ABOVE = "\033[1A\033[2K\r";

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "Report how the model computes, and show the stack trace of an error.")
    private boolean verbose;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    /** Whether a command was started with {@code --verbose}. */
    static boolean isVerbose(CommandLine.Model.CommandSpec command) {
        return command.root().userObject() instanceof Main main && main.verbose;
    }

    private final Session session;
    private @Nullable Library library;

    private Main(Session session) {
        this.session = session;
    }

    Session session() {
        return session;
    }

    /** The session's library, opened on first use. */
    Library library() {
        Library open = library;
        if (open == null) {
            open = Library.open(session.data(), session.hub(), session.labels());
            library = open;
        }
        return open;
    }

    private void close() {
        if (library != null) {
            library.close();
        }
    }

    /** Version for {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"pintle " + RunManifest.version()};
        }
    }

    /**
     * Runs the command and exits with its status: 0 for success, 1 for failure, 2 for a usage error, 141 if the reader of
     * its output is gone, as with {@code | head}.
     */
    public static void main(String[] args) {
        if (Boolean.getBoolean("pintle.terminal")
                && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            System.err.print(ERASE_LINE_ABOVE); // the JVM's notice that it loaded an incubator module
        }
        System.exit(run(Session.REAL, Screen.to(FileDescriptor.out), Screen.to(FileDescriptor.err), args));
    }

    static int run(Writer out, Writer err, String... args) {
        return run(Session.REAL, out, err, args);
    }

    static int run(Session session, Writer out, Writer err, String... args) {
        Screen print = Screen.on(out);
        Screen problems = Screen.forErrors(err);
        CommandLine command = commandLine(session).setOut(print).setErr(problems);
        try {
            int status = command.execute(args);
            print.flush();
            return status;
        } catch (Screen.Failed e) {
            return failed(e, problems);
        } catch (OutOfMemoryError | StackOverflowError e) {
            return told(e, command.<Main>getCommand().verbose, problems);
        } finally {
            command.<Main>getCommand().close();
        }
    }

    /** The root command and its subcommands, with their parsing and error handling. */
    static CommandLine commandLine(Session session) {
        Main main = new Main(session);
        CommandLine command = new CommandLine(main)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    return error instanceof Screen.Failed failed
                            ? failed(failed, line.getErr())
                            : told(error, main.verbose, line.getErr());
                })
                .setParameterExceptionHandler((error, args) -> {
                    PrintWriter err = error.getCommandLine().getErr();
                    err.println(UsageProblem.of(error));
                    err.flush();
                    return CommandLine.ExitCode.USAGE;
                });
        CommandProvider.all().forEach(provider -> command.addSubcommand(provider.name(), provider.command()));
        command.addSubcommand(new HelpCommand()).addSubcommand(new CompletionCommand());
        command.registerConverter(Strength.class, Main::strength);
        command.setExecutionStrategy(parsed -> {
            try {
                OptionRules.check(parsed);
                return new CommandLine.RunLast().execute(parsed);
            } catch (Screen.Failed e) { // from help, which picocli itself prints
                return failed(e, command.getErr());
            }
        });
        Help.layOut(command, session);
        return command;
    }

    private static int failed(Screen.Failed e, PrintWriter err) {
        if (e.closed()) {
            return CLOSED_PIPE;
        }
        err.println(Problem.of("The output cannot be written.").fact("cause", e.getCause()));
        err.flush();
        return 1;
    }

    private static int told(Throwable error, boolean verbose, PrintWriter err) {
        err.println(message(error));
        if (verbose) {
            error.printStackTrace(err);
        }
        err.flush();
        return 1;
    }

    private static Strength strength(String written) {
        try {
            return Strength.parse(written);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.TypeConversionException(
                    "expected a strength in activation norms, such as 0.45, or a raw multiplier, such as 5abs; found '"
                            + Visible.shortened(written, 40) + "'");
        }
    }

    private static String message(Throwable error) {
        if (error instanceof PintleException || error.getClass() == IllegalArgumentException.class) {
            return String.valueOf(error.getMessage());
        }
        if (error instanceof InvalidPathException path) {
            return Problem.of("The file name is not valid.")
                    .fact("but was", path.getInput())
                    .fact("cause", path.getReason())
                    .toString();
        }
        if (error instanceof OutOfMemoryError) {
            return Problem.of("Java ran out of memory.")
                    .fact("Java heap", (Runtime.getRuntime().maxMemory() >> 20) + " MiB")
                    .fact("try", "a larger heap with JAVA_OPTS=-Xmx8g, or less at once")
                    .toString();
        }
        return Problem.of("An unexpected error occurred.")
                .fact("cause", error)
                .fact("try", "the same command with --verbose, and report what it prints")
                .toString();
    }

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }
}
