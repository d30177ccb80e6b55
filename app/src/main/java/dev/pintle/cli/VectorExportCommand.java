package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorTarget;
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
        description = "Writes a vector for another tool, and says how that tool loads it.")
final class VectorExportCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE|NAME", description = "Vector to export.")
    private String from = "";

    @Option(
            names = "--for",
            required = true,
            paramLabel = "TOOL",
            description = "Tool: llama.cpp, repeng, easysteer, lm-eval or numpy.")
    private String tool = "";

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "Output file.")
    private Path to = Path.of("vector.gguf");

    @Option(names = "--force", description = "Overwrite an existing file.")
    private boolean force;

    @Mixin
    private VectorInput input = new VectorInput();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        VectorTarget target = VectorTarget.parse(tool);
        if (!to.toString().endsWith("." + target.ending())) {
            throw Problem.of("The tool expects another file extension.")
                    .fact("tool", tool)
                    .fact("expected", "a name that ends in ." + target.ending())
                    .fact("but was", to)
                    .toIllegalArgument();
        }
        VectorOutput.requireFree(to, force);
        List<SteeringVector> vectors = input.read(from);
        VectorFiles.Written written = VectorFiles.write(vectors, to, target);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(to);
        written.leftOut().forEach(line -> out.println("  " + line));
        List<SteeringVector> kept = written.vectors();
        int first = kept.get(0).at().layer();
        int last = kept.get(kept.size() - 1).at().layer();
        out.println("  " + target.loading(to.toString(), first, last));
        if (target == VectorTarget.LM_EVAL && kept.size() > 1) {
            out.println(
                    "  its code makes every module add the last module's vector; check yours, or export one layer per file");
        }
        return 0;
    }
}
