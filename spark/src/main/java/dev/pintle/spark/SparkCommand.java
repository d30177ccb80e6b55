package dev.pintle.spark;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code pintle spark}. */
@Command(
        name = "spark",
        mixinStandardHelpOptions = true,
        description = "Sweeps, evaluations, fits and readings over many machines, on Apache Spark.")
final class SparkCommand {
    private static final List<Function<Where, JobCommand>> JOBS = List.of(
            SparkSweepCommand::new,
            SparkEvaluateCommand::new,
            SparkFitCommand::new,
            SparkProfileCommand::new,
            SparkHarvestCommand::new);

    @Command(
            name = "local",
            mixinStandardHelpOptions = true,
            description = "Runs a job on this machine; needs no cluster.")
    private static final class Local {}

    @Command(
            name = "submit",
            mixinStandardHelpOptions = true,
            description = "Runs a job on a cluster, with this process as the driver.")
    private static final class Submit {}

    /** The command with every job in both places. */
    static CommandLine whole() {
        return new CommandLine(new SparkCommand())
                .addSubcommand(withJobs(new Local(), Where.Here::new))
                .addSubcommand(withJobs(new Submit(), Where.There::new));
    }

    private static CommandLine withJobs(Object group, Supplier<Where> where) {
        CommandLine command = new CommandLine(group);
        JOBS.forEach(job -> command.addSubcommand(job.apply(where.get())));
        return command;
    }
}
