package dev.pintle.studio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

/**
 * Tests that use the studio as people do, in Debian's Chromium: one server of parley-7m and one browser for all of them, a
 * fresh context (storage, cache) for each test. After each test, the page must have logged no error and have asked nothing of
 * another host. Where there is no Chromium, they are skipped and say so.
 */
@Tag("slow")
abstract class BrowserTest {
    private static final double PATIENCE = 40_000; // milliseconds
    private static final double ANOTHER_ORDER = 10;
    private static final Path PICTURES = Path.of("target", "screenshots");

    private static @Nullable Shared shared;

    private @Nullable BrowserContext context;
    private final List<String> complaints = new ArrayList<>();
    private final List<String> elsewhere = new ArrayList<>();

    /** The server and the browser, for all classes; they end with the process. */
    private record Shared(StudioServer server, Browser browser) {
        static Shared start(Path program) {
            Playwright playwright = Playwright.create(
                    new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
            Browser browser = playwright
                    .chromium()
                    .launch(new BrowserType.LaunchOptions()
                            .setExecutablePath(program)
                            .setArgs(List.of("--no-sandbox", "--disable-gpu", "--force-color-profile=srgb")));
            Path folder = folder();
            StudioServer server = StudioServer.start(folder);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                playwright.close();
                server.close();
                remove(folder);
            }));
            return new Shared(server, browser);
        }
    }

    /** How a page is looked at. */
    enum View {
        WIDE_LIGHT(1280, 860, ColorScheme.LIGHT),
        WIDE_DARK(1280, 860, ColorScheme.DARK),
        PHONE_LIGHT(390, 844, ColorScheme.LIGHT),
        PHONE_DARK(390, 844, ColorScheme.DARK);

        final int width;
        final int height;
        final ColorScheme theme;

        View(int width, int height, ColorScheme theme) {
            this.width = width;
            this.height = height;
            this.theme = theme;
        }

        String label() {
            return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        }
    }

    @BeforeAll
    static synchronized void startOnce() {
        Optional<Path> program = installed();
        assumeTrue(
                program.isPresent(),
                "The studio's tests in a browser are skipped: no chromium in PATH (apt-get install chromium).");
        if (shared == null) {
            shared = Shared.start(program.get());
        }
    }

    private static Optional<Path> installed() {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
                .flatMap(name -> Stream.of(path.split(File.pathSeparator, -1)).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory("studio");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void remove(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // the system clears its folder for temporary files
        }
    }

    static StudioServer server() {
        return Objects.requireNonNull(shared).server;
    }

    @BeforeEach
    void forget() {
        complaints.clear();
        elsewhere.clear();
    }

    @AfterEach
    void nothing_was_logged_or_asked_elsewhere() {
        try {
            assertThat(complaints).as("errors in the console").isEmpty();
            assertThat(elsewhere).as("requests of another host").isEmpty();
        } finally {
            if (context != null) {
                context.close();
                context = null;
            }
        }
    }

    // ---------------------------------------------------------------- pages

    /** A page of a fresh context at an address such as {@code #/chat}; the tour is over unless the test asks for it. */
    Page open(String address, View view) {
        return open(address, view, false);
    }

    Page open(String address, View view, boolean firstTime) {
        if (context != null) {
            context.close();
        }
        context = Objects.requireNonNull(shared)
                .browser
                .newContext(new Browser.NewContextOptions()
                        .setViewportSize(view.width, view.height)
                        .setColorScheme(view.theme)
                        .setHasTouch(view.width < 900)
                        .setAcceptDownloads(true)
                        .setPermissions(List.of("clipboard-read", "clipboard-write")));
        context.setDefaultTimeout(PATIENCE);
        PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE);
        if (!firstTime) {
            context.addInitScript("localStorage.setItem('pintle.toured', '1')");
        }
        Page page = context.newPage();
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") || message.type().equals("warning")) {
                complaints.add(message.text() + " " + message.location());
            }
        });
        page.onPageError(complaints::add);
        page.onDialog(dialog -> {
            complaints.add("a dialog of the browser: " + dialog.message());
            dialog.dismiss();
        });
        page.onRequest(request -> {
            String url = request.url();
            if (!url.startsWith(server().url() + "/") && !url.startsWith("data:") && !url.startsWith("blob:")) {
                elsewhere.add(url);
            }
        });
        page.navigate(server().url() + "/" + address);
        page.waitForSelector("nav.rail");
        return page;
    }

    /** Waits until the address has what was changed last, which it follows after a moment. */
    static void awaitAddress(Page page) {
        awaitTrue(page, """
                async () => {
                  const { address, route, pageState } = await import('/studio/js/state.js');
                  return location.hash.includes('?')
                    && location.hash === await address(route.peek().path, pageState.peek());
                }""");
    }

    /**
     * Waits until an asynchronous function of the page's script gives true. {@link Page#waitForFunction} takes its promise for
     * true, and an expression that is no function may be evaluated only once where the page forbids to evaluate text.
     */
    static void awaitTrue(Page page, String function) {
        page.evaluate("""
                async () => {
                  const holds = %s, end = performance.now() + %.0f;
                  while (!await holds()) {
                    if (performance.now() > end) throw new Error('has not become true');
                    await new Promise(resolve => setTimeout(resolve, 20));
                  }
                }""".formatted(function, PATIENCE));
    }

    /** Looks at a page that is open in another way. */
    static void look(Page page, View view) {
        page.setViewportSize(view.width, view.height);
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(view.theme));
    }

    /** Takes back that the console complained; for tests that provoke an error of the server. */
    void expectComplaints(String part) {
        complaints.removeIf(one -> one.contains(part));
    }

    /** Keeps a picture in target/screenshots. */
    void picture(Page page, String name, View view) {
        page.screenshot(new Page.ScreenshotOptions().setPath(PICTURES.resolve(name + "-" + view.label() + ".png")));
    }

    /** What is typed or chosen below a label. */
    static Locator field(Page page, String label) {
        return page.locator("label.field:has(> span:text-is(\"" + label + "\")) :is(input, select, textarea)");
    }

    /**
     * Prints what was measured. What a page promises holds on an idle machine, and this one may have other work, so that only a
     * time of another order fails.
     */
    static void requireAbout(String what, double measured, double promised) {
        System.out.printf(Locale.ROOT, "%s: %.0f, promised %.0f%n", what, measured, promised);
        assertThat(measured).as(what).isLessThan(ANOTHER_ORDER * promised);
    }

    static boolean isAbout(double measured, double promised) {
        return measured < ANOTHER_ORDER * promised;
    }

    /** Asserts that axe-core finds nothing against WCAG 2.2 A and AA, and that nothing is wider than the window. */
    void requireAccessible(Page page) {
        requireAccessible(page, "");
    }

    /**
     * The same of a page with thousands of like elements, over which axe-core takes half a minute.
     *
     * @param likeOthers a selector of elements that axe-core leaves out; empty for none
     */
    @SuppressWarnings("unchecked")
    void requireAccessible(Page page, String likeOthers) {
        page.evaluate(axe());
        Object found = page.evaluate("""
                async likeOthers => {
                  const { violations } = await axe.run(likeOthers ? { exclude: [likeOthers] } : document, { resultTypes: ['violations'],
                    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
                  return violations.flatMap(v => v.nodes.slice(0, 4).map(n => `${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary}`));
                }""", likeOthers);
        assertThat((List<String>) found).as("axe-core").isEmpty();
        assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                .as("no wider than the window")
                .isEqualTo(true);
    }

    private static String axe() {
        try (InputStream in = Objects.requireNonNull(BrowserTest.class.getResourceAsStream("axe/axe.min.js"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Bytes of script and style that the page has loaded, uncompressed. */
    static int weight(Page page) {
        return ((Number) page.evaluate("""
                        performance.getEntriesByType('resource').filter(e => /\\.(js|css)$/.test(new URL(e.name).pathname))
                          .reduce((sum, e) => sum + e.decodedBodySize, 0)""")).intValue();
    }
}
