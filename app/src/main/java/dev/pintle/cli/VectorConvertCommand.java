package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle vector convert}. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = "Converts a vector file to the format of another extension; layer numbers are converted too.")
final class VectorConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE|NAME", description = "Vector to read.")
    private String from = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "FILE",
            description = "Output file: .safetensors, .gguf, .pt or .npy.")
    private @Nullable Path to;

    @Option(names = "--save", paramLabel = "NAME", description = "Save the vector under this name.")
    private @Nullable String save;

    @Option(names = "--force", description = "Overwrite an existing file or name.")
    private boolean force;

    @Mixin
    private VectorInput input = new VectorInput();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (to == null && save == null) {
            throw Problem.of("The converted vector would be lost.")
                    .fact("missing", "a file, or --save NAME")
                    .toIllegalArgument();
        }
        if (to != null) {
            VectorFiles.target(to);
            VectorOutput.requireFree(to, force);
        }
        if (save != null) {
            Session.library(Objects.requireNonNull(spec)).vectors().requireName(save, force);
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<SteeringVector> vectors = input.read(from);
        if (to != null) {
            List<String> leftOut = VectorFiles.write(vectors, to).leftOut();
            out.println(to);
            leftOut.forEach(line -> out.println("  " + line));
        }
        if (save != null) {
            out.println(save + " = "
                    + Session.library(Objects.requireNonNull(spec)).vectors().save(save, vectors, force));
        }
        vectors.forEach(vector -> VectorShowCommand.describe(out, vector));
        return 0;
    }
}
