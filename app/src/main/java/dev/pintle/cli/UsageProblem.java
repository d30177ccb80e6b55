package dev.pintle.cli;

import dev.pintle.base.Nearest;
import dev.pintle.base.Visible;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A usage error in two lines: what is wrong, and what to try. */
final class UsageProblem {
    private static final int LONGEST = 400;

    private UsageProblem() {}

    static String of(ParameterException error) {
        CommandLine command = error.getCommandLine();
        String name = command.getCommandSpec().qualifiedName(" ");
        String text = String.valueOf(error.getMessage()).strip();
        List<String> tries = new ArrayList<>();
        if (error instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String first = unmatched.getUnmatched().get(0);
            boolean option = first.startsWith("-");
            boolean commands = !command.getSubcommands().isEmpty();
            tries.addAll(
                    Nearest.to(option ? first.split("=", 2)[0] : first, option ? options(command) : commands(command)));
            text = option
                    ? name + " has no option " + quoted(first.split("=", 2)[0]) + "."
                    : commands
                            ? noCommand(first, command)
                            : name + " takes no further argument; found " + quoted(first) + ".";
        } else if (error.getCause() instanceof UnmatchedArgumentException cause) {
            tries.addAll(Nearest.to(cause.getUnmatched().get(0), commands(cause.getCommandLine())));
            name = cause.getCommandLine().getCommandSpec().qualifiedName(" ");
        }
        tries.add((tries.isEmpty() ? "" : "or ") + name + " --help");
        return oneLine(text) + "\n  try: " + String.join(", ", tries);
    }

    static String noCommand(String name, CommandLine in) {
        return in.getCommandSpec().qualifiedName(" ") + " has no command " + quoted(name) + ".";
    }

    private static String quoted(String text) {
        return "'" + Visible.shortened(text, 60) + "'";
    }

    private static String oneLine(String text) {
        String line = Visible.shortened(text.replaceFirst("^Error: ", "").replaceAll("\\s*\\R\\s*", " "), LONGEST);
        return line.endsWith(".") ? line : line + ".";
    }

    private static List<String> options(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        return spec.options().stream()
                .filter(option -> !option.hidden())
                .flatMap(option -> Arrays.stream(option.names()))
                .filter(option -> option.startsWith("--"))
                .toList();
    }

    private static List<String> commands(CommandLine command) {
        return List.copyOf(command.getSubcommands().keySet());
    }
}
