package dev.pintle.spark;

import picocli.CommandLine.Command;

/** {@code pintle spark}. */
@Command(
        name = "spark",
        mixinStandardHelpOptions = true,
        description = "Sweeps, fits and readings over many machines, on Apache Spark.",
        subcommands = {SparkCommand.Local.class, SparkCommand.Submit.class})
final class SparkCommand {
    @Command(
            name = "local",
            mixinStandardHelpOptions = true,
            description = "Runs a job on this machine; needs no cluster.",
            subcommands = {
                SparkSweepCommand.Local.class,
                SparkFitCommand.Local.class,
                SparkProfileCommand.Local.class,
                SparkHarvestCommand.Local.class
            })
    static final class Local {}

    @Command(
            name = "submit",
            mixinStandardHelpOptions = true,
            description = "Runs a job on a cluster, with this process as the driver.",
            subcommands = {
                SparkSweepCommand.Submit.class,
                SparkFitCommand.Submit.class,
                SparkProfileCommand.Submit.class,
                SparkHarvestCommand.Submit.class
            })
    static final class Submit {}
}
