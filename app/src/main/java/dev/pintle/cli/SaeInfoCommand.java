package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.TrainingTokens;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle sae info}. */
@Command(
        name = "info",
        mixinStandardHelpOptions = true,
        description = "Shows an autoencoder's format, sizes and hook point, and how its files were read.")
final class SaeInfoCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "SAE",
            description = "Autoencoder: a file, a folder, or a cached repository, org/name[@revision][:folder]"
                    + " (default: the embedded model's).")
    private @Nullable String name;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        Path file = SaeChoice.find(name, command);
        long start = System.nanoTime();
        try (SparseAutoencoder sae = SparseAutoencoder.load(file, Device.CPU)) {
            double seconds = (System.nanoTime() - start) / 1e9;
            Map<String, Object> fields = fields(sae);
            if (json) {
                fields.put("seconds_to_open", seconds);
                fields.put("setup", Setup.withoutModel().autoencoder(sae).fields());
                out.println(Json.text(fields));
            } else {
                fields.forEach((label, value) -> out.printf("%-22s %s%n", label.replace('_', ' '), value));
            }
        }
        return 0;
    }

    private static Map<String, Object> fields(SparseAutoencoder sae) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", sae.name());
        fields.put("path", sae.origin().path().toString());
        fields.put("format", sae.origin().format());
        fields.put("model", known(sae.origin().model()));
        fields.put("hook_point", sae.at() == null ? "not known" : String.valueOf(sae.at()));
        fields.put("place_in_its_files", known(sae.origin().site()));
        fields.put("d_model", sae.dModel());
        fields.put("d_sae", sae.dSae());
        fields.put("sparsity", sae.sparsity().toString());
        fields.put("subtracts_decoder_bias", sae.subtractsBias());
        fields.put("normalisation", sae.normalisation().toString());
        fields.put("decoder_bias_norm", sae.decoderBias().norm());
        TrainingTokens trainedOn = sae.origin().trainedOn();
        fields.put("trained_with_bos", trainedOn.startWithBos() == null ? "not known" : trainedOn.startWithBos());
        fields.put("trained_context_size", trainedOn.contextSize() == 0 ? "not known" : trainedOn.contextSize());
        fields.put("trained_positions", trainedOn.positions().isEmpty() ? "all" : trainedOn.positions());
        fields.put("notes", sae.origin().notes());
        return fields;
    }

    private static String known(String text) {
        return text.isEmpty() ? "not known" : text;
    }
}
