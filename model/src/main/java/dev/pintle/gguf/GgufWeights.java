package dev.pintle.gguf;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.family.WeightSource;
import dev.pintle.gguf.GgufNames.Order;
import dev.pintle.gguf.GgufNames.Place;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.TiledWeight;
import dev.pintle.tensor.io.Gguf;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The weights of a model in GGUF files, in the rows' order and under the names of the Hugging Face format. */
public final class GgufWeights implements WeightSource {
    /** One part in so many is small: norms, biases and routers, which quantised files have in FP32. */
    private static final long SMALL = 20;

    private static final String EMBEDDING = "token_embd.";

    private final GgufParts parts;
    private final Map<String, Place> places; // by name in the Hugging Face format
    private final boolean normsIncludeOne;

    private GgufWeights(GgufParts parts) {
        this.parts = parts;
        GgufKeys keys = new GgufKeys(parts.path(), parts.values());
        int heads = keys.positive("attention.head_count");
        this.places = GgufNames.places(
                parts.names(),
                new GgufNames.Facts(
                        keys.architecture(),
                        heads,
                        keys.positiveOr("attention.head_count_kv", heads),
                        keys.countIfAny("expert_count").orElse(0)));
        this.normsIncludeOne = keys.architecture().startsWith("gemma");
    }

    /**
     * @param any of the model's files
     * @throws PintleException if it is not a model in GGUF, or a part is missing
     */
    public static GgufWeights open(Path any) {
        GgufParts parts = GgufParts.open(any);
        try {
            return new GgufWeights(parts);
        } catch (RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    @Override
    public boolean has(String name) {
        return places.containsKey(name);
    }

    @Override
    public Tensor take(String name, long... shape) {
        Place place = places.get(name);
        if (place == null) {
            throw FileProblems.of("The file lacks a weight that its architecture needs.", parts.path())
                    .fact("missing", name + " " + Arrays.toString(shape))
                    .fact("has", parts.names().size() + " tensors")
                    .toException();
        }
        requireShape(name, place, shape);
        return stored(place).reshape(shape);
    }

    @Override
    public @Nullable Tensor find(String name) {
        Place place = places.get(name);
        return place == null ? null : stored(place);
    }

    @Override
    public Optional<QuantisedWeight> quantised(String name, TensorScope owner, int out, int in) {
        Place place = places.get(name);
        if (place == null || place.order() instanceof Order.Turned) {
            return Optional.empty();
        }
        Optional<BlockFormat> format = format(place);
        if (format.isEmpty()) {
            return Optional.empty();
        }
        requireShape(name, place, out, in);
        return Optional.of(quantised(place, format.get(), owner));
    }

    /** On a GPU, weights that cannot stay quantised take their dtype; embeddings, whose rows are looked up, do so too. */
    @Override
    public OptionalLong bytes(Device device, DType dtype) {
        if (device.kind() != Device.Kind.CUDA
                || TiledWeight.obstacle(dtype, device).isPresent()) {
            return OptionalLong.empty();
        }
        long bytes = 0;
        for (String name : parts.names()) {
            Gguf.Listed listed = parts.listed(name);
            long[] sizes = listed.shape().toArray();
            long in = sizes.length < 2 ? 0 : sizes[sizes.length - 1]; // with three sizes, of each expert
            OptionalLong tiled = in > 0 && !name.startsWith(EMBEDDING)
                    ? BlockFormat.named(listed.type())
                            .map(format ->
                                    TiledWeight.bytes(format, listed.shape().elements() / in, in))
                            .orElse(OptionalLong.empty())
                    : OptionalLong.empty();
            bytes += tiled.orElse(listed.shape().elements() * dtype.bytes());
        }
        return OptionalLong.of(bytes);
    }

    private Optional<BlockFormat> format(Place place) {
        return BlockFormat.named(parts.listed(place.tensor()).type());
    }

    /** @param owner owns the memory */
    private QuantisedWeight quantised(Place place, BlockFormat format, TensorScope owner) {
        Gguf.Listed listed = parts.listed(place.tensor());
        long[] sizes = listed.shape().toArray();
        long in = sizes.length == 0 ? 0 : sizes[sizes.length - 1];
        long rows = in == 0 ? 0 : listed.shape().elements() / in;
        boolean fits = place.expert() < 0 || (sizes.length == 3 && place.expert() < sizes[0]);
        if (rows == 0 || rows > Integer.MAX_VALUE || in > Integer.MAX_VALUE || in % format.block() != 0 || !fits) {
            throw FileProblems.of("A quantised tensor has a shape that cannot be used.", parts.path())
                    .fact("tensor", Excerpt.of(place.tensor()))
                    .fact("expected", "rows of a multiple of " + format.block() + " elements for " + format)
                    .fact("but was", listed.shape())
                    .toException();
        }
        Tensor bytes = owner.adopt(parts.bytes(place.tensor()));
        QuantisedWeight all = QuantisedWeight.of(bytes, format, (int) rows, (int) in);
        int count = Math.toIntExact(place.expert() < 0 ? rows : sizes[1]);
        if (place.expert() < 0 && place.order() instanceof Order.Same) {
            return all;
        }
        int first = Math.max(0, place.expert()) * count;
        return all.select(
                Arrays.stream(rows(place, count)).map(row -> first + row).toArray());
    }

    /** Which rows of the file are a weight's. */
    private int[] rows(Place place, int count) {
        int whole = place.order().grain();
        if (count % whole != 0) {
            throw FileProblems.of("A tensor's rows do not belong to whole heads.", parts.path())
                    .fact("tensor", Excerpt.of(place.tensor()))
                    .fact("expected", "a multiple of " + whole + " rows, as the number of heads asks for")
                    .fact("but was", count)
                    .toException();
        }
        return place.order().rows(count);
    }

    private Tensor stored(Place place) {
        Optional<BlockFormat> format = format(place);
        boolean turned = place.order() instanceof Order.Turned;
        if (format.isPresent()) {
            try (TensorScope scope = TensorScope.open("decode a weight")) {
                Place plain = turned ? new Place(place.tensor(), place.expert(), new Order.Same()) : place;
                QuantisedWeight weight = quantised(plain, format.get(), scope);
                Tensor decoded = weight.decoded(0, weight.out());
                Tensor kept = turned ? decoded.transpose(0, 1).contiguous() : decoded;
                return scope.keep(parts.listed(place.tensor()).shape().rank() == 1 ? kept.reshape(-1) : kept);
            }
        }
        if (!isPlain(place)) {
            parts.bytes(place.tensor()); // says which types there are
        }
        Tensor all = parts.tensor(place.tensor());
        Tensor weight = place.expert() < 0 ? all : all.select(0, place.expert());
        if (turned) {
            return weight.transpose(0, 1).contiguous();
        }
        if (place.order() instanceof Order.Same) {
            return weight;
        }
        int[] rows = rows(place, Math.toIntExact(weight.size(0)));
        return weight.indexSelect(0, Tensor.of(rows, rows.length));
    }

    private boolean isPlain(Place place) {
        return Set.of("F32", "F16", "BF16", "F64")
                .contains(parts.listed(place.tensor()).type());
    }

    private void requireShape(String name, Place place, long... shape) {
        long[] sizes = parts.listed(place.tensor()).shape().toArray();
        long[] found = place.expert() >= 0 ? Arrays.copyOfRange(sizes, 1, sizes.length) : sizes;
        if (place.order() instanceof Order.Turned && found.length == 2) {
            found = new long[] {found[1], found[0]};
        }
        if (place.order() instanceof Order.Third) {
            found = found.clone();
            found[0] /= 3;
        }
        boolean isRow = shape.length == 2 && shape[0] == 1 && found.length == 1 && found[0] == shape[1];
        if (!Arrays.equals(found, shape) && !isRow) {
            throw FileProblems.of("A weight's shape does not match the metadata.", parts.path())
                    .fact("weight", name)
                    .fact("tensor", Excerpt.of(place.tensor()))
                    .fact("expected", Shape.of(shape))
                    .fact("but was", Shape.of(found))
                    .toException();
        }
    }

    @Override
    public Set<String> names() {
        return places.keySet();
    }

    @Override
    public boolean normsIncludeOne() {
        return normsIncludeOne;
    }

    @Override
    public boolean isMapped(Device device, DType dtype) {
        long all = 0;
        long converted = 0;
        for (String name : parts.names()) {
            Gguf.Listed listed = parts.listed(name);
            long elements = listed.shape().elements();
            all += elements;
            boolean stays = BlockFormat.named(listed.type()).isPresent() || dtypeOf(listed.type()) == dtype;
            converted += stays ? 0 : elements;
        }
        return device.equals(Device.CPU) && converted <= all / SMALL;
    }

    private static @Nullable DType dtypeOf(String type) {
        return switch (type) {
            case "F32" -> DType.FP32;
            case "F16" -> DType.FP16;
            case "BF16" -> DType.BF16;
            default -> null;
        };
    }

    @Override
    public String place() {
        return parts.path().toAbsolutePath().toString();
    }

    @Override
    public void close() {
        parts.close();
    }
}
