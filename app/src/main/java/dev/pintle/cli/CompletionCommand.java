package dev.pintle.cli;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle completion}. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description = "Prints a shell completion script for commands and options.",
        footer = {
            "",
            "  bash:  source <(pintle completion bash)",
            "  zsh:   source <(pintle completion zsh)",
            "  fish:  pintle completion fish | source"
        })
final class CompletionCommand implements Callable<Integer> {
    private static final List<String> SHELLS = List.of("bash", "zsh", "fish");

    @Parameters(paramLabel = "SHELL", description = "Shell: bash, zsh or fish.")
    private String shell = "";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine own = Objects.requireNonNull(spec).commandLine();
        CommandLine pintle = Objects.requireNonNull(spec).root().commandLine();
        if (!SHELLS.contains(shell)) {
            throw new ParameterException(own, "There is no completion for '" + shell + "'; choose bash, zsh or fish.");
        }
        // zsh runs the bash script too, through its own bashcompinit
        own.getOut().print(shell.equals("fish") ? fish(pintle) : AutoComplete.bash("pintle", pintle));
        own.getOut().flush();
        return 0;
    }

    private static String fish(CommandLine pintle) {
        StringBuilder script = new StringBuilder("complete -c pintle -f\n");
        // whether the words after pintle, without options, are or start with the given ones
        script.append("function __pintle_at\n");
        script.append("    set -l words (string match -v -r '^-' -- (commandline -opc)[2..])\n");
        script.append("    test \"$words\" = \"$argv\" || string match -q -- \"$argv *\" \"$words\"\n");
        script.append("end\n");
        fish("", pintle, script);
        return script.toString();
    }

    private static void fish(String path, CommandLine command, StringBuilder script) {
        String at = path.isEmpty() ? "'test (count (commandline -opc)) -eq 1'" : "'__pintle_at " + path + "'";
        command.getSubcommands().forEach((name, child) -> {
            String[] words = child.getCommandSpec().usageMessage().description();
            script.append("complete -c pintle -n ").append(at).append(" -a ").append(name);
            described(words, script);
            fish(path.isEmpty() ? name : path + " " + name, child, script);
        });
        for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
            if (parameter.completionCandidates() != null) {
                script.append("complete -c pintle -n ").append(at);
                values(parameter, script);
                described(parameter.description(), script);
            }
        }
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (option.hidden()) {
                continue;
            }
            script.append("complete -c pintle -n ").append(at);
            values(option, script);
            for (String name : option.names()) {
                script.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
            }
            if (option.arity().max() > 0) {
                String label = option.paramLabel();
                script.append(
                        label.contains("FILE") || label.contains("DIR") || label.contains("PATH") ? " -r -F" : " -x");
            }
            described(option.description(), script);
        }
    }

    private static void values(ArgSpec takes, StringBuilder script) {
        if (takes.completionCandidates() != null) {
            script.append(" -a '")
                    .append(String.join(" ", takes.completionCandidates()))
                    .append("'");
        }
    }

    private static void described(String[] description, StringBuilder script) {
        String words = description.length == 0 ? "" : description[0].replaceFirst("(?s)(?<=[.:;]) .*", "");
        script.append(" -d '")
                .append(words.replace("\\", "\\\\").replace("'", "\\'").replace("${DEFAULT-VALUE}", "…"))
                .append("'\n");
    }
}
