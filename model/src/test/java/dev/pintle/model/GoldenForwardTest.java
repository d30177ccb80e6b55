package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenForwardTest {
    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void a_small_random_model_matches_the_reference(String family) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model =
                        LoadedTransformer.open(Golden.folder().resolve(family), TestDevice.current(), DType.FP32);
                Checkpoint expected = SafeTensors.open(Golden.folder().resolve(family + "/expected.safetensors"))) {
            TokenBatch batch = TokenBatch.of(expected.tensor("ids").toInts());
            List<HookPoint> layers = IntStream.range(0, model.config().nLayers())
                    .mapToObj(HookPoint::residPost)
                    .toList();
            RunOptions options =
                    RunOptions.reading(layers).andReading(HookPoint.residPre(0)).withLogits(RunOptions.Logits.ALL);
            Run run = model.forward().run(batch, options, List.of(), new int[] {batch.tokens()});
            assertThatTensor(run.row(HookPoint.residPre(0), 0))
                    .isCloseTo(expected.tensor("resid_pre.0"), Tolerance.ACTIVATIONS_FP32);
            for (int layer = 0; layer < layers.size(); layer++) {
                assertThatTensor(run.row(layers.get(layer), 0))
                        .as("layer " + layer)
                        .isCloseTo(expected.tensor("resid_post." + layer), Tolerance.ACTIVATIONS_FP32);
            }
            assertThatTensor(run.logits().select(0, 0))
                    .as("logits")
                    .isCloseTo(expected.tensor("logits"), Tolerance.ACTIVATIONS_FP32);
        }
    }

    @Test
    void parley_matches_the_reference() {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = LoadedTransformer.open(Golden.parley(), TestDevice.current(), DType.FP32);
                Checkpoint expected = SafeTensors.open(Golden.folder().resolve("parley.safetensors"))) {
            for (int k = 0; expected.contains("forward." + k + ".ids"); k++) {
                String prefix = "forward." + k + ".";
                TokenBatch batch = TokenBatch.of(expected.tensor(prefix + "ids").toInts());
                List<HookPoint> layers = IntStream.range(0, model.config().nLayers())
                        .mapToObj(HookPoint::residPost)
                        .toList();
                RunOptions options =
                        RunOptions.reading(layers).andReading(HookPoint.embed()).withLogits(RunOptions.Logits.ALL);
                Run run = model.forward().run(batch, options, List.of(), new int[] {batch.tokens()});
                assertThatTensor(run.row(HookPoint.embed(), 0))
                        .isCloseTo(expected.tensor(prefix + "embeddings"), Tolerance.ACTIVATIONS_FP32);
                for (int layer = 0; layer < layers.size(); layer++) {
                    assertThatTensor(run.row(layers.get(layer), 0))
                            .as("layer " + layer)
                            .isCloseTo(
                                    expected.tensor(prefix + "resid_post").select(0, layer),
                                    Tolerance.ACTIVATIONS_FP32);
                }
                assertThatTensor(run.logits().select(0, 0))
                        .as("logits")
                        .isCloseTo(expected.tensor(prefix + "logits"), Tolerance.ACTIVATIONS_FP32);
            }
        }
    }
}
