package dev.pintle.quantised;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.family.CheckpointWeights;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.WeightSource;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TensorEntry;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a checkpoint in which linear maps are quantised, under the names that they would have otherwise. Which ones
 * are is seen from the tensors there are; a map that has a plain weight is not.
 */
public final class QuantisedCheckpoint implements WeightSource {
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";
    private static final double BLOCKS = 1.25; // size of the blocks, compared with that of the tensors, at most

    private final CheckpointWeights stored;
    private final Scheme scheme;
    private final Map<String, Layout> modules = new LinkedHashMap<>(); // by name
    private final Set<String> names = new LinkedHashSet<>();
    private long quantisedBytes;
    private long plainElements;
    private final Map<BlockFormat, Integer> kept = new EnumMap<>(BlockFormat.class); // number of weights
    private final Set<String> decoded = new TreeSet<>();

    private QuantisedCheckpoint(CheckpointWeights stored, Scheme scheme) {
        this.stored = stored;
        this.scheme = scheme;
        find();
        list();
    }

    /**
     * How a model's configuration says that its weights are quantised, such as {@code AWQ, 4 bits}; empty if they are not.
     *
     * @throws PintleException if that is not supported
     */
    public static Optional<String> method(ConfigReader json) {
        return Schemes.read(json).map(Scheme::name);
    }

    /**
     * The weights of a model in the Hugging Face layout, quantised or not.
     *
     * @param json whose {@code quantization_config} is read
     * @param folder of its safetensors
     * @param notes receives what the original computes otherwise
     * @throws PintleException if the way in which they are quantised is not supported
     */
    public static WeightSource open(ConfigReader json, Path folder, Consumer<Problem> notes) {
        Optional<Scheme> scheme = Schemes.read(json);
        CheckpointWeights stored = new CheckpointWeights(SafeTensors.open(folder));
        if (scheme.isEmpty()) {
            return stored;
        }
        try {
            QuantisedCheckpoint weights = new QuantisedCheckpoint(stored, scheme.get());
            scheme.get().notes().forEach(note -> notes.accept(note.fact("checkpoint", stored.place())));
            if (weights.modules.isEmpty()) {
                notes.accept(Problem.of("The configuration says that weights are quantised, but none is.")
                        .fact("checkpoint", stored.place())
                        .fact(
                                "configuration",
                                Schemes.KEY + " with " + scheme.get().name())
                        .fact("used", "the weights as they are, which others may round when they load them"));
            }
            return weights;
        } catch (RuntimeException e) {
            stored.close();
            throw e;
        }
    }

    private void find() {
        for (String name : stored.names()) {
            for (Layout layout : scheme.layouts()) {
                for (String mark : layout.marks()) {
                    if (name.endsWith("." + mark)) {
                        String module = name.substring(0, name.length() - mark.length() - 1);
                        if (layout.holds(new Parts(stored, module))) {
                            modules.put(module, layout);
                        }
                    }
                }
            }
        }
        for (String module : modules.keySet()) {
            if (scheme.plain().contains(module)) {
                throw Problem.of("A weight is quantised that the configuration says is not.")
                        .fact("checkpoint", stored.place())
                        .fact("weight", Excerpt.of(module + WEIGHT))
                        .fact("try", "another copy of the model")
                        .toException();
            }
        }
    }

    /** Lists the names of weights instead of those of the tensors in which they are stored. */
    private void list() {
        Set<String> parts = new LinkedHashSet<>();
        modules.forEach((module, layout) -> layout.parts().forEach(part -> parts.add(module + "." + part)));
        for (String name : stored.names()) {
            TensorEntry entry = stored.entry(name);
            long elements = entry == null ? 0 : entry.shape().elements();
            if (parts.contains(name)) {
                quantisedBytes += entry == null ? 0 : elements * entry.dtype().bytes();
            } else {
                plainElements += elements;
                if (scheme.unread().stream().noneMatch(name::endsWith) && !isBiasOfZeros(name, elements)) {
                    names.add(name);
                }
            }
        }
        for (String module : modules.keySet()) {
            if (!names.add(module + WEIGHT)) {
                throw Problem.of("A weight is stored both quantised and plain.")
                        .fact("checkpoint", stored.place())
                        .fact("weight", Excerpt.of(module + WEIGHT))
                        .fact("try", "a checkpoint that contains only one of them")
                        .toException();
            }
        }
    }

    /** Old quantisers give every linear map a bias. */
    private boolean isBiasOfZeros(String name, long elements) {
        if (!name.endsWith(BIAS) || !modules.containsKey(name.substring(0, name.length() - BIAS.length()))) {
            return false;
        }
        try (TensorScope scope = TensorScope.open("look at a bias")) {
            Tensor bias = stored.find(name);
            return bias != null && elements > 0 && bias.abs().sum().item() == 0;
        }
    }

    private @Nullable Layout layout(String name) {
        return name.endsWith(WEIGHT) ? modules.get(name.substring(0, name.length() - WEIGHT.length())) : null;
    }

    private CodedMatrix open(String name, Layout layout, int out, int in) {
        return layout.open(new Parts(stored, name.substring(0, name.length() - WEIGHT.length())), out, in);
    }

    @Override
    public boolean has(String name) {
        return layout(name) != null || stored.has(name);
    }

    @Override
    public Tensor take(String name, long... shape) {
        Layout layout = layout(name);
        if (layout == null) {
            requirePlain(name);
            return stored.take(name, shape);
        }
        if (shape.length != 2 || shape[0] < 1 || shape[1] < 1 || Math.max(shape[0], shape[1]) > Integer.MAX_VALUE) {
            throw Problem.of("A weight that is not a matrix is quantised.")
                    .fact("checkpoint", stored.place())
                    .fact("weight", Excerpt.of(name))
                    .fact("expected", Arrays.toString(shape))
                    .fact("but was", layout.name())
                    .toException();
        }
        Tensor weight = open(name, layout, (int) shape[0], (int) shape[1]).decoded();
        decoded.add(name);
        return weight;
    }

    /** Says what is missing where a weight in few bits has no tensors beside it. */
    private void requirePlain(String name) {
        TensorEntry entry = stored.entry(name);
        if (entry != null && !entry.dtype().isFloating()) {
            throw Problem.of("A quantised weight lacks the tensors that say how to decode it.")
                    .fact("checkpoint", stored.place())
                    .fact("weight", Excerpt.of(name))
                    .fact("dtype", entry.dtype())
                    .fact("configuration", Schemes.KEY + " with " + scheme.name())
                    .fact("try", "a complete copy of the model")
                    .toException();
        }
    }

    @Override
    public Optional<QuantisedWeight> quantised(String name, TensorScope owner, int out, int in) {
        Layout layout = layout(name);
        if (layout == null) {
            return Optional.empty();
        }
        CodedMatrix matrix = open(name, layout, out, in);
        Optional<BlockFormat> format = matrix.format();
        format.ifPresent(known -> kept.merge(known, 1, Integer::sum));
        return format.map(known -> matrix.kept(known, owner));
    }

    @Override
    public String storage() {
        StringBuilder text = new StringBuilder(scheme.name());
        kept.forEach((format, count) ->
                text.append("; ").append(count).append(" matrices kept in ").append(format));
        if (!decoded.isEmpty()) {
            text.append("; ").append(decoded.size()).append(" decoded when loaded");
        }
        return text.toString();
    }

    @Override
    public @Nullable Tensor find(String name) {
        return stored.find(name);
    }

    @Override
    public Set<String> names() {
        return names;
    }

    /** Weights that stay quantised take at most a quarter more than in the file, whose scales are shorter and fewer. */
    @Override
    public OptionalLong bytes(Device device, DType dtype) {
        return device.equals(Device.CPU)
                ? OptionalLong.of((long) (BLOCKS * quantisedBytes) + plainElements * dtype.bytes())
                : OptionalLong.empty();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return false;
    }

    @Override
    public String place() {
        return stored.place();
    }

    @Override
    public void close() {
        stored.close();
    }
}
