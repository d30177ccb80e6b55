package dev.pintle.family;

import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The weights of another source, of which matrices are rounded to few bits when they are taken. Matrices whose rows are not a
 * multiple of 32 elements stay as they are, and so do norms, biases and routers of experts.
 */
public final class RoundedWeights implements WeightSource {
    private static final int GROUP = 32;

    private final WeightSource source;
    private final BlockFormat format;

    /**
     * @param source closed with these weights
     * @param format {@link BlockFormat#Q8_0} or {@link BlockFormat#Q4_1}; with the latter, the vocabulary's matrices are still
     *     rounded to Q8_0, since every token is read from them and written by them
     */
    public RoundedWeights(WeightSource source, BlockFormat format) {
        this.source = source;
        this.format = format;
    }

    @Override
    public Optional<QuantisedWeight> quantised(String name, TensorScope owner, int out, int in) {
        Optional<QuantisedWeight> already = source.quantised(name, owner, out, in);
        if (already.isPresent() || in % GROUP != 0 || !source.has(name) || isRouter(name)) {
            return already;
        }
        try (TensorScope scope = TensorScope.open("round " + name)) {
            Tensor weight = source.take(name, out, in);
            return Optional.of(QuantisedWeight.round(weight, isOfVocabulary(name) ? BlockFormat.Q8_0 : format, owner));
        }
    }

    private static boolean isOfVocabulary(String name) {
        return !name.contains(".layers.");
    }

    private static boolean isRouter(String name) {
        return name.endsWith("gate.weight") || name.endsWith(".router.weight");
    }

    @Override
    public boolean has(String name) {
        return source.has(name);
    }

    @Override
    public Tensor take(String name, long... shape) {
        return source.take(name, shape);
    }

    @Override
    public @Nullable Tensor find(String name) {
        return source.find(name);
    }

    @Override
    public Set<String> names() {
        return source.names();
    }

    @Override
    public String storage() {
        return source.storage();
    }

    @Override
    public boolean normsIncludeOne() {
        return source.normsIncludeOne();
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        return false;
    }

    @Override
    public String place() {
        return source.place();
    }

    @Override
    public void close() {
        source.close();
    }
}
