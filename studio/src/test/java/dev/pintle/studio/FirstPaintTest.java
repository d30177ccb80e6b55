package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Page;
import dev.pintle.testkit.Soak;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long it takes until something of a page can be seen. */
class FirstPaintTest extends BrowserTest {
    private static final int PROMISED = 300; // milliseconds
    private static final int ROUNDS = Soak.times(1, 5);

    private static double firstPaint(Page page) {
        page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length > 0"); // noted after it
        return ((Number) page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                .doubleValue();
    }

    private static double median(double[] times) {
        Arrays.sort(times);
        return times[times.length / 2];
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "#/chat",
                "#/text",
                "#/sae",
                "#/sae/parley-7m-sae-l3/146",
                "#/vectors",
                "#/vectors/pirate",
                "#/vectors/new",
                "#/sweeps",
                "#/runs",
                "#/models",
                "#/server"
            })
    void every_page_is_painted_at_once(String address) throws InterruptedException {
        server().fitPirate();
        double[] fresh = new double[ROUNDS]; // nothing is cached, and the browser starts a process for the page
        double[] again = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            Page page = open(address, View.WIDE_LIGHT);
            assertThat(page.locator("h1")).isVisible();
            fresh[i] = firstPaint(page);
            page.reload();
            assertThat(page.locator("h1")).isVisible();
            again[i] = firstPaint(page);
        }
        requireAbout("milliseconds until the first paint of " + address + " anew", median(fresh), PROMISED);
        requireAbout("milliseconds until the first paint of " + address, median(again), PROMISED);
    }
}
