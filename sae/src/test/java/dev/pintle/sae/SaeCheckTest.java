package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.PintleException;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class SaeCheckTest {
    private static final HookPoint AT = HookPoint.residPost(3);
    private static LanguageModel model;
    private static SparseAutoencoder parley;
    private static Texts texts;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        parley = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
        texts = Texts.of(Golden.parley().resolve("texts.jsonl"));
    }

    @AfterAll
    static void close() {
        parley.close();
        model.close();
    }

    /** The embedded autoencoder with something wrong about it. */
    private static SparseAutoencoder altered(UnaryOperator<Weights> change) {
        TensorScope owner = TensorScope.owner("altered");
        try (TensorScope scope = TensorScope.open("alter")) {
            Weights weights = change.apply(parley.weights());
            owner.adopt(weights.encoder().stored());
            owner.adopt(weights.decoder().stored());
            owner.adopt(weights.decoderBias());
            return new SparseAutoencoder(
                    parley.origin(), weights, weights.sparsity().on(Device.CPU).ownedBy(owner), owner);
        }
    }

    private static Weights scaled(Weights w, double factor) {
        return new Weights(
                new LatentMatrix(
                        w.encoder().stored().times(1 / factor), w.encoder().axes()),
                w.encoderBias(),
                new LatentMatrix(w.decoder().stored().times(factor), w.decoder().axes()),
                w.decoderBias().times(factor),
                w.subtractsBias(),
                w.normalisation(),
                null,
                w.sparsity());
    }

    @Test
    void the_embedded_autoencoder_is_well_in_its_place() {
        SaeCheck.Report report = new SaeCheck(model, parley, AT).run(texts, 1500);
        assertThat(report.tokens()).isBetween(1500L, 1800L);
        assertThat(report.numbers().varianceExplained()).isBetween(0.6, 1.0);
        assertThat(report.numbers().meanL0()).isBetween(1.0, 200.0);
        assertThat(report.numbers().firing()).isBetween(0.2, 1.0);
        assertThat(report.trials()).isEmpty();
        assertThat(report.suggestions()).isEmpty();
    }

    @Test
    void the_numbers_are_those_of_their_formulas() throws IOException {
        Path one = Files.writeString(folder.resolve("one.txt"), "The whale sings to the moon.\n");
        SaeCheck.Report report = new SaeCheck(model, parley, AT).run(Texts.of(one), 1000);
        int[] ids = Texts.of(one).open().next().tokens(model.text());
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor all = model.run(
                            dev.pintle.transformer.TokenBatch.of(ids), dev.pintle.transformer.RunOptions.reading(AT))
                    .row(AT, 0);
            int n = ids.length - 1; // without the beginning-of-sequence token
            double errors = 0;
            double spread = 0;
            double active = 0;
            double[][] x = new double[n][];
            double[] mean = new double[256];
            for (int t = 0; t < n; t++) {
                x[t] = all.select(0, t + 1).toDoubles();
                for (int d = 0; d < 256; d++) {
                    mean[d] += x[t][d] / n;
                }
            }
            for (int t = 0; t < n; t++) {
                double[] f = parley.encode(all.select(0, t + 1)).toDoubles();
                double[] back =
                        parley.decode(parley.encode(all.select(0, t + 1))).toDoubles();
                active += java.util.Arrays.stream(f).filter(v -> v > 0).count();
                for (int d = 0; d < 256; d++) {
                    errors += Math.pow(x[t][d] - back[d], 2);
                    spread += Math.pow(x[t][d] - mean[d], 2);
                }
            }
            assertThat(report.tokens()).isEqualTo(n);
            assertThat(report.numbers().meanL0()).isCloseTo(active / n, within(1e-9));
            assertThat(report.numbers().varianceExplained()).isCloseTo(1 - errors / spread, within(1e-5));
        }
    }

    @Test
    void a_place_behind_the_last_block_has_no_neighbours() {
        SaeCheck.Report report = new SaeCheck(model, parley, HookPoint.normalized()).run(texts, 600);
        assertThat(report.trials()).hasSizeLessThan(4); // the place itself, a factor, and no mean
    }

    @Test
    void another_layer_is_found_out() {
        SaeCheck.Report report = new SaeCheck(model, parley, HookPoint.residPost(5)).run(texts, 600);
        assertThat(report.trials()).hasSize(7); // five layers, a factor, and no mean
        assertThat(report.suggestions())
                .anyMatch(text -> text.startsWith("Much more is explained at blocks.3.hook_resid_post (")
                        && text.endsWith("): wrong layer."));
    }

    @Test
    void a_missing_normalisation_is_found_out() {
        double norm = new SaeCheck(model, parley, AT).run(texts, 600).meanNorm();
        try (SparseAutoencoder sae = altered(w -> scaled(w, Math.sqrt(256) / norm))) {
            SaeCheck.Report report = new SaeCheck(model, sae, AT).run(texts, 600);
            assertThat(report.suggestions())
                    .anyMatch(text -> text.startsWith("Much more is explained activations times ")
                            || text.endsWith("missing normalisation."));
        }
    }

    @Test
    void a_threshold_in_another_scale_is_found_out() {
        double[] high = new double[parley.dSae()];
        java.util.Arrays.fill(high, 1e4);
        try (SparseAutoencoder sae =
                altered(w -> scaled(w, 1).with(new Sparsity.JumpRelu(dev.pintle.tensor.Vec.of(high))))) {
            SaeCheck.Report report = new SaeCheck(model, sae, AT).run(texts, 300);
            assertThat(report.numbers().meanL0()).isZero();
            assertThat(report.suggestions())
                    .contains("Hardly any latent fires: the threshold is on a different scale than the activations, or"
                            + " a normalisation is missing.");
        }
    }

    @Test
    void no_text_is_no_answer() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.txt"), "");
        assertThatThrownBy(() -> new SaeCheck(model, parley, AT).run(Texts.of(empty), 100))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("The texts contain nothing to check with.");
    }
}
