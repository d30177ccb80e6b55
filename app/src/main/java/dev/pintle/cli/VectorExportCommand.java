package dev.pintle.cli;

import dev.pintle.problem.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFiles;
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

/** {@code pintle vector export}. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes a vector for another tool and says how that tool loads it.")
final class VectorExportCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE|NAME", description = "Vector to export.")
    private String from = "";

    @Option(names = "--for", required = true, paramLabel = "TOOL", description = "llama.cpp, repeng, lm-eval or numpy.")
    private String tool = "";

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "Where to write.")
    private Path to = Path.of("vector.gguf");

    @Mixin
    private VectorInput input = new VectorInput();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        String ending = switch (tool) {
            case "llama.cpp", "repeng" -> ".gguf";
            case "lm-eval" -> ".pt";
            case "numpy" -> ".npy";
            default ->
                throw Problem.of("There is no export for that tool.")
                        .fact("but was", tool)
                        .fact("choose", "llama.cpp, repeng, lm-eval, numpy")
                        .toIllegalArgument();
        };
        if (!to.toString().endsWith(ending)) {
            throw Problem.of("The tool expects a file of another ending.")
                    .fact("tool", tool)
                    .fact("expected", "a name that ends in " + ending)
                    .fact("but was", to)
                    .toIllegalArgument();
        }
        List<SteeringVector> vectors = input.read(from);
        VectorFiles.write(vectors, to);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(to);
        int first = vectors.get(0).at().layer();
        int last = vectors.get(vectors.size() - 1).at().layer();
        out.println("  "
                + switch (tool) {
                    case "llama.cpp" ->
                        "llama-cli -m MODEL.gguf --control-vector-scaled " + to
                                + ":STRENGTH --control-vector-layer-range " + first + " " + last;
                    case "repeng" -> "ControlVector.import_gguf(\"" + to + "\")";
                    case "lm-eval" -> "lm_eval --model steered --model_args pretrained=MODEL,steer_path=" + to;
                    default -> "numpy.load(\"" + to + "\")";
                });
        return 0;
    }
}
