package dev.pintle.sae;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Small autoencoders of random numbers. */
final class TinySae {
    private TinySae() {}

    /** One of each kind of sparsity. */
    static List<Sparsity> sparsities(int dSae) {
        return List.of(
                new Sparsity.Relu(),
                new Sparsity.JumpRelu(random(11, dSae, 0.5, 0.4)),
                new Sparsity.TopK(5),
                new Sparsity.TopK(30, false),
                new Sparsity.GroupMax(4),
                new Sparsity.Gated(random(12, dSae, 1, 0.2), random(13, dSae, 0.1, 0.3)));
    }

    static List<Normalisation> normalisations() {
        return List.of(
                new Normalisation.None(),
                new Normalisation.Scale(1.7),
                new Normalisation.Centred(),
                new Normalisation.UnitNorm(),
                new Normalisation.LayerNorm());
    }

    static SparseAutoencoder of(
            int dModel,
            int dSae,
            DType dtype,
            Sparsity sparsity,
            Normalisation normalisation,
            boolean subtractsBias,
            @Nullable Vec latentScale) {
        TensorScope owner = TensorScope.owner("tiny autoencoder");
        try (TensorScope scope = TensorScope.open("make")) {
            Tensor encoder = owner.adopt(matrix(1, dSae, dModel).to(dtype));
            Tensor decoder = owner.adopt(matrix(2, dModel, dSae).to(dtype)); // turned, as some formats have it
            Tensor encoderBias = owner.adopt(Tensor.of(random(3, dSae, 0, 0.3)));
            Tensor decoderBias = owner.adopt(Tensor.of(random(4, dModel, 0, 0.5)));
            Tensor scale = latentScale == null ? null : owner.adopt(Tensor.of(latentScale));
            Weights weights = new Weights(
                    new LatentMatrix(encoder, LatentMatrix.Axes.LATENTS_FIRST),
                    encoderBias,
                    new LatentMatrix(decoder, LatentMatrix.Axes.MODEL_FIRST),
                    decoderBias,
                    subtractsBias,
                    normalisation,
                    scale,
                    sparsity);
            SaeOrigin origin =
                    new SaeOrigin("tiny", Path.of("tiny"), "test", HookPoint.residPost(3), "", "", List.of());
            return new SparseAutoencoder(
                    origin, weights, sparsity.on(Device.CPU).ownedBy(owner), owner);
        }
    }

    static SparseAutoencoder of(Sparsity sparsity) {
        return of(16, 40, DType.FP32, sparsity, new Normalisation.None(), false, null);
    }

    static Tensor matrix(long seed, int rows, int columns) {
        return Tensor.randn(seed, DType.FP32, Device.CPU, rows, columns).times(0.5);
    }

    static Vec random(long seed, int size, double mean, double deviation) {
        try (TensorScope scope = TensorScope.open("numbers")) {
            return Tensor.randn(seed, DType.FP32, Device.CPU, size)
                    .times(deviation)
                    .plus(mean)
                    .toVec();
        }
    }
}
