package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.family.Architecture;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.family.RandomBlocks;
import dev.pintle.family.RandomWeights;
import dev.pintle.family.RoundedWeights;
import dev.pintle.family.WeightSource;
import dev.pintle.family.Weights;
import dev.pintle.gguf.GgufWeights;
import dev.pintle.quantised.QuantisedCheckpoint;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Memory;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Packing;
import dev.pintle.transformer.RopeTables;
import dev.pintle.transformer.Transformer;
import dev.pintle.transformer.gpu.SlotLender;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A transformer that owns its weights. */
final class LoadedTransformer implements AutoCloseable {
    private static final int MOST_LAYERS = 100_000; // hook points have names up to there
    private static final int WIDEST = 1 << 24;

    private final ModelConfig config;
    private final ForwardPass forward;
    private final Device device;
    private final DType dtype;
    private final TensorScope owner;
    private final Packing packing;
    private final Routes routes;
    private final String storage;
    private final @Nullable SlotLender lender;

    private LoadedTransformer(
            ModelConfig config,
            ForwardPass forward,
            Device device,
            DType dtype,
            TensorScope owner,
            Packing packing,
            Routes routes,
            String storage,
            @Nullable SlotLender lender) {
        this.config = config;
        this.forward = forward;
        this.device = device;
        this.dtype = dtype;
        this.owner = owner;
        this.packing = packing;
        this.routes = routes;
        this.storage = storage;
        this.lender = lender;
    }

    /**
     * Reads a folder in the Hugging Face format: config.json and safetensors, in one file or in shards, or one that describes
     * a GGUF file. Weights stay memory-mapped if dtype and device allow it.
     */
    static LoadedTransformer open(Path folder, LoadOptions options) {
        ConfigReader json = ConfigReader.open(folder.resolve("config.json"), options.ignoredConfig());
        Supplier<WeightSource> source = GgufFolder.fileOf(folder)
                .<Supplier<WeightSource>>map(file -> () -> GgufWeights.open(file))
                .orElse(() -> QuantisedCheckpoint.open(json, folder, options.notes()));
        BlockFormat rounded = options.quantisation().format();
        return build(
                json,
                folder.getFileName().toString(),
                options,
                rounded == null ? source : () -> new RoundedWeights(source.get(), rounded));
    }

    /** The same with nothing ignored. */
    static LoadedTransformer open(Path folder, Device device, DType dtype) {
        return open(folder, LoadOptions.of(device, dtype));
    }

    /** Builds a configuration with random weights. */
    static LoadedTransformer random(ConfigReader json, String name, long seed, Device device, DType dtype) {
        return random(json, name, seed, device, dtype, null);
    }

    /**
     * The same with weights that may be quantised.
     *
     * @param blocks their quantised format, as {@link RandomBlocks} names it; null for none
     */
    static LoadedTransformer random(
            ConfigReader json, String name, long seed, Device device, DType dtype, @Nullable String blocks) {
        LoadOptions options = LoadOptions.of(device, dtype);
        return build(
                json,
                name,
                options,
                () -> blocks == null
                        ? new RandomWeights(seed, device, dtype)
                        : new RandomBlocks(seed, device, dtype, blocks));
    }

    private static LoadedTransformer build(
            ConfigReader json, String name, LoadOptions options, Supplier<WeightSource> open) {
        Device device = options.device();
        DType dtype = options.dtype();
        Architecture family = Families.of(json);
        ModelConfig config = family.config(json);
        requireUsual(config, json.file());
        TensorScope owner = TensorScope.owner("weights of " + name);
        try (TensorScope scope = TensorScope.open("load " + name);
                WeightSource source = open.get()) {
            if (!source.isMapped(device, dtype)) {
                Memory.requireRoomForWeights(
                        config, dtype, bits(source, config, options), device, () -> Engine.availableMemory(device));
            }
            Packing packing = new Packing(source.isMapped(device, dtype));
            Weights weights = new Weights(source, device, dtype, owner, packing, options.notes());
            Transformer transformer = family.build(json, config, weights);
            json.requireAllUnderstood();
            weights.compareFrequencies(
                    transformer.blocks().stream().map(Block::rotations).toList());
            weights.requireAllUsed();
            ModelConfig real = config.with(config.ends().tied(weights.tied()));
            RopeTables tables = new RopeTables(dtype.precise(), device, owner);
            Routes routes = new Routes(transformer, real, device, dtype);
            ForwardPass forward = new ForwardPass(transformer, real, device, dtype, tables, routes);
            SlotLender lender = routes.records() ? new SlotLender(transformer, real, device, dtype, tables) : null;
            return new LoadedTransformer(
                    real, forward, device, dtype, owner, packing, routes, source.storage(), lender);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /** Bits of a weight in memory, on average. */
    private static double bits(WeightSource source, ModelConfig config, LoadOptions options) {
        double rounded = options.quantisation().bits();
        OptionalLong bytes = source.bytes(options.device(), options.dtype());
        double stored = bytes.isEmpty()
                ? (double) Byte.SIZE * options.dtype().bytes()
                : Math.rint(10.0 * Byte.SIZE * bytes.getAsLong() / config.weights()) / 10;
        return rounded == 0 ? stored : rounded;
    }

    /** Refuses sizes that no model has, for which arrays would be made before any weight is compared with them. */
    private static void requireUsual(ModelConfig c, Path file) {
        long heads = (long) c.nHeads() * c.dHead();
        long widest = Math.max(Math.max(c.dModel(), c.dMlp()), Math.max(heads, c.dVocab()));
        if (c.nLayers() > MOST_LAYERS || widest > WIDEST) {
            throw Problem.of("The model's configuration has sizes that no model has.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "at most " + MOST_LAYERS + " blocks, and widths of at most " + WIDEST)
                    .fact("but was", c.nLayers() + " blocks, and " + widest)
                    .fact("try", "another copy of the model")
                    .toException();
        }
    }

    ModelConfig config() {
        return config;
    }

    ForwardPass forward() {
        return forward;
    }

    /** Decodes faster than {@link #forward}; empty if the device or the family does not allow it. */
    Optional<SlotLender> lender() {
        return Optional.ofNullable(lender);
    }

    Routes routes() {
        return routes;
    }

    /** How weights were stored and are in memory; empty where that is by their dtype alone. */
    String storage() {
        return storage;
    }

    Device device() {
        return device;
    }

    DType dtype() {
        return dtype;
    }

    /** Says that tokens will be generated. */
    void expectGeneration() {
        packing.expectGeneration();
    }

    /** Whether the bits of a prompt's numbers do not depend on prompts of the same length that are run with it. */
    boolean promptsRunTogether() {
        return routes.onHeap();
    }

    @Override
    public void close() {
        if (lender != null) {
            lender.close();
        }
        owner.close();
        packing.close();
    }
}
