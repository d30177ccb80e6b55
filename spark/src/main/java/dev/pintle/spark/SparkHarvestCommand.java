package dev.pintle.spark;

import dev.pintle.cli.StoreOptions;
import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code pintle spark local|submit harvest}. */
@Command(
        name = "harvest",
        mixinStandardHelpOptions = true,
        description = {
            "Stores what a model computes at hook points on a collection of texts.",
            "Ctrl-C is safe at any time; the same command goes on."
        })
final class SparkHarvestCommand extends JobCommand {
    @Mixin
    private StoreOptions store = new StoreOptions();

    @Mixin
    private PartsOptions parts = new PartsOptions();

    SparkHarvestCommand(Where where) {
        super(where);
    }

    @Override
    JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        String layers = store.layers();
        HarvestJob job = new HarvestJob(
                models().one(),
                store.patterns(),
                layers == null ? "" : layers,
                parts.place(),
                parts.count(),
                store.dtype(),
                store.shardMib(),
                parts.texts().window(),
                parts.texts().specialTokens(),
                store.startsWithBos(),
                parts.texts().roles());
        return job.run(cluster, memory, out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return "pintle harvest-info " + out.resolve("store") + " describes the store.";
    }
}
