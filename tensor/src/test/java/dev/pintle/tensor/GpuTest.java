package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.base.PintleException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the tensor layer does in its own way on a GPU. */
class GpuTest {
    private static final Device GPU = Device.cuda(0);

    private TensorScope scope;

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"65536, 32, false", "65536, 32, true", "5000, 64, false", "4096, 1, true", "4100, 800, false"})
    void the_largest_of_a_row_are_those_that_libtorch_finds(int width, int k, boolean sparse) {
        Tensor draws = Tensor.randn(1, DType.FP32, Device.CPU, 2, 3, width);
        Tensor x = sparse ? draws.plus(-3.0).relu() : draws;
        Tensor.TopK expected = x.topK(k);
        assertThat(GpuTopK.suits(x.to(GPU), k)).isTrue();
        Tensor.TopK found = x.to(GPU).topK(k);
        assertThat(found.values().shape()).isEqualTo(expected.values().shape());
        assertThat(found.values().toFloats()).isEqualTo(expected.values().toFloats());
        assertThat(x.gather(found.indices().to(Device.CPU)).toFloats())
                .isEqualTo(expected.values().toFloats());
    }

    @Test
    void of_equal_elements_the_first_are_taken() {
        Tensor x = Tensor.zeros(DType.FP32, GPU, 1, 5000);
        x.narrow(1, 4000, 2).fillInPlace(1);
        assertThat(x.topK(5).indices().toInts()).containsExactly(4000, 4001, 0, 1, 2);
    }

    @Test
    void a_product_is_written_into_rows_that_lie_apart_and_into_fp32() {
        Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, 40, 64).to(DType.BF16);
        Tensor weight = Tensor.randn(2, DType.FP32, Device.CPU, 24, 64).to(DType.BF16);
        double[] exact = x.to(DType.FP64).linear(weight.to(DType.FP64)).toDoubles();
        Tensor wide = Tensor.zeros(DType.BF16, GPU, 40, 60);
        x.to(GPU).linearInto(weight.to(GPU), null, wide.narrow(1, 30, 24));
        float[] narrow = wide.narrow(1, 30, 24).toFloats();
        float[] full = x.to(GPU)
                .linearInto(weight.to(GPU), null, Tensor.zeros(DType.FP32, GPU, 40, 24))
                .toFloats();
        for (int i = 0; i < exact.length; i++) {
            assertThat((double) full[i]).isCloseTo(exact[i], within(1e-4));
            assertThat((double) narrow[i]).isCloseTo(exact[i], within(0.01 * Math.abs(exact[i]) + 1e-2));
        }
        assertThat(wide.narrow(1, 0, 30).toFloats()).containsOnly(0);
        assertThat(wide.narrow(1, 54, 6).toFloats()).containsOnly(0);
    }

    @Test
    void what_a_gpu_has_no_room_for_is_refused_with_the_sizes() {
        GpuMemory before = Engine.gpuMemory(GPU);
        assertThat(before.available()).isBetween(1L, before.total());
        assertThatThrownBy(() -> Tensor.empty(DType.UINT8, GPU, 2 * before.total()))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("Not enough memory on cuda:0.\n  operation: empty\n  wanted:    ")
                .hasMessageContaining("\n  available: ")
                .hasMessageContaining("\n  memory:    ")
                .hasMessageContaining("\n  try:       a smaller batch");
    }
}
