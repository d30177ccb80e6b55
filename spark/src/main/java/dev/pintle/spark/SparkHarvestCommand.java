package dev.pintle.spark;

import dev.pintle.library.Library;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit harvest}. */
abstract class SparkHarvestCommand extends JobCommand {
    @Option(
            names = "--at",
            paramLabel = "PATTERN",
            description = "Hook points, with * for anything; may be repeated (default: blocks.*.hook_resid_post).")
    private List<String> patterns = new ArrayList<>();

    @Option(names = "--layers", paramLabel = "LIST", description = "Only these layers, such as 3,5-7 (default: all).")
    private String layers = "";

    @Option(
            names = "--stored-as",
            paramLabel = "DTYPE",
            description = "Dtype of the stored activations, fp32, bf16 or fp16 (default: fp32).")
    private String storedAs = "fp32";

    @Option(names = "--shard-size", paramLabel = "MIB", description = "Size of a file at most (default: 256).")
    private int shardMib = 256;

    @Option(
            names = "--bos",
            description = "Begin plain texts with the start token if the tokenizer adds none, as GPT-2's does not.")
    private boolean bos;

    @Mixin
    private TextsOption texts = new TextsOption();

    @Override
    JobResult run(LongFunction<JavaSparkContext> cluster, Path out, Library library, JobListener listener) {
        HarvestJob job = new HarvestJob(
                models().one(),
                patterns,
                layers,
                texts.texts(),
                texts.parts(),
                DType.parse(storedAs, HarvestSettings.DTYPES),
                shardMib,
                texts.window(),
                texts.specialTokens(),
                bos,
                texts.roles());
        return job.run(cluster, where().memory(), out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return "pintle harvest-info " + out.resolve("store") + " describes the store.";
    }

    @Command(
            name = "harvest",
            mixinStandardHelpOptions = true,
            description = {
                "Stores what a model computes at hook points on a collection of texts.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Local extends SparkHarvestCommand {
        @Mixin
        private Where.Here where = new Where.Here();

        @Override
        Where where() {
            return where;
        }
    }

    @Command(
            name = "harvest",
            mixinStandardHelpOptions = true,
            description = {
                "Stores what a model computes at hook points on a collection of texts, on a cluster.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Submit extends SparkHarvestCommand {
        @Mixin
        private Where.There where = new Where.There();

        @Override
        Where where() {
            return where;
        }
    }
}
