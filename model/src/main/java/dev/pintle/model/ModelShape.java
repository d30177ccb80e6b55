package dev.pintle.model;

import dev.pintle.family.ConfigReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Shapes of well-known models, for benchmarks without their weights. */
public enum ModelShape {
    /** Llama 3.1 8B: 32 blocks, dModel 4096, 15 GiB of BF16 weights. */
    LLAMA_3_1_8B("llama-3.1-8b"),
    /** Llama 3.2 1B: 16 blocks, dModel 2048, tied embeddings, 2.3 GiB of BF16 weights. */
    LLAMA_3_2_1B("llama-3.2-1b"),
    /** Gemma 2 2B: 26 blocks, dModel 2304, norms before and after blocks, soft caps, 4.9 GiB of BF16 weights. */
    GEMMA_2_2B("gemma-2-2b"),
    /** The embedded model: 8 blocks, dModel 256. */
    PARLEY_7M("parley-7m");

    private final String label;

    ModelShape(String label) {
        this.label = label;
    }

    /** The shape of this name, such as {@code llama-3.1-8b}. */
    public static Optional<ModelShape> named(String name) {
        return Arrays.stream(values()).filter(shape -> shape.label.equals(name)).findFirst();
    }

    ConfigReader config() {
        String file = "shapes/" + label + ".json";
        try (InputStream in = ModelShape.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IOException("The resource " + file + " is missing.");
            }
            return ConfigReader.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its name, such as {@code llama-3.1-8b}. */
    @Override
    public String toString() {
        return label;
    }
}
