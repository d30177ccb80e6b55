package dev.pintle.model;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import java.nio.file.Path;

/**
 * A transformer read from a folder in the Hugging Face format: config.json and safetensors, in one file or in shards.
 * Weights stay mapped where dtype and device allow.
 */
final class TransformerFolder implements AutoCloseable {
    private final ModelConfig config;
    private final ForwardPass forward;
    private final Device device;
    private final DType dtype;
    private final TensorScope owner;

    private TransformerFolder(ModelConfig config, ForwardPass forward, Device device, DType dtype, TensorScope owner) {
        this.config = config;
        this.forward = forward;
        this.device = device;
        this.dtype = dtype;
        this.owner = owner;
    }

    static TransformerFolder open(Path folder, Device device, DType dtype) {
        ConfigReader json = ConfigReader.open(folder.resolve("config.json"));
        Architecture family = Architecture.of(json);
        ModelConfig config = family.config(json);
        TensorScope owner = TensorScope.owner("weights of " + folder.getFileName());
        try (TensorScope scope = TensorScope.open("load " + folder.getFileName());
                Checkpoint checkpoint = SafeTensors.open(folder)) {
            Weights weights = new Weights(checkpoint, folder, device, dtype, owner);
            Transformer transformer = family.build(json, config, weights);
            json.requireAllUnderstood();
            weights.requireAllUsed();
            ForwardPass forward = new ForwardPass(transformer, config, device, dtype);
            return new TransformerFolder(config, forward, device, dtype, owner);
        } catch (RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    ModelConfig config() {
        return config;
    }

    ForwardPass forward() {
        return forward;
    }

    Device device() {
        return device;
    }

    DType dtype() {
        return dtype;
    }

    @Override
    public void close() {
        owner.close();
    }
}
