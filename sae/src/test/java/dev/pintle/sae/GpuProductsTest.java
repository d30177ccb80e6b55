package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GpuProductsTest {
    private static final Device GPU = Device.cuda(0);

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void products_with_16_bit_weights_on_a_gpu_are_those_of_fp64(boolean narrowActivations) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor draws = Tensor.randn(1, DType.FP32, Device.CPU, 9, 64);
            Tensor x = narrowActivations ? draws.to(DType.BF16).to(DType.FP32) : draws;
            Tensor weight = Tensor.randn(2, DType.FP32, Device.CPU, 48, 64).to(DType.BF16);
            Tensor bias = Tensor.randn(3, DType.FP32, Device.CPU, 48);
            double[] exact = x.to(DType.FP64)
                    .linear(weight.to(DType.FP64), bias.to(DType.FP64))
                    .toDoubles();
            for (LatentMatrix.Axes axes : LatentMatrix.Axes.values()) {
                Tensor stored = axes == LatentMatrix.Axes.LATENTS_FIRST
                        ? weight
                        : weight.transpose(0, 1).contiguous();
                float[] found = new LatentMatrix(stored.to(GPU), axes)
                        .products(x.to(GPU), bias.to(GPU))
                        .toFloats();
                for (int i = 0; i < exact.length; i++) {
                    assertThat((double) found[i]).isCloseTo(exact[i], within(2e-5));
                }
            }
        }
    }
}
