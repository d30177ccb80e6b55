package dev.pintle.evaluation.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.PintleException;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.sae.LatentAgreement;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Document;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.text.ModelText;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class ModelComparisonTest {
    private static final LoadOptions PLAIN = LoadOptions.of(Device.CPU, DType.FP32);
    private static final LoadOptions INT4 = PLAIN.quantising(Quantisation.INT4);
    private static final String TEXT = "The king went to the sea, and the dog ran after him. It was a cold day.";
    private static final Path SAE = Golden.parley().resolve("parley-7m-sae-l3.pth");

    @TempDir
    Path folder = Path.of("");

    private static ModelWeights parley(String name, LoadOptions options) {
        return of(name, Golden.parley(), options);
    }

    private static ModelWeights of(String name, Path folder, LoadOptions options) {
        return new ModelWeights(name, folder, () -> LanguageModel.load(folder.toString(), options));
    }

    private static ModelComparison on(String text) {
        List<Document> texts = List.of(new Document.Plain(text));
        return ModelComparison.on(texts.iterator(), 512, 1000);
    }

    @Test
    @Tag("slow")
    void a_model_differs_from_itself_by_exactly_nothing() {
        try (SparseAutoencoder sae = SparseAutoencoder.load(SAE, Device.CPU)) {
            ModelDifference found =
                    on(TEXT).withLatents(sae, true).run(parley("one", PLAIN), parley("other", PLAIN), Progress.SILENT);
            assertThat(found.layers())
                    .hasSize(8)
                    .allSatisfy(
                            layer -> assertThat(layer).isEqualTo(new ModelDifference.Layer(layer.layer(), 1, 1, 0, 0)));
            ModelDifference.NextToken next = found.next();
            assertThat(next.meanDivergence()).isZero();
            assertThat(next.highDivergence()).isZero();
            assertThat(next.agreement()).isEqualTo(1);
            assertThat(next.perplexityOfB()).isEqualTo(next.perplexityOfA());
            LatentAgreement.Report latents = Objects.requireNonNull(found.latents());
            assertThat(latents.appear() + latents.vanish() + latents.changed() + latents.relativeChange())
                    .isZero();
            assertThat(latents.bands())
                    .hasSize(4)
                    .allSatisfy(
                            band -> assertThat(band.survive() + band.close()).isEqualTo(2));
        }
    }

    /** What a model computes of a text, without its first token, as plain arrays. */
    private record Captured(int[] ids, double[][][] resid, double[][] logProbabilities, double[][] latents) {
        static Captured of(LoadOptions options, SparseAutoencoder sae) {
            try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), options);
                    TensorScope scope = TensorScope.open("captured by hand")) {
                int[] ids = model.tokenizer().encode(TEXT);
                TreeSet<HookPoint> points = new TreeSet<>();
                for (int layer = 0; layer < 8; layer++) {
                    points.add(HookPoint.residPost(layer));
                }
                Run run =
                        model.run(TokenBatch.of(ids), RunOptions.reading(points).withLogits(RunOptions.Logits.ALL));
                double[][][] resid = new double[8][][];
                Arrays.setAll(resid, layer -> rows(run.row(HookPoint.residPost(layer), 0)));
                return new Captured(
                        ids,
                        resid,
                        rows(run.logits().select(0, 0).to(DType.FP64).logSoftmax()),
                        rows(sae.encode(run.row(sae.place(), 0))));
            }
        }

        private static double[][] rows(Tensor tensor) {
            double[] all = tensor.toDoubles();
            int width = Math.toIntExact(tensor.size(1));
            double[][] rows = new double[all.length / width - 1][];
            Arrays.setAll(rows, t -> Arrays.copyOfRange(all, (t + 1) * width, (t + 2) * width));
            return rows;
        }

        double perplexity() {
            double sum = 0;
            for (int t = 2; t < ids.length; t++) {
                sum -= logProbabilities[t - 2][ids[t]];
            }
            return Math.exp(sum / (ids.length - 2));
        }
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    private static double[] minus(double[] x, double[] y) {
        double[] difference = x.clone();
        Arrays.setAll(difference, i -> x[i] - y[i]);
        return difference;
    }

    private static int argmax(double[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @Test
    void numbers_are_those_of_a_plain_computation_from_two_captures() {
        try (SparseAutoencoder sae = SparseAutoencoder.load(SAE, Device.CPU)) {
            ModelDifference found =
                    on(TEXT).withLatents(sae, true).run(parley("fp32", PLAIN), parley("int4", INT4), Progress.SILENT);
            Captured a = Captured.of(PLAIN, sae);
            Captured b = Captured.of(INT4, sae);
            int tokens = a.ids().length - 1;
            assertThat(found.tokens()).isEqualTo(tokens);
            for (ModelDifference.Layer layer : found.layers()) {
                double[][] x = a.resid()[layer.layer()];
                double[][] y = b.resid()[layer.layer()];
                double[] cosines = new double[tokens];
                double[] errors = new double[tokens];
                for (int t = 0; t < tokens; t++) {
                    double[] error = minus(x[t], y[t]);
                    cosines[t] = dot(x[t], y[t]) / Math.sqrt(dot(x[t], x[t]) * dot(y[t], y[t]));
                    errors[t] = Math.sqrt(dot(error, error) / dot(x[t], x[t]));
                }
                assertThat(layer.meanCosine()).isCloseTo(mean(cosines), within(1e-12));
                assertThat(layer.leastCosine())
                        .isCloseTo(Arrays.stream(cosines).min().orElse(0), within(1e-12));
                assertThat(layer.meanError())
                        .isCloseTo(mean(errors), within(1e-12))
                        .isBetween(0.01, 0.2);
                assertThat(layer.largestError())
                        .isCloseTo(Arrays.stream(errors).max().orElse(0), within(1e-12));
            }
            requirePredictions(found.next(), a, b);
            requireLatents(Objects.requireNonNull(found.latents()), a.latents(), b.latents());
        }
    }

    private static void requirePredictions(ModelDifference.NextToken next, Captured a, Captured b) {
        double[] divergences = new double[a.logProbabilities().length];
        int same = 0;
        for (int t = 0; t < divergences.length; t++) {
            double[] p = a.logProbabilities()[t];
            double[] q = b.logProbabilities()[t];
            divergences[t] = dot(Arrays.stream(p).map(Math::exp).toArray(), minus(p, q));
            same += argmax(p) == argmax(q) ? 1 : 0;
        }
        assertThat(next.meanDivergence())
                .isCloseTo(mean(divergences), within(1e-12))
                .isPositive();
        Arrays.sort(divergences);
        assertThat(next.medianDivergence()).isCloseTo(divergences[(divergences.length - 1) / 2], within(1e-12));
        assertThat(next.highDivergence()).isCloseTo(divergences[divergences.length - 1], within(1e-12));
        assertThat(next.agreement()).isEqualTo((double) same / divergences.length);
        assertThat(next.targets()).isEqualTo(a.ids().length - 2);
        assertThat(next.perplexityOfA()).isCloseTo(a.perplexity(), within(1e-12 * a.perplexity()));
        assertThat(next.perplexityOfB()).isCloseTo(b.perplexity(), within(1e-12 * b.perplexity()));
    }

    private static void requireLatents(LatentAgreement.Report found, double[][] a, double[][] b) {
        int appear = 0;
        int vanish = 0;
        int changed = 0;
        List<Double> changes = new ArrayList<>();
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                appear += a[t][i] == 0 && b[t][i] > 0 ? 1 : 0;
                vanish += a[t][i] > 0 && b[t][i] == 0 ? 1 : 0;
                if (a[t][i] > 0 && b[t][i] > 0) {
                    double change = Math.abs(b[t][i] - a[t][i]) / a[t][i];
                    changes.add(change);
                    changed += change > LatentAgreement.CHANGED ? 1 : 0;
                }
            }
        }
        double active = changes.size() + vanish;
        assertThat(found.active()).isCloseTo(active / a.length, within(1e-9));
        assertThat(found.activeInOther()).isCloseTo((changes.size() + appear) / (double) a.length, within(1e-9));
        assertThat(found.appear())
                .isCloseTo(appear / (double) a.length, within(1e-9))
                .isPositive();
        assertThat(found.vanish())
                .isCloseTo(vanish / (double) a.length, within(1e-9))
                .isPositive();
        assertThat(found.changed())
                .isCloseTo(changed / (double) a.length, within(1e-9))
                .isPositive();
        assertThat(found.relativeChange())
                .isCloseTo(mean(changes.stream().mapToDouble(c -> c).toArray()), within(1e-5));
        double surviving = 0;
        double close = 0;
        long all = 0;
        for (LatentAgreement.Band band : found.bands()) {
            surviving += band.survive() * band.activations();
            close += band.close() * band.activations();
            all += band.activations();
        }
        assertThat(all).isEqualTo(Math.round(active));
        assertThat(surviving).isCloseTo(changes.size(), within(1e-6));
        assertThat(close).isCloseTo(changes.size() - changed, within(1e-6));
        assertThat(found.bands().get(0).to())
                .isLessThanOrEqualTo(found.bands().get(1).from());
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    @Test
    void other_sizes_and_other_vocabularies_are_refused_before_a_model_is_loaded() throws IOException {
        ModelWeights parley = new ModelWeights("parley", Golden.parley(), () -> {
            throw new AssertionError("loaded");
        });
        Path llama = Golden.folder().resolve("llama31");
        assertThatThrownBy(() -> on(TEXT).run(parley, of("llama", llama, PLAIN), Progress.SILENT))
                .isInstanceOf(PintleException.class)
                .hasMessage("The two are not weights of one model.\n  a:         parley\n  b:         llama\n"
                        + "  differ in: layers (8 and 4); dModel (256 and 64); vocabulary (2048 and 256)");
        Path other = Files.createDirectories(folder.resolve("other"));
        for (String file : List.of("config.json", "tokenizer_config.json")) {
            Files.copy(Golden.parley().resolve(file), other.resolve(file));
        }
        String tokens = Files.readString(Golden.parley().resolve("tokenizer.json"));
        Files.writeString(
                other.resolve("tokenizer.json"),
                tokens.replace("\"!\":", "\"?was!\":")
                        .replace("\"?\":", "\"!\":")
                        .replace("\"?was!\":", "\"?\":"));
        assertThatThrownBy(() -> on(TEXT).run(parley, of("other", other, PLAIN), Progress.SILENT))
                .isInstanceOf(PintleException.class)
                .hasMessageMatching("The two have different vocabularies, so their predictions cannot be compared.\n"
                        + "  a:         parley\n  b:         other\n  differ in: 2 of 2048 tokens\n"
                        + "  first:     id \\d+, ! and \\?");
    }

    @Test
    void texts_with_nothing_to_compare_are_refused() {
        assertThatThrownBy(() -> on("").run(parley("a", PLAIN), parley("b", PLAIN), Progress.SILENT))
                .isInstanceOf(PintleException.class)
                .hasMessage("The texts hold nothing to compare on.\n"
                        + "  expected: a text of at least 2 tokens, of which the first is left out");
        assertThatThrownBy(() -> ModelComparison.on(List.<Document>of().iterator(), 1, 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A comparison needs passages of at least two tokens, of which the first is left out.\n"
                        + "  longest passage: 1\n  tokens in all:   9");
    }

    @Test
    void a_long_text_is_cut_into_passages_that_begin_as_it_does() {
        try (ModelText words = new ModelText(Golden.parley(), "parley")) {
            int[] ids = words.tokenizer().encode(TEXT);
            List<int[]> passages =
                    Passages.of(List.<Document>of(new Document.Plain(TEXT)).iterator(), words, 8, 17);
            assertThat(passages)
                    .hasSize(2)
                    .allSatisfy(passage -> assertThat(passage[0]).isEqualTo(ids[0]));
            assertThat(passages.get(0)).isEqualTo(Arrays.copyOf(ids, 8));
            assertThat(Arrays.copyOfRange(passages.get(1), 1, 8)).isEqualTo(Arrays.copyOfRange(ids, 8, 15));
        }
    }
}
