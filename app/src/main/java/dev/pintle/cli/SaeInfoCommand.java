package dev.pintle.cli;

import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.Device;
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
@Command(name = "info", mixinStandardHelpOptions = true, description = "Shows what an autoencoder is.")
final class SaeInfoCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "Autoencoder.")
    private @Nullable Path file;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        try (SparseAutoencoder sae = SparseAutoencoder.load(Objects.requireNonNull(file), Device.CPU)) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", sae.name());
            fields.put("hook_point", String.valueOf(sae.at()));
            fields.put("d_model", sae.dModel());
            fields.put("d_sae", sae.dSae());
            var out = Objects.requireNonNull(spec).commandLine().getOut();
            if (json) {
                out.println(VectorJson.text(fields));
            } else {
                fields.forEach((label, value) -> out.printf("%-12s %s%n", label, value));
            }
        }
        return 0;
    }
}
