package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.transformer.HookPoint;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a command writes vectors. Existing files and names are overwritten only on request. */
@HelpSection.In(HelpSection.OUTPUT)
final class VectorOutput {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "Output file: .safetensors, .gguf, .pt or .npy.")
    private @Nullable Path out;

    @Option(names = "--save", paramLabel = "NAME", description = "Save the vector under this name.")
    private @Nullable String save;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    private Library library() {
        return Session.library(Objects.requireNonNull(command));
    }

    boolean given() {
        return out != null || save != null;
    }

    /**
     * Checks, before the vectors are computed, that they can be written.
     *
     * @param at their hook points; empty if not known yet
     * @param replaces whether to overwrite an existing file or name
     * @throws dev.pintle.base.PintleException if they could not be written
     */
    void check(List<HookPoint> at, boolean replaces) {
        if (out != null) {
            VectorFiles.requireWritable(at, out);
            requireFree(out, replaces);
            OutputFile.require(out);
        }
        if (save != null) {
            library().vectors().requireName(save, replaces);
        }
    }

    /** Refuses a folder, and an existing file unless it is to be overwritten. */
    static void requireFree(Path file, boolean replaces) {
        if (Files.isDirectory(file)) {
            throw Problem.of("The output file is an existing folder.")
                    .fact("folder", file.toAbsolutePath())
                    .fact("try", "a file in it, or another name")
                    .toException();
        }
        if (Files.exists(file) && !replaces) {
            throw Problem.of("The file already exists.")
                    .fact("file", file.toAbsolutePath())
                    .fact("try", "another name, or --force to overwrite it")
                    .toException();
        }
    }

    /** Writes the vectors; prints where, and what was left out. */
    void write(List<SteeringVector> vectors, boolean replaces, PrintWriter print) {
        if (out != null) {
            VectorFiles.Written written = VectorFiles.write(vectors, out);
            print.println(out);
            written.leftOut().forEach(line -> print.println("  " + line));
        }
        if (save != null) {
            print.println(save + " = " + library().keep(save, vectors, replaces));
        }
    }
}
