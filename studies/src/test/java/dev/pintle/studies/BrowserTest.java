package dev.pintle.studies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.report.Chapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The page of a run in a real browser: desktop and phone, light and dark. */
@Tag("slow")
class BrowserTest {
    private static Optional<Chromium> browser = Optional.empty();

    @TempDir
    private static Path folder = Path.of("");

    private static Path page = Path.of("");

    @BeforeAll
    static void open() throws IOException {
        Optional<Path> program = Chromium.installed();
        assumeTrue(
                program.isPresent(),
                "Skipped: no Chromium in PATH (Debian: apt-get install chromium, or .ci/install-test-tools as root).");
        page = Files.writeString(folder.resolve("report.html"), SmallRun.page().html());
        browser = Optional.of(Chromium.start(program.orElseThrow()));
    }

    @AfterAll
    static void close() {
        browser.ifPresent(Chromium::close);
    }

    static Stream<Chromium.View> views() {
        return Stream.of(
                new Chromium.View(1280, false),
                new Chromium.View(1280, true),
                new Chromium.View(390, false),
                new Chromium.View(390, true));
    }

    @ParameterizedTest
    @MethodSource("views")
    void the_page_loads_nothing_complains_of_nothing_and_fits_the_screen(Chromium.View view) {
        Chromium chromium = browser.orElseThrow();
        chromium.open(page, view);
        assertThat(chromium.requests()).containsExactly(page.toUri().toString());
        assertFits(chromium, view);
        for (Chapter chapter : SmallRun.page().chapters()) {
            assertThat(chromium.evaluate(
                                    "document.getElementById('" + chapter.name() + "').getBoundingClientRect().height")
                            .asDouble())
                    .as(chapter.name())
                    .isGreaterThan(200);
        }
        assertThat(chromium.evaluate("[...document.images].filter(i => !i.complete || i.naturalWidth === 0).length")
                        .asInt())
                .as("images that are missing")
                .isZero();
        assertThat(chromium.evaluate(shown("light")).asInt()).isEqualTo(view.dark() ? 0 : figures(chromium));
        assertThat(chromium.evaluate(shown("dark")).asInt()).isEqualTo(view.dark() ? figures(chromium) : 0);
        chromium.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })");
        assertFits(chromium, view);
        assertThat(chromium.complaints()).isEmpty();
    }

    private static int figures(Chromium chromium) {
        return chromium.evaluate("document.querySelectorAll('figure').length").asInt();
    }

    private static String shown(String theme) {
        return "[...document.querySelectorAll('.drawing." + theme + "')]"
                + ".filter(d => d.firstElementChild.getBoundingClientRect().height > 60).length";
    }

    private static void assertFits(Chromium chromium, Chromium.View view) {
        assertThat(chromium.evaluate("document.documentElement.scrollWidth").asInt())
                .as("width of the page")
                .isLessThanOrEqualTo(view.width());
        // what is wider than the screen must be in a box that scrolls by itself
        assertThat(chromium.evaluate(
                                "[...document.querySelectorAll('main *')].filter(e => !e.closest('.drawing, .wide')"
                                        + " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))")
                        .toString())
                .isEqualTo("[]");
    }

    @ParameterizedTest
    @MethodSource("views")
    void every_text_can_be_read_on_its_ground(Chromium.View view) {
        Chromium chromium = browser.orElseThrow();
        chromium.open(page, view);
        for (String kind :
                List.of("p", "a", "mark", "td", "dt", ".badge.holds", ".badge.fails", ".badge.open", ".measured")) {
            String contrast = CONTRAST.replace("KIND", kind);
            if (chromium.evaluate("document.querySelector('main " + kind + "') !== null")
                    .asBoolean()) {
                assertThat(chromium.evaluate(contrast).asDouble())
                        .as("contrast of " + kind)
                        .isGreaterThan(4.5);
            }
        }
    }

    /** Contrast of a text with its ground by WCAG 2. */
    private static final String CONTRAST = """
            (() => {
              const e = document.querySelector('main KIND');
              const parse = c => c.match(/[\\d.]+/g).map(Number);
              const luminance = c => c.slice(0, 3).map(v => v / 255)
                  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
              let ground = e;
              while (ground && (parse(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
              const a = luminance(parse(getComputedStyle(e).color));
              const b = luminance(parse(getComputedStyle(ground ?? document.body).backgroundColor));
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            })()
            """;
}
