package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What hooks see and change of routers and experts. */
class MixtureOfExpertsTest {
    private static final int[] IDS = {9, 8, 7, 6, 5, 40, 41, 42};
    private static final HookPoint ROUTER = new HookPoint(Site.ROUTER, 2);
    private static final HookPoint WEIGHTS = new HookPoint(Site.EXPERT_WEIGHTS, 2);
    private static final HookPoint OUT = new HookPoint(Site.EXPERT_OUT, 2);

    private TensorScope scope;
    private LoadedTransformer model;

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
        model = LoadedTransformer.open(Golden.folder().resolve("families/qwen3_moe"), TestDevice.current(), DType.FP64);
    }

    @AfterEach
    void close() {
        model.close();
        scope.close();
    }

    private record Replace(HookPoint at, UnaryOperator<Tensor> by) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(at);
        }

        @Override
        public Action bind(ModelConfig config, Device device, DType dtype) {
            return (point, activation, layout) -> by.apply(activation);
        }
    }

    private Run run(Set<HookPoint> reading, Hook... hooks) {
        return model.forward()
                .run(TokenBatch.of(IDS), RunOptions.reading(reading), List.of(hooks), new int[] {IDS.length});
    }

    /** A tensor `[1, tokens, 8]` with 1 at one expert of every token. */
    private static Tensor only(int expert, Tensor like) {
        double[] values = new double[(int) like.shape().elements()];
        for (int at = expert; at < values.length; at += 8) {
            values[at] = 1;
        }
        return Tensor.of(values, like.shape().toArray()).to(like.dtype()).to(like.device());
    }

    @Test
    void layers_with_experts_have_hook_points_of_their_own() {
        assertThat(model.config().experts()).isEqualTo(new ModelConfig.Experts(8, 2, 48, 0, 3));
        assertThat(model.forward().sites(1)).isEqualTo(Site.OF_DENSE_BLOCKS);
        assertThat(model.forward().sites(2)).contains(Site.ROUTER, Site.MLP_OUT).doesNotContain(Site.MLP_PRE);
        Hook inside = new Replace(new HookPoint(Site.MLP_POST, 2), x -> x);
        assertThatThrownBy(() -> model.forward().requireFits(List.of(inside)))
                .hasMessageContaining("hook point: blocks.2.mlp.hook_post")
                .hasMessageContaining("hook_resid_mid, mlp.hook_router, mlp.hook_expert_weights, mlp.hook_expert_out,");
        Hook router = new Replace(new HookPoint(Site.ROUTER, 1), x -> x);
        assertThatThrownBy(() -> model.forward().requireFits(List.of(router)))
                .hasMessageContaining("hook point: blocks.1.mlp.hook_router");
    }

    @Test
    void a_model_has_as_many_weights_as_its_matrices_hold() {
        long attention = 64L * 24 * (2 * 4 + 2 * 2);
        long dense = 3L * 64 * 160;
        long sparse = 8L * 3 * 64 * 48 + 8 * 64;
        assertThat(model.config().weights()).isEqualTo(4 * attention + dense + 3 * sparse + 2 * 256 * 64);
    }

    @Test
    void the_mlp_s_output_is_the_weighted_sum_of_its_experts_outputs() {
        HookPoint mlpOut = HookPoint.mlpOut(2);
        Run run = run(Set.of(ROUTER, WEIGHTS, OUT, mlpOut));
        Tensor weights = run.row(WEIGHTS, 0); // [tokens, nExperts]
        double[] each = weights.toDoubles();
        for (int token = 0; token < IDS.length; token++) {
            double[] own = Arrays.copyOfRange(each, token * 8, token * 8 + 8);
            assertThat(Arrays.stream(own).filter(w -> w > 0).count()).isEqualTo(2);
            assertThat(Arrays.stream(own).sum()).isCloseTo(1, within(1e-12));
        }
        Tensor sum = run.row(OUT, 0).times(weights.unsqueeze(-1)).sum(1, false);
        assertThatTensor(sum).isCloseTo(run.row(mlpOut, 0), Tolerance.FP64);
        assertThatTensor(run(Set.of(mlpOut)).row(mlpOut, 0)).isCloseTo(sum, Tolerance.FP64);
    }

    @Test
    void a_router_that_is_told_so_chooses_an_expert() {
        Run run = run(Set.of(WEIGHTS), new Replace(ROUTER, x -> only(3, x).times(100)));
        assertThat(Arrays.stream(run.row(WEIGHTS, 0).narrow(-1, 3, 1).toDoubles())
                        .min()
                        .orElse(0))
                .isCloseTo(1, within(1e-12));
    }

    @Test
    void an_expert_runs_where_its_weight_says_so_and_nowhere_else() {
        Run run = run(Set.of(OUT, HookPoint.mlpOut(2)), new Replace(WEIGHTS, x -> only(5, x)));
        Tensor out = run.row(OUT, 0); // [tokens, nExperts, dModel]
        assertThatTensor(out.select(1, 5)).isCloseTo(run.row(HookPoint.mlpOut(2), 0), Tolerance.FP64);
        assertThat(out.narrow(1, 0, 5).toDoubles()).containsOnly(0);
        Run none = run(Set.of(HookPoint.mlpOut(2)), new Replace(WEIGHTS, x -> x.times(0)));
        assertThat(none.row(HookPoint.mlpOut(2), 0).toDoubles()).containsOnly(0);
    }

    @Test
    void what_an_expert_is_said_to_compute_counts() {
        HookPoint mlpOut = HookPoint.mlpOut(2);
        Tensor free = run(Set.of(mlpOut)).row(mlpOut, 0);
        Tensor halved = run(Set.of(mlpOut), new Replace(OUT, x -> x.times(0.5))).row(mlpOut, 0);
        assertThatTensor(halved.times(2)).isCloseTo(free, Tolerance.FP64);
    }
}
