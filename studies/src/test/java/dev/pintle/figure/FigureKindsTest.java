package dev.pintle.figure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.Message;
import dev.pintle.text.SpecialTokens;
import dev.pintle.text.Token;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of figure, from real activations; the pictures stay in {@code target/figures} to be looked at. */
class FigureKindsTest {
    private static final Map<String, Figure> FIGURES = new LinkedHashMap<>();
    private static final int LAYERS = 8;

    @BeforeAll
    static void draw() {
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
                SparseAutoencoder sae =
                        SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
                TensorScope scope = TensorScope.open("figures")) {
            SteeringVector pirate = SteeringVector.fit(
                    model,
                    HookPoint.residPost(3),
                    Contrast.allPositions(ContrastPair.ofSystemPrompts(
                            "The assistant should talk like a pirate.", "The assistant should act normally.")));
            String chat = model.chatTemplate()
                    .render(
                            List.of(
                                    Message.user("Tell me about the whale."),
                                    Message.assistant(
                                            "Ahoy there! Th' whale be a huge beast. By Davy Jones' locker, matey!")),
                            ChatOptions.messagesOnly());
            List<String> tokens = model.tokenizer().tokens(chat, SpecialTokens.NONE).stream()
                    .map(Token::text)
                    .toList();
            int[] ids = model.tokenizer().encode(chat, SpecialTokens.NONE);
            int[] layers = IntStream.range(0, LAYERS).toArray();
            var run = model.run(
                    TokenBatch.of(ids),
                    RunOptions.reading(
                            Arrays.stream(layers).mapToObj(HookPoint::residPost).toList()));
            double[][] cosines = new double[LAYERS][ids.length];
            double[] norms = new double[ids.length];
            for (int layer : layers) {
                for (int t = 0; t < ids.length; t++) {
                    Vec activation =
                            run.row(HookPoint.residPost(layer), 0).select(0, t).toVec();
                    cosines[layer][t] = activation.cosine(pirate.direction());
                    norms[t] = layer == 3 ? activation.norm() : norms[t];
                }
            }
            List<double[]> latents = new ArrayList<>();
            for (int t : new int[] {20, ids.length - 3}) {
                double[] all = sae.encode(run.row(HookPoint.residPost(3), 0).select(0, t))
                        .toDoubles();
                latents.add(Arrays.stream(all).filter(a -> a > 0).toArray());
            }
            double[] coordinates = doubles(pirate.direction());
            double[] decoded = doubles(sae.decode(sae.encode(pirate.direction().times(10))));
            all(tokens, layers, cosines, norms, latents, coordinates, decoded);
        }
    }

    private static Figure figure(String kind) {
        return Objects.requireNonNull(FIGURES.get(kind));
    }

    private static double[] doubles(Vec vector) {
        return IntStream.range(0, vector.size()).mapToDouble(vector::get).toArray();
    }

    private static void all(
            List<String> tokens,
            int[] layers,
            double[][] cosines,
            double[] norms,
            List<double[]> latents,
            double[] coordinates,
            double[] decoded) {
        FIGURES.put(
                "heat",
                new HeatMap(
                        "Cosine with the pirate vector, by layer", "Heat map.", "", tokens, layers, cosines, "cosine"));
        FIGURES.put(
                "two-axes",
                new TwoAxisFigure(
                        "Cosine and length along the answer",
                        "Two lines.",
                        tokens,
                        new TwoAxisFigure.Side("cosine with the pirate vector", cosines[3]),
                        new TwoAxisFigure.Side("length of the activation", norms)));
        FIGURES.put(
                "strip",
                new TokenStrip(
                        "Where the pirate is",
                        "Coloured text.",
                        tokens,
                        cosines[3],
                        "cosine with the pirate vector at layer 3"));
        FIGURES.put(
                "strip-positive",
                new TokenStrip(
                        "How long activations are",
                        "Coloured text.",
                        tokens.subList(5, tokens.size()),
                        Arrays.copyOfRange(norms, 5, norms.length),
                        "length of the activation at layer 3"));
        FIGURES.put(
                "scatter",
                new ScatterFigure(
                        "A vector and its reconstruction, coordinate by coordinate",
                        "Scatter.",
                        "coordinate of the vector",
                        "coordinate of the reconstruction",
                        List.of(
                                new ScatterFigure.Group(
                                        "first half",
                                        Arrays.copyOf(coordinates, 128),
                                        Arrays.copyOf(decoded, 128),
                                        List.of(new ScatterFigure.PointLabel(7, "7"))),
                                new ScatterFigure.Group(
                                        "second half",
                                        Arrays.copyOfRange(coordinates, 128, 256),
                                        Arrays.copyOfRange(decoded, 128, 256))),
                        true));
        FIGURES.put(
                "densities",
                new DensityFigure(
                        "Cosine with the pirate vector, by layer",
                        "Densities.",
                        "cosine",
                        24,
                        List.of(
                                new DensityFigure.Sample("layer 1", cosines[1]),
                                new DensityFigure.Sample("layer 3", cosines[3]),
                                new DensityFigure.Sample("layer 6", cosines[6])),
                        List.of(new Marker(0, "no effect"))));
        FIGURES.put(
                "histogram",
                new HistogramFigure(
                        "Active latents of one token",
                        "Histogram.",
                        "activation",
                        "latents",
                        latents.get(1),
                        20,
                        List.of(
                                new Marker(0.5, "first"),
                                new Marker(0.7, "second, near the first"),
                                new Marker(Axes.max(latents.get(1)), "largest"))));
        double[] strengths = {0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0};
        FIGURES.put(
                "sweep",
                new SweepFigure(
                        "Share of answers in style",
                        "Sweep.",
                        "strength in mean activation norms",
                        LineFigure.Scale.share("share"),
                        List.of(
                                new SweepFigure.Curve(
                                        "after-last-difference",
                                        strengths,
                                        new double[] {0, 0.1, 0.6, 0.9, 0.85, 0.6, 0.1},
                                        new double[] {0, 0, 0.4, 0.75, 0.7, 0.4, 0},
                                        new double[] {0.1, 0.25, 0.75, 1, 0.95, 0.75, 0.25}),
                                new SweepFigure.Curve(
                                        "all-positions",
                                        strengths,
                                        new double[] {0, 0, 0.2, 0.5, 0.6, 0.4, 0.2},
                                        new double[] {0, 0, 0.1, 0.3, 0.4, 0.2, 0.1},
                                        new double[] {0.1, 0.1, 0.4, 0.7, 0.8, 0.6, 0.4})),
                        List.of(new Marker(0.45, "proposed"))));
    }

    @Test
    void names_of_bars_begin_at_one_line_and_long_ones_are_cut() {
        String svg = new BarFigure(
                        "Bars",
                        "d",
                        "x",
                        List.of(
                                new BarFigure.Bar("short", 3),
                                new BarFigure.Bar("short", -1),
                                new BarFigure.Bar("a longer name than that", 2),
                                new BarFigure.Bar("a name without end ".repeat(10), 1)))
                .toSvg(Theme.LIGHT);
        Matcher names =
                Pattern.compile("<text[^>]*? x=\"20\"[^>]*>([^<]*)</text").matcher(svg.replace("\n", " "));
        List<String> found = names.results().map(name -> name.group(1).strip()).toList();
        assertThat(found).startsWith("Bars", "short", "short", "a longer name than that"); // as the title does
        assertThat(found.get(4)).startsWith("a name without end").endsWith("…");
    }

    @Test
    void every_kind_is_drawn_in_both_themes() throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "figures"));
        for (Map.Entry<String, Figure> entry : FIGURES.entrySet()) {
            for (Theme theme : Theme.values()) {
                Figure figure = entry.getValue();
                figure.write(
                        folder.resolve(entry.getKey() + "-" + theme.name().toLowerCase(java.util.Locale.ROOT) + ".png"),
                        theme);
                figure.write(folder.resolve(entry.getKey() + ".svg"), theme);
                BufferedImage image = ImageIO.read(new ByteArrayInputStream(figure.toPng(theme)));
                assertThat(image.getWidth()).isEqualTo(2 * figure.width());
                assertThat(image.getHeight()).isEqualTo(2 * figure.height());
                assertThat(image.getRGB(1, 1) & 0xFFFFFF)
                        .isEqualTo(theme.ground().getRGB() & 0xFFFFFF);
                assertThat(figure.toSvg(theme)).contains(">" + figure.title().replace("'", "&apos;") + "</text");
            }
        }
    }

    @Test
    void tokens_can_be_read_on_axes_and_in_strips() {
        for (String kind : List.of("heat", "two-axes", "strip")) {
            assertThat(figure(kind).toSvg(Theme.LIGHT)).contains(">·whale<", ">↵↵<", ">‹eot_id›<");
        }
        assertThat(TokenText.shown(" a\u0000\u202eb")).isEqualTo("·a\ufffd\ufffdb");
        assertThat(TokenText.shown("supercalifragilistic")).isEqualTo("supercalifragilis…");
    }

    @Test
    void ink_on_every_colour_of_a_ramp_can_be_read() {
        for (Theme theme : Theme.values()) {
            for (Ramp ramp : List.of(theme.sequential(0, 1), theme.diverging(1))) {
                for (double value = ramp.from(); value <= ramp.to(); value += 0.01) {
                    double a = luminance(ramp.color(value));
                    double b = luminance(ramp.inkOn(value));
                    assertThat((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05))
                            .isGreaterThan(4.4);
                }
            }
        }
    }

    private static double luminance(java.awt.Color color) {
        double[] weights = {0.2126, 0.7152, 0.0722};
        int[] channels = {color.getRed(), color.getGreen(), color.getBlue()};
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double share = channels[i] / 255.0;
            sum += weights[i] * (share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    @Test
    void odd_data_are_drawn_too() {
        double[] holes = {Double.NaN, 1, Double.POSITIVE_INFINITY};
        List<String> tokens = List.of("a", "b", "c");
        List<Figure> odd = List.of(
                new HistogramFigure("t", "d", "x", "y", new double[0], 10, List.of()),
                new HistogramFigure("t", "d", "x", "y", holes, 10, List.of()),
                new DensityFigure("t", "d", "x", 10, List.of(new DensityFigure.Sample("s", holes)), List.of()),
                new TokenStrip("t", "d", tokens, holes, "u"),
                new TokenStrip("t", "d", List.of(), new double[0], "u"),
                new HeatMap("t", "d", "x", tokens, new int[] {5}, new double[][] {holes}, "u"),
                new HeatMap("t", "d", "x", tokens, new int[] {5}, new double[][] {{2, 2, 2}}, "u"),
                new TwoAxisFigure(
                        "t", "d", tokens, new TwoAxisFigure.Side("l", holes), new TwoAxisFigure.Side("r", holes)),
                new SweepFigure(
                        "t",
                        "d",
                        "x",
                        LineFigure.Scale.logarithmic("y"),
                        List.of(new SweepFigure.Curve("c", new double[] {0, 1, 2}, holes, holes, holes)),
                        List.of()),
                new ScatterFigure("t", "d", "x", "y", List.of(new ScatterFigure.Group("g", holes, holes)), true));
        for (Figure figure : odd) {
            assertThat(figure.toPng(Theme.DARK)).isNotEmpty();
        }
    }

    @Test
    void rows_of_a_heat_map_are_layers_or_what_they_are_said_to_be() {
        int[] rows = {5, 691};
        double[][] values = {{1, 2}, {3, 4}};
        assertThat(new HeatMap("t", "d", "x", List.of("a", "b"), rows, values, "u").toSvg(Theme.LIGHT))
                .contains(">layer<", ">691<");
        assertThat(new HeatMap("t", "d", "x", List.of("a", "b"), "latent read", rows, values, "u").toSvg(Theme.LIGHT))
                .contains(">latent read<", ">691<")
                .doesNotContain(">layer<");
    }

    @Test
    void bins_count_every_finite_value_once() {
        Bins bins = Bins.over(4, List.of(new double[] {0, 1, 2, 3, 4, Double.NaN}));
        assertThat(bins.counts(new double[] {0, 1, 2, 3, 4})).containsExactly(1, 1, 1, 2);
        assertThat(Arrays.stream(bins.densities(new double[] {0, 1, 2, 3, 4})).sum() * bins.width())
                .isEqualTo(1);
    }

    @Test
    void a_file_of_another_kind_is_refused(@TempDir Path folder) {
        assertThatThrownBy(() -> figure("heat").write(folder.resolve("figure.pdf"), Theme.LIGHT))
                .hasMessage(
                        "A figure is written as SVG or PNG.\n  expected: a name that ends in .svg or .png\n  but was:  "
                                + folder.resolve("figure.pdf"));
    }
}
