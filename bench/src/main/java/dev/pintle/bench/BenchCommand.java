package dev.pintle.bench;

import picocli.CommandLine.Command;

/** {@code pintle bench}: what this machine measures. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        subcommands = {
            BenchEngineCommand.class,
            BenchExtractCommand.class,
            BenchHarvestCommand.class,
            BenchMemoryCommand.class,
            BenchSaeCommand.class,
            BenchServeCommand.class,
            BenchSteerCommand.class,
            BenchStudiesCommand.class,
            BenchTensorCommand.class,
            BenchSoakCommand.class,
            BenchStylesCommand.class
        },
        description = "Measures how fast Pintle is on this machine.")
final class BenchCommand {}
