package dev.pintle.gguf;

import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** What the configuration of a model follows from: the metadata of its GGUF files, and which tensors they have. */
interface GgufFacts {
    /** The first file. */
    Path path();

    /** The metadata of the first file. */
    Map<String, GgufValue> values();

    /** Names of all tensors. */
    Set<String> names();

    /** Type and shape of a tensor that exists. */
    Gguf.Listed listed(String name);

    /** The numbers of a small tensor of type F32. */
    float[] numbers(String name);
}
