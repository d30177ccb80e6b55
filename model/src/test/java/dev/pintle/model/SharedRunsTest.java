package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("any-java")
class SharedRunsTest {
    /** Doubles the activations after the prompt. */
    private record Doubles(HookPoint at) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(at);
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            return (point, activation, layout) -> {
                long[] shape = new long[activation.shape().rank()];
                java.util.Arrays.fill(shape, 1);
                shape[0] = layout.batch();
                shape[1] = layout.tokens();
                float[] by = new float[layout.batch() * layout.tokens()];
                for (int i = 0; i < by.length; i++) {
                    int row = i / layout.tokens();
                    by[i] = layout.position(row, i % layout.tokens()) < layout.promptLength(row) ? 1 : 2;
                }
                return activation.times(Tensor.of(by, shape).to(dtype));
            };
        }
    }

    static Stream<Arguments> models() {
        return Stream.concat(Stream.of("parley"), Golden.models().stream())
                .flatMap(name -> Stream.of(DType.FP32, DType.BF16).map(dtype -> Arguments.of(name, dtype)));
    }

    @ParameterizedTest
    @MethodSource("models")
    void a_run_from_the_first_hook_on_has_the_bits_of_a_whole_one(String name, DType dtype) {
        String folder =
                (name.equals("parley") ? Golden.parley() : Golden.folder().resolve(name)).toString();
        try (LanguageModel model = LanguageModel.load(folder, Device.CPU, dtype)) {
            TokenBatch batch = TokenBatch.of(new int[] {7, 8, 9, 10, 11, 12}, new int[] {9, 8, 7});
            int[] prompts = {2, 1};
            List<List<Hook>> all = new ArrayList<>(List.of(List.of(), List.of()));
            model.hookPoints().stream()
                    .filter(point -> point.site() != Site.ATTN_PATTERN)
                    .forEach(point -> all.add(List.of(new Doubles(point))));
            int last = model.config().nLayers() - 1;
            all.add(List.of(new Doubles(HookPoint.residPost(last)), new Doubles(HookPoint.residPost(0))));
            try (TensorScope scope = TensorScope.open("test");
                    SharedRuns runs = new SharedRuns(model, batch, prompts)) {
                for (List<Hook> hooks : all) {
                    LanguageModel view = model.with(hooks);
                    assertThat(runs.logits(view).toFloats())
                            .as(hooks.toString())
                            .isEqualTo(view.run(batch, RunOptions.allLogits(), prompts)
                                    .logits()
                                    .toFloats());
                }
                LanguageModel hooked = model.with(new Doubles(HookPoint.embed()));
                try (SharedRuns own = new SharedRuns(hooked, batch, prompts)) {
                    assertThat(own.logits(model).toFloats())
                            .isEqualTo(model.run(batch, RunOptions.allLogits(), prompts)
                                    .logits()
                                    .toFloats());
                }
            }
        }
    }
}
