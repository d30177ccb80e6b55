package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import dev.pintle.base.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Text: a given text, token by token. */
class TextTest extends BrowserTest {
    private static final String TEXT = "The whale is blue. Arr, matey!";

    @BeforeEach
    void pirate() throws InterruptedException {
        server().fitPirate();
    }

    private static final double LONGEST_READ = 90_000; // milliseconds, for 4,000 tokens on a busy machine

    private static Locator tokens(Page page) {
        return page.locator(".tokens .token");
    }

    private Page read(String text) {
        Page page = open("#/text", View.WIDE_LIGHT);
        page.locator("[data-text]").fill(text);
        assertThat(tokens(page).or(page.locator(".trouble")).first())
                .isVisible(new LocatorAssertions.IsVisibleOptions().setTimeout(LONGEST_READ));
        assertThat(page.locator(".trouble")).hasCount(0);
        return page;
    }

    private static void colourBy(Page page, String key) {
        page.getByLabel("Colour by").selectOption(key);
    }

    private static JsonNode score() {
        return server().json(
                        "POST",
                        "/pintle/v1/score",
                        Json.line(Json.object().put("model", "parley-7m").put("text", TEXT)))
                .get("tokens");
    }

    /** Significant digits, as pages print them. */
    private static String shown(double value, int digits) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        String text = Math.abs(value) < 1e-4
                ? "%se%d"
                        .formatted(
                                rounded.movePointRight(-exponent(rounded)).setScale(digits - 1, RoundingMode.HALF_EVEN),
                                exponent(rounded))
                : rounded.stripTrailingZeros().toPlainString();
        return text.replace('-', '−');
    }

    private static int exponent(BigDecimal number) {
        return number.precision() - number.scale() - 1;
    }

    @ParameterizedTest
    @EnumSource
    void an_example_is_read_coloured_and_mapped(View view) {
        Page page = open("#/text", view);
        assertThat(page.locator(".page.text")).isVisible();
        assertThat(weight(page)).as("bytes of script and style").isLessThan(150_000);
        page.getByText("Read an example").click();
        assertThat(tokens(page).first()).isVisible();
        colourBy(page, "on:pirate");
        assertThat(page.locator(".heat rect").first()).isVisible();
        assertThat(tokens(page).nth(18)).hasAttribute("aria-label", Pattern.compile("!, projection on pirate .*"));
        picture(page, "text", view);
        requireAccessible(page);
    }

    @Test
    void numbers_are_those_of_the_api() {
        Page page = read(TEXT);
        JsonNode scored = score();
        assertThat(tokens(page)).hasCount(scored.size());
        for (int i = 1; i < scored.size(); i++) {
            double surprise = -scored.get(i).get("logprob").asDouble();
            assertThat(tokens(page).nth(i).getAttribute("aria-label")).endsWith(", surprise " + shown(surprise, 3));
        }
        colourBy(page, "on:pirate");
        JsonNode projected = server().json(
                        "POST",
                        "/v1/completions",
                        Json.line(Json.object()
                                .put("model", "parley-7m")
                                .put("prompt", TEXT)
                                .put("max_tokens", 1)
                                .set(
                                        "tokens",
                                        Json.object()
                                                .set("project", Json.array().add("pirate")))))
                .at("/choices/0/pintle/project/pirate");
        for (int i = 0; i < scored.size(); i++) {
            assertThat(tokens(page).nth(i))
                    .hasAttribute(
                            "aria-label",
                            Pattern.compile(".*, projection on pirate "
                                    + shown(projected.get(i).asDouble(), 3).replace(".", "\\.")));
        }
    }

    @Test
    void the_keyboard_reaches_tokens_spans_and_latents() {
        Page page = read(TEXT);
        tokens(page).nth(2).click();
        assertThat(page.locator(".inspector h2")).hasText("Token 2");
        page.keyboard().press("ArrowRight");
        assertThat(page.locator(".inspector h2")).hasText("Token 3");
        assertThat(page.locator(".inspector .bars li").first()).isVisible();
        String first = page.locator(".latent-of-token b").innerText();
        page.keyboard().press("ArrowDown");
        assertThat(page.locator(".latent-of-token b")).not().hasText(first);
        page.keyboard().press("Shift+ArrowRight");
        page.keyboard().press("Shift+ArrowRight");
        JsonNode scored = score();
        double mean = -(scored.get(3).get("logprob").asDouble()
                        + scored.get(4).get("logprob").asDouble()
                        + scored.get(5).get("logprob").asDouble())
                / 3;
        assertThat(page.locator(".measure")).containsText("Tokens 3 to 5: mean surprise " + shown(mean, 4));
        page.keyboard().press("s");
        assertThat(page.locator(".entry")).hasCount(1);
        page.keyboard().press("Escape");
        assertThat(page.locator(".inspector")).hasCount(0);
        page.keyboard().press("g");
        page.keyboard().press("c");
        assertThat(page.locator("h1")).hasText("Chat");
    }

    @Test
    void a_latent_colours_all_tokens_where_it_is_active() {
        Page page = read(TEXT);
        tokens(page).nth(2).click();
        page.getByText("All tokens where it is active").click();
        assertThat(page.getByLabel("Colour by")).hasValue("latent");
        assertThat(tokens(page).nth(2))
                .hasAttribute("aria-label", Pattern.compile(".*, latent \\d+ [1-9].*|.*, latent \\d+ 0\\.\\d+"));
        for (String key : new String[] {"leftout", "norm"}) {
            colourBy(page, key);
            assertThat(tokens(page).nth(3))
                    .hasAttribute("aria-label", Pattern.compile(".*(leaves out|residual stream) \\d.*"));
        }
    }

    @Test
    void two_texts_show_where_they_differ() {
        Page page = read(TEXT);
        page.getByText("Compare with another text").click();
        page.getByLabel("Second text").fill("The whale is huge. Arr, matey!");
        assertThat(page.locator(".tokens .strip")).hasCount(2);
        assertThat(page.locator(".tokens .strip").nth(1).locator(".marked")).hasText(Pattern.compile(" ?huge"));
        requireAccessible(page);
    }

    @Test
    void the_address_brings_numbers_back_and_reading_again_agrees() {
        Page page = read(TEXT);
        awaitAddress(page);
        List<String> asked = new CopyOnWriteArrayList<>();
        page.onRequest(request -> asked.add(request.url()));
        page.reload();
        assertThat(tokens(page)).hasCount(score().size());
        assertThat(asked).noneMatch(url -> url.endsWith("/score"));
        page.getByText("Read again").click();
        assertThat(page.locator(".messages")).containsText("the same, to the bit");
    }

    @Test
    void hostile_text_is_shown_as_text() {
        Page page =
                read("<script>window.hit=1</script><img src=x onerror=window.hit=1> \u202Egnitirw \u0007 {{x}} ${x}");
        assertThat(page.locator(".tokens .strip")).containsText("<script>");
        assertThat(page.locator(".tokens .strip").innerText())
                .doesNotContain("\u202E", "\u0007")
                .contains("␇");
        assertThat(page.locator(".tokens img, .tokens script")).hasCount(0);
        assertThat(page.evaluate("window.hit === undefined")).isEqualTo(true);
        requireAccessible(page);
    }

    private static String longText(int sentences) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sentences; i++) {
            text.append(i % 5 == 0 ? "Arr, the whale be blue." : "The whale is blue.")
                    .append(i % 8 == 7 ? "\n" : " ");
        }
        return text.toString();
    }

    @Test
    void a_map_of_more_than_20000_cells_is_a_canvas_with_the_numbers_of_the_tokens() throws Exception {
        Page page = read(longText(345));
        colourBy(page, "on:pirate");
        Locator map = page.locator(".heat");
        assertThat(map.locator("canvas")).isVisible();
        int wide = ((Number) map.locator("canvas").evaluate("canvas => canvas.width")).intValue();
        int high = ((Number) map.locator("canvas").evaluate("canvas => canvas.height")).intValue();
        assertThat(wide * high).isGreaterThan(20_000);
        assertThat(tokens(page)).hasCount(wide);
        for (View view : List.of(View.WIDE_LIGHT, View.PHONE_DARK)) { // one reading, looked at twice
            look(page, view);
            map.scrollIntoViewIfNeeded();
            picture(page, "text-map", view);
            Object covered = map.evaluate("""
                    heat => {
                      const canvas = heat.querySelector('canvas').getBoundingClientRect(), labels = [...heat.querySelectorAll('text')]
                        .filter(text => /^\\d$/.test(text.textContent)).map(text => text.getBoundingClientRect());
                      return labels.every(box => box.bottom > canvas.top && box.top < canvas.bottom);
                    }""");
            assertThat(covered)
                    .as("each layer's number stands beside the canvas")
                    .isEqualTo(true);
            map.focus();
            map.press("ArrowRight");
            assertThat(map)
                    .hasAttribute("aria-label", Pattern.compile(".*chosen: layer \\d, .*projection on pirate −?\\d.*"));
        }
        requireAccessible(page, ".tokens .token:nth-child(n + 100)"); // which are like those before

        look(page, View.WIDE_LIGHT);
        Locator panel = page.locator(".panel[aria-label='Layers by tokens']");
        panel.getByLabel("Export").click();
        java.nio.file.Path png = page.waitForDownload(
                        () -> panel.locator("[role=menuitem]", new Locator.LocatorOptions().setHasText("PNG"))
                                .click())
                .path();
        java.awt.image.BufferedImage image = javax.imageio.ImageIO.read(png.toFile());
        assertThat(image.getWidth()).isBetween(4 * wide, 16_384);
        assertThat(java.util.stream.IntStream.range(0, image.getWidth())
                        .map(x -> image.getRGB(x, image.getHeight() / 2))
                        .distinct()
                        .count())
                .isGreaterThan(10);
    }

    @Test
    void a_text_of_4000_tokens_scrolls() {
        Page page = read(longText(530));
        int count = tokens(page).count();
        assertThat(count).isBetween(3800, 4096);
        Object frames = page.evaluate("""
                async () => {
                  const main = document.getElementById('main'), times = [];
                  let last = performance.now();
                  for (let i = 0; i < 60; i++) {
                    main.scrollBy(0, 60);
                    await new Promise(requestAnimationFrame);
                    const now = performance.now();
                    times.push(now - last);
                    last = now;
                  }
                  return times.sort((a, b) => a - b)[30];
                }""");
        requireAbout("milliseconds a frame while " + count + " tokens scroll", ((Number) frames).doubleValue(), 50);
    }
}
