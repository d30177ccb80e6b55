package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Ablate;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("any-java")
class LogProbabilitiesTest {
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FP32", "BF16"})
    void prompts_that_are_run_once_for_several_texts_change_no_bit(DType dtype) {
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, dtype)) {
            Random random = new Random(1);
            float[] vector = new float[model.config().dModel()];
            for (int d = 0; d < vector.length; d++) {
                vector[d] = (float) random.nextGaussian();
            }
            Vec direction = Vec.of(vector);
            HookPoint at = HookPoint.residPost(2);
            int[][] prompts = {ids(random, 9), ids(random, 4)};
            List<LogProbabilities.Row> rows = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                rows.add(new LogProbabilities.Row(prompts[i % 2], ids(random, i < 3 ? i : random.nextInt(20))));
            }
            List<List<Hook>> ways = List.of(
                    List.of(),
                    List.of(new Add(direction, at, 0.5)),
                    List.of(new Add(direction, at, 0.5, Tokens.generated())),
                    List.of(new Ablate(direction, at, 1, Tokens.generatedAndLast())));
            for (List<Hook> hooks : ways) {
                LanguageModel view = model.with(hooks);
                assertThat(view.runsInParts()).isTrue();
                List<double[]> found = LogProbabilities.of(view, rows);
                for (int i = 0; i < rows.size(); i++) {
                    assertThat(found.get(i)).isEqualTo(alone(view, rows.get(i)));
                }
            }
        }
    }

    private static int[] ids(Random random, int count) {
        return random.ints(count, 6, 300).toArray();
    }

    private static double[] alone(LanguageModel model, LogProbabilities.Row row) {
        int length = row.text().length;
        if (length == 0) {
            return new double[0];
        }
        try (TensorScope scope = TensorScope.open("test")) {
            return model.run(TokenBatch.of(row.all()), RunOptions.allLogits(), new int[] {row.prompt().length})
                    .logits()
                    .select(0, 0)
                    .narrow(0, row.prompt().length - 1, length)
                    .logSoftmax()
                    .gather(Tensor.of(row.text(), length, 1))
                    .toDoubles();
        }
    }
}
