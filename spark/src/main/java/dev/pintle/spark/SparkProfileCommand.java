package dev.pintle.spark;

import dev.pintle.cli.HelpSection;
import dev.pintle.library.Library;
import dev.pintle.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pintle spark local|submit profile}. */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        description = {
            "Profiles every latent of an autoencoder over a collection of texts.",
            "Ctrl-C is safe at any time; the same command goes on."
        })
final class SparkProfileCommand extends JobCommand {
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
    private PartsOptions parts = new PartsOptions();

    SparkProfileCommand(Where where) {
        super(where);
    }

    @Override
    JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        ProfileJob job = new ProfileJob(
                models().one(),
                ModelsOption.seenByAll(sae),
                DType.parse(saeDtype, List.of(DType.FP32, DType.BF16)),
                parts.place(),
                parts.count(),
                parts.texts().window(),
                parts.texts().specialTokens(),
                parts.texts().roles());
        return job.run(cluster, memory, out, library, listener);
    }

    @Override
    String outcome(Path out) {
        return "The profile is " + out.resolve("profile.sqlite")
                + "; copied into the folder profiles of the data folder, it has its file's name in all commands.";
    }
}
