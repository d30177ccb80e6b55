package dev.pintle.spark;

import dev.pintle.cli.HelpSection;
import dev.pintle.library.Library;
import dev.pintle.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit profile}. */
abstract class SparkProfileCommand extends JobCommand {
    @HelpSection.In(HelpSection.AUTOENCODER)
    @Option(
            names = "--sae",
            paramLabel = "NAME|FILE|DIR",
            description =
                    "Autoencoder, as for `pintle sae profile` (default: the embedded model's). A file must be seen by"
                            + " every executor.")
    private String sae = "parley-7m-sae-l3";

    @HelpSection.In(HelpSection.AUTOENCODER)
    @Option(
            names = "--sae-dtype",
            paramLabel = "DTYPE",
            description = "Dtype of the autoencoder's matrices, fp32 or bf16 (default: fp32).")
    private String saeDtype = "fp32";

    @Mixin
    private TextsOption texts = new TextsOption();

    @Override
    JobResult run(LongFunction<JavaSparkContext> cluster, Path out, Library library, JobListener listener) {
        Path file = Path.of(sae);
        ProfileJob job = new ProfileJob(
                models().one(),
                Files.exists(file) ? file.toAbsolutePath().normalize().toString() : sae,
                DType.parse(saeDtype, List.of(DType.FP32, DType.BF16)),
                texts.texts(),
                texts.parts(),
                texts.window(),
                texts.specialTokens(),
                texts.roles());
        return job.run(cluster, where().memory(), out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return "The profile is " + out.resolve("profile.sqlite")
                + "; copied into the folder profiles of the data folder, it has its file's name in all commands.";
    }

    @Command(
            name = "profile",
            mixinStandardHelpOptions = true,
            description = {
                "Profiles every latent of an autoencoder over a collection of texts.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Local extends SparkProfileCommand {
        @Mixin
        private Where.Here where = new Where.Here();

        @Override
        Where where() {
            return where;
        }
    }

    @Command(
            name = "profile",
            mixinStandardHelpOptions = true,
            description = {
                "Profiles every latent of an autoencoder over a collection of texts, on a cluster.",
                "Ctrl-C is safe at any time; the same command goes on."
            })
    static final class Submit extends SparkProfileCommand {
        @Mixin
        private Where.There where = new Where.There();

        @Override
        Where where() {
            return where;
        }
    }
}
