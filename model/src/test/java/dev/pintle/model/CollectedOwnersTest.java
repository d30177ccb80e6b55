package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.PackedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.ChildJvm;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Without {@code org.bytedeco.javacpp.nopointergc} the garbage collector releases native objects that nothing in Java refers to
 * any more. What only native code refers to must then be held by something that lives as long.
 */
class CollectedOwnersTest {
    @Test
    @Tag("slow")
    void operations_give_the_same_while_the_garbage_collector_runs_all_the_time() {
        ChildJvm child = ChildJvm.run(Program.class, List.of("-Xmx96m"), Map.of("PINTLE_THREADS", "2"), 180);
        assertThat(child.output()).contains("all the same");
        assertThat(child.status()).isZero();
    }

    @Test
    void a_bad_number_of_threads_is_an_error_that_names_it_wherever_it_is_found() {
        for (String bad : List.of("many", "0", "-1", "1e3", "10000")) {
            ChildJvm child = ChildJvm.run(Errors.class, List.of("-Xmx64m"), Map.of("PINTLE_THREADS", bad), 120);
            assertThat(child.output())
                    .contains("1: PintleException: PINTLE_THREADS is not a valid number of threads.\n"
                            + "  expected: a whole number from 1 to 9999\n  but was:  " + bad + "\n")
                    .contains("2: PintleException: PINTLE_THREADS")
                    .contains("3: PintleException: PINTLE_THREADS")
                    .doesNotContain("Initializer")
                    .doesNotContain("NoClassDef");
        }
    }

    /** Products, reductions and copies beside a thread that collects without pause. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            Thread collector = new Thread(() -> {
                while (true) {
                    byte[][] garbage = new byte[64][];
                    Arrays.setAll(garbage, i -> new byte[1 << 14]);
                    System.gc();
                }
            });
            collector.setDaemon(true);
            try (TensorScope scope = TensorScope.open("program")) {
                Tensor weight =
                        Tensor.randn(1, DType.FP32, Device.CPU, 256, 512).to(DType.BF16);
                Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, 5, 512).to(DType.BF16);
                Tensor wide = Tensor.randn(3, DType.FP32, Device.CPU, 3, 300);
                boolean packs = PackedWeight.suits(weight);
                float[] expected = x.linear(weight).toFloats();
                float[] largest = wide.topK(7).values().toFloats();
                collector.start();
                for (int i = 0; i < 1500; i++) {
                    try (TensorScope inner = TensorScope.open("round")) {
                        if (packs) {
                            PackedWeight packed = PackedWeight.of(weight);
                            require(expected, packed.linear(x, null).toFloats());
                            packed.release();
                        }
                        require(expected, x.linear(weight).toFloats());
                        require(largest, wide.topK(7).values().toFloats());
                        require(expected, Tensor.of(expected, expected.length).toFloats());
                        Tensor.zeros(DType.INT64, Device.CPU, 4).plus(1).toLongs();
                    }
                }
            }
            System.out.println("all the same, packed: " + Engine.multipliesHalf());
        }

        private static void require(float[] expected, float[] found) {
            if (!Arrays.equals(expected, found)) {
                throw new IllegalStateException(Arrays.toString(found));
            }
        }
    }

    /** What several first uses of libtorch say, one after the other. */
    static final class Errors {
        private Errors() {}

        public static void main(String[] arguments) {
            say(1, Engine::multipliesHalf);
            say(2, () -> TensorScope.open("first").close());
            say(3, Engine::cpuCapability);
        }

        @SuppressWarnings("CatchAndPrintStackTrace")
        private static void say(int number, Runnable use) {
            try {
                use.run();
                System.out.println(number + ": no error");
            } catch (Throwable e) {
                System.out.println(number + ": " + e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }
}
