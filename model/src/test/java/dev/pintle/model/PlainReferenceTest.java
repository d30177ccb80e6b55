package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlainReferenceTest {
    private static final double LARGEST_DIFFERENCE = 1e-10;

    private static Stream<String> wiredLikeLlama() {
        return Golden.models().stream()
                .filter(name -> PlainTransformer.knows(Golden.folder().resolve(name)));
    }

    @ParameterizedTest
    @MethodSource("wiredLikeLlama")
    void in_fp64_every_family_equals_loops_over_doubles(String family) throws IOException {
        int[] ids = new Random(5).ints(40, 0, 256).toArray(); // longer than the windows, and than llama3's old context
        List<double[][]> expected = new PlainTransformer(Golden.folder().resolve(family)).run(ids);
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model =
                        LoadedTransformer.open(Golden.folder().resolve(family), TestDevice.current(), DType.FP64)) {
            List<HookPoint> layers = IntStream.range(0, model.config().nLayers())
                    .mapToObj(HookPoint::residPost)
                    .toList();
            RunOptions options = RunOptions.reading(layers).withLogits(RunOptions.Logits.ALL);
            Run run = model.forward().run(TokenBatch.of(ids), options, List.of(), new int[] {ids.length});
            for (int layer = 0; layer < layers.size(); layer++) {
                assertClose("layer " + layer, run.row(layers.get(layer), 0), expected.get(layer));
            }
            assertClose("logits", run.logits().select(0, 0), expected.get(layers.size()));
        }
    }

    private static void assertClose(String what, Tensor found, double[][] expected) {
        double[] values = found.toDoubles();
        double most = 0;
        for (int i = 0; i < values.length; i++) {
            most = Math.max(most, Math.abs(values[i] - expected[i / expected[0].length][i % expected[0].length]));
        }
        assertThat(most).as(what).isLessThan(LARGEST_DIFFERENCE);
    }
}
