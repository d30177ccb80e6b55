package dev.pintle.family;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.TensorEntry;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The weights of a checkpoint, checked against the shapes that follow from the configuration. */
public final class CheckpointWeights implements WeightSource {
    private static final int NEAREST = 3;
    private static final int FIRST = 3;

    private final Checkpoint checkpoint;
    private final Map<String, String> stored; // name in the file by name in the architecture

    /**
     * @param checkpoint closed with these weights, or at once if this fails
     * @throws PintleException if two stored names refer to the same weight
     */
    public CheckpointWeights(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        try {
            this.stored = WeightNames.stored(
                    checkpoint.names(), checkpoint.path().toAbsolutePath().toString());
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    @Override
    public boolean has(String name) {
        return stored.containsKey(name);
    }

    @Override
    public Tensor take(String name, long... shape) {
        String inFile = stored.get(name);
        if (inFile == null) {
            throw missing(name, shape);
        }
        TensorEntry entry = checkpoint.entry(inFile);
        if (!Arrays.equals(entry.shape().toArray(), shape)) {
            throw Problem.of("A weight's shape does not match the configuration.")
                    .fact("checkpoint", place())
                    .fact("weight", Excerpt.of(inFile))
                    .fact("expected", Arrays.toString(shape))
                    .fact("but was", entry.shape())
                    .toException();
        }
        if (!entry.dtype().isFloating()) {
            throw Problem.of("A weight does not have a floating-point dtype.")
                    .fact("checkpoint", place())
                    .fact("weight", Excerpt.of(inFile))
                    .fact("expected", "fp32, bf16, fp16 or fp64, since config.json has no quantization_config")
                    .fact("dtype", entry.dtype())
                    .toException();
        }
        return checkpoint.tensor(inFile);
    }

    /** Dtype and shape of a weight under its name in the file, without reading it; null if there is none. */
    public @Nullable TensorEntry entry(String name) {
        String inFile = stored.get(name);
        return inFile == null ? null : checkpoint.entry(inFile);
    }

    @Override
    public @Nullable Tensor find(String name) {
        String inFile = stored.get(name);
        return inFile == null ? null : checkpoint.tensor(inFile);
    }

    private PintleException missing(String name, long... shape) {
        Problem problem = Problem.of("The checkpoint lacks a weight that its architecture needs.")
                .fact("checkpoint", place())
                .fact("missing", name + " " + Arrays.toString(shape))
                .fact("has", checkpoint.names().size() + " tensors");
        List<String> names = List.copyOf(checkpoint.names());
        List<String> near = names.stream()
                .filter(other -> sharedEnd(name, WeightNames.plain(other)) > 0)
                .sorted(Comparator.comparingInt((String other) -> -sharedEnd(name, WeightNames.plain(other))))
                .limit(NEAREST)
                .toList();
        if (names.stream().anyMatch(other -> other.endsWith(".qweight") || other.endsWith(".weight_packed"))) {
            problem = problem.fact(
                    "quantised", "its weights are, but config.json has no quantization_config that says how");
        }
        for (String other : near) {
            problem = problem.fact("nearest", Excerpt.of(other));
        }
        for (String other : names.subList(0, near.isEmpty() ? Math.min(FIRST, names.size()) : 0)) {
            problem = problem.fact("first", Excerpt.of(other));
        }
        return problem.toException();
    }

    /** Number of trailing parts that two names have in common, not counting "weight" or "bias". */
    private static int sharedEnd(String one, String other) {
        String[] a = one.split("\\.");
        String[] b = other.split("\\.");
        int same = 0;
        while (same < Math.min(a.length, b.length) && a[a.length - 1 - same].equals(b[b.length - 1 - same])) {
            same++;
        }
        return one.endsWith(".weight") || one.endsWith(".bias") ? Math.max(0, same - 1) : same;
    }

    @Override
    public Set<String> names() {
        return stored.keySet();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return device.equals(Device.CPU)
                && checkpoint.names().stream()
                        .allMatch(name -> checkpoint.entry(name).dtype() == dtype);
    }

    @Override
    public String place() {
        return checkpoint.path().toAbsolutePath().toString();
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
