package dev.pintle.cli;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help.IParamLabelRenderer;
import picocli.CommandLine.Help.Layout;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The layout of help: options in sections, in the order of their declaration, as wide as the terminal. */
final class Help {
    private static final int NARROWEST = 60;
    private static final int WIDEST = 110;
    private static final int USUAL = 80;
    private static final Set<String> OUTPUT = Set.of("--out", "--save", "--json", "--figure", "--figures", "--dark");
    private static final Set<String> HELP = Set.of("--help", "--version", "--verbose");

    private Help() {}

    /** Lays out the help of a command and its subcommands. */
    static void layOut(CommandLine command, Session session) {
        UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        usage.width(width(session));
        usage.sortOptions(false);
        usage.abbreviateSynopsis(true);
        usage.longOptionsMaxWidth(22);
        command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, Help::options);
        CommandSpec spec = command.getCommandSpec();
        if (spec.parent() != null) { // only the root command has a version
            spec.options().stream()
                    .filter(option -> option.longestName().equals("--version"))
                    .toList()
                    .forEach(spec::remove);
        }
        command.getSubcommands().values().forEach(child -> layOut(child, session));
    }

    private static int width(Session session) {
        String columns = session.variables().getOrDefault("COLUMNS", "");
        int width = columns.matches("[0-9]{1,4}") ? Integer.parseInt(columns) : USUAL;
        return Math.max(NARROWEST, Math.min(WIDEST, width));
    }

    private static String options(CommandLine.Help help) {
        Map<HelpSection, List<OptionSpec>> sections = new EnumMap<>(HelpSection.class);
        for (OptionSpec option : help.commandSpec().options()) {
            if (!option.hidden()) {
                sections.computeIfAbsent(section(option), s -> new ArrayList<>())
                        .add(option);
            }
        }
        IParamLabelRenderer labels = help.parameterLabelRenderer();
        StringBuilder text = new StringBuilder();
        sections.forEach((section, options) -> {
            Layout layout = help.createDefaultLayout(
                    help.commandSpec().options(), help.commandSpec().positionalParameters(), help.colorScheme());
            layout.addOptions(options, labels);
            text.append(System.lineSeparator())
                    .append(section.heading())
                    .append(System.lineSeparator())
                    .append(layout);
        });
        return text.toString();
    }

    static HelpSection section(OptionSpec option) {
        if (HELP.contains(option.longestName())) {
            return HelpSection.HELP;
        }
        if (option.userObject() instanceof Field field) {
            HelpSection.In own = field.getAnnotation(HelpSection.In.class);
            if (own != null) {
                return own.value();
            }
            if (Arrays.stream(option.names()).anyMatch(OUTPUT::contains)) {
                return HelpSection.OUTPUT;
            }
            HelpSection.In all = field.getDeclaringClass().getAnnotation(HelpSection.In.class);
            return all == null ? HelpSection.OPTIONS : all.value();
        }
        return HelpSection.OPTIONS;
    }
}
