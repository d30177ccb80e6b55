package dev.pintle.cli;

import dev.pintle.base.Visible;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one line, and in another what to try. */
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
                    nearest(option ? first.split("=", 2)[0] : first, option ? options(command) : commands(command)));
            text = option
                    ? name + " has no option " + quoted(first.split("=", 2)[0]) + "."
                    : commands
                            ? noCommand(first, command)
                            : name + " takes no further argument; found " + quoted(first) + ".";
        } else if (error.getCause() instanceof UnmatchedArgumentException cause) {
            tries.addAll(nearest(cause.getUnmatched().get(0), commands(cause.getCommandLine())));
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

    /** The names that a typist may have meant: at most two, each a few letters away or beginning so. */
    static List<String> nearest(String typed, List<String> names) {
        int most = Math.max(1, Math.min(3, typed.replace("-", "").length() / 3));
        return names.stream()
                .filter(name -> distance(typed, name) <= most
                        || (typed.length() > 3 && (name.startsWith(typed) || typed.startsWith(name + "-"))))
                .sorted(Comparator.comparingInt(name -> distance(typed, name)))
                .limit(2)
                .toList();
    }

    /** Letters to insert, remove, change or swap with a neighbour (optimal string alignment). */
    private static int distance(String a, String b) {
        if (Math.max(a.length(), b.length()) > LONGEST) {
            return Integer.MAX_VALUE;
        }
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] = Math.min(cost[i - 1][j - 1] + change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
