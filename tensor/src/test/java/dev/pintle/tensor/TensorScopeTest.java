package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TensorScopeTest {
    @Test
    void a_tensor_made_with_no_open_scope_is_an_error() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Tensor.zeros(DType.FP32, Device.CPU, 2))
                .withMessage(
                        "No tensor scope is open on this thread.\n  thread: %s\n  try:    %s",
                        Thread.currentThread().getName(),
                        "try (TensorScope scope = TensorScope.open(\"what for\")) { … }");
    }

    @Test
    void use_after_close_names_the_scope() {
        Tensor kept;
        try (TensorScope scope = TensorScope.open("score prompts")) {
            kept = Tensor.of(new float[] {1, 2}, 2);
        }
        assertThatIllegalStateException()
                .isThrownBy(kept::toFloats)
                .withMessage("The tensor was used after it was released.\n  scope: score prompts\n"
                        + "  try:   scope.keep(tensor) to pass it to the enclosing scope");
    }

    @Test
    void a_kept_tensor_lives_in_the_outer_scope() {
        try (TensorScope outer = TensorScope.open("outer")) {
            Tensor kept;
            try (TensorScope inner = TensorScope.open("inner")) {
                kept = inner.keep(Tensor.of(new float[] {1, 2}, 2).times(3));
            }
            assertThat(kept.toFloats()).containsExactly(3, 6);
        }
    }

    @Test
    void an_owner_outlives_every_lexical_scope() {
        TensorScope owner = TensorScope.owner("weights");
        Tensor weight;
        try (TensorScope scope = TensorScope.open("load")) {
            weight = owner.adopt(Tensor.of(new float[] {4}, 1));
        }
        try (TensorScope scope = TensorScope.open("use")) {
            assertThat(weight.times(2).toFloats()).containsExactly(8);
        }
        owner.close();
        assertThatIllegalStateException().isThrownBy(weight::handle).withMessageContaining("weights");
    }

    @Test
    void keeping_from_the_outermost_scope_is_an_error() {
        try (TensorScope scope = TensorScope.open("only")) {
            Tensor tensor = Tensor.of(new float[] {1}, 1);
            assertThatIllegalStateException()
                    .isThrownBy(() -> scope.keep(tensor))
                    .withMessageContaining("no outer scope");
        }
    }

    @Test
    void scopes_close_in_reverse_order() {
        TensorScope outer = TensorScope.open("outer");
        TensorScope inner = TensorScope.open("inner");
        assertThatIllegalStateException()
                .isThrownBy(outer::close)
                .withMessage("Scopes close in the reverse order of opening, on their own thread.\n"
                        + "  closing:    outer\n  still open: inner");
        inner.close();
        outer.close();
    }

    @Test
    void a_refused_operation_says_what_it_was_given_without_native_stack_traces() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor left = Tensor.zeros(DType.FP32, Device.CPU, 2, 3);
            Tensor right = Tensor.zeros(DType.FP32, Device.CPU, 2, 3);
            assertThatThrownBy(() -> left.matmul(right))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("libtorch rejected the operation matmul.\n"
                            + "  operand:  [2, 3] fp32 on cpu\n            [2, 3] fp32 on cpu\n"
                            + "  libtorch: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
        }
    }

    @Test
    void a_wrong_shape_names_the_axes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shape.of(12, 768).require("tokens dModel", java.util.Map.of("dModel", 2304)))
                .withMessage("Tensor has the wrong shape.\n  expected: [tokens, dModel=2304]\n  but was:  [12, 768]");
    }

    @Test
    void a_tensor_written_in_place_stays_usable() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.zeros(DType.FP32, Device.CPU, 2);
            Tensor one = Tensor.of(new float[] {1, 2}, 2);
            assertThat(tensor.copyFrom(one).plusInPlace(one).toFloats()).containsExactly(2, 4);
            assertThat(tensor.fillInPlace(7).toFloats()).containsExactly(7, 7);
            assertThat(tensor.toFloats()).containsExactly(7, 7);
        }
    }

    /**
     * 10,000 rounds over 64 KiB tensors: one tensor leaked a round would be 640 MiB, ten times what is allowed. The tests'
     * JVM runs with JavaCPP's garbage collection switched off, so nothing but the scopes can have released them.
     */
    @Test
    @Tag("slow")
    void ten_thousand_rounds_leave_the_process_no_larger() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "needs /proc to read the process's size");
        rounds(3_000); // until Java has touched the heap that it has reserved
        long before = residentBytes();
        rounds(10_000);
        assertThat(residentBytes() - before).isLessThan(64L << 20);
    }

    private static void rounds(int count) {
        float[] values = new float[16_384];
        try (TensorScope outer = TensorScope.open("outer")) {
            for (int i = 0; i < count; i++) {
                try (TensorScope scope = TensorScope.open("round")) {
                    Tensor a = Tensor.of(values, 128, 128);
                    Tensor b = a.matmul(a).plus(1).times(a).softmax();
                    Tensor c = Tensor.cat(List.of(a, b), 0)
                            .narrow(0, 64, 128)
                            .topK(3)
                            .values();
                    Tensor kept = scope.keep(c.mean(-1, false));
                    a.reshape(1, 1, 128, 128)
                            .attend(b.reshape(1, 1, 128, 128), b.reshape(1, 1, 128, 128), null, true, 1);
                    a.copyFrom(b);
                    a.norm(-1, true).maskedFill(b.greaterThan(0.5), 1).linear(a, a.select(0, 0));
                    kept.close();
                    b.contiguous();
                    b.transpose(0, 1).toFloats();
                    b.toFloats();
                    c.toDoubles();
                    a.to(DType.INT64).toInts();
                    a.toBytes();
                }
            }
        }
    }

    /** What the process holds outside Java's own heap, which grows and shrinks as it likes. */
    static long residentBytes() throws IOException {
        long all = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
        return all - Runtime.getRuntime().totalMemory();
    }
}
