package dev.pintle.cli;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.pintle.base.Json;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.server.PintleServer;
import dev.pintle.server.ServerSettings;
import dev.pintle.studio.Studio;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A page, the API and the command give the same numbers of the same things, digit for digit. */
@Tag("slow")
class StudioNumbersTest {
    private static final String QUESTION = "Tell me about the whale.";

    @TempDir
    static Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init")
    private static Library library;

    @SuppressWarnings("NullAway.Init")
    private static PintleServer server;

    @SuppressWarnings("NullAway.Init")
    private static Playwright playwright;

    @SuppressWarnings("NullAway.Init")
    private static Page page;

    @BeforeAll
    static void start() {
        Optional<Path> program = Stream.of(
                        System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .map(path -> Path.of(path, "chromium"))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(program.isPresent(), "No chromium in PATH, so that pages are not compared with the command.");
        HubSettings hub = HubSettings.read(Map.of("HF_HUB_OFFLINE", "1"), folder, folder);
        library = Library.open(folder.resolve("data"), hub, LabelSettings.of(Map.of(), hub));
        LanguageModel model = LanguageModel.load("parley-7m", Device.CPU, DType.FP32);
        server = PintleServer.start(library, Map.of("parley-7m", model), ServerSettings.local(0), Studio::addTo);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        Browser browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(program.get())
                        .setArgs(List.of("--no-sandbox", "--disable-gpu")));
        page = browser.newPage();
        page.addInitScript("localStorage.setItem('pintle.toured', '1')");
        run(
                "vector",
                "fit",
                "--save",
                "pirate",
                "--layer",
                "3",
                "--positive",
                "Talk like a pirate.",
                "--negative",
                "Talk as usual.");
    }

    @AfterAll
    static void stop() {
        if (playwright != null) {
            playwright.close();
            server.close();
            library.close();
        }
    }

    private static String run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        if (!List.of("show", "decompose", "profile").contains(args[1]) || args[1].equals("profile")) {
            all.addAll(List.of("--model", "parley-7m", "--device", "cpu"));
        }
        CommandRun run = CommandRun.of(folder, Map.of(), all.toArray(String[]::new));
        assertThat(run.status()).as(run.err()).isZero();
        return run.out();
    }

    private static JsonNode api(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/pintle/v1" + path));
        request.method(
                method,
                body.isEmpty()
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        return Json.parse(HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.ofString())
                .body());
    }

    private static void open(String address) {
        page.navigate("http://127.0.0.1:" + server.port() + "/" + address);
    }

    /** Texts as they are shown, with the minus of the keyboard. */
    private static List<String> texts(Locator found) {
        return found.allTextContents().stream()
                .map(text -> text.replace('−', '-').strip())
                .toList();
    }

    private static List<String> found(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern, Pattern.MULTILINE).matcher(text);
        List<String> all = new ArrayList<>();
        while (matcher.find()) {
            all.add(matcher.group(1));
        }
        return all;
    }

    private static String said(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    @Test
    void what_a_vector_is_made_of() throws Exception {
        open("#/vectors/pirate");
        for (String way : List.of("pursuit", "nearest", "encode")) {
            String told = run("sae", "decompose", "pirate", "--how", way, "--terms", "12");
            JsonNode api = api(
                    "POST",
                    "/vectors/decompose",
                    "{'model': 'parley-7m', 'vector': 'pirate', 'sae': 'parley-7m-sae-l3', 'terms': 12, 'way': '" + way
                            + "'}");
            String field = Map.of("pursuit", "coefficient", "nearest", "cosine", "encode", "activation")
                    .get(way);
            page.locator(
                            ".segmented button",
                            new Page.LocatorOptions().setHasText(Pattern.compile(way, Pattern.CASE_INSENSITIVE)))
                    .click();
            Locator panel = page.locator(".panel[aria-label='What it is made of']");
            assertThat(panel.locator(
                            "ul.bars[aria-label^='" + way.substring(0, 1).toUpperCase(Locale.ROOT) + "']"))
                    .isVisible();
            List<String> shown = texts(panel.locator(".bars .value"));
            List<String> fromApi = new ArrayList<>();
            api.get("terms")
                    .forEach(term -> fromApi.add(said("%.4f", term.get(field).asDouble())));
            assertThat(shown).as(way).isEqualTo(fromApi);
            assertThat(found("^ +\\d+ +(-?\\d+\\.\\d{4})", told)).as(told).isEqualTo(shown);
            List<String> facts = texts(panel.locator(".stats dd"));
            assertThat(facts.get(0))
                    .isEqualTo(said("%.1f%%", 100 * api.get("relative_error").asDouble()))
                    .isEqualTo(found("relative error (\\S+),", told).get(0));
            assertThat(facts).contains(found("cosine (\\S+)$", told).get(0));
        }
    }

    @Test
    void a_latent() throws Exception {
        run("sae", "profile", "--max-tokens", "2000");
        String told = run("sae", "show", "146");
        JsonNode api = api("GET", "/saes/parley-7m-sae-l3/latents/146?model=parley-7m&profile=parley-7m-sae-l3", "");
        open("#/sae/parley-7m-sae-l3/146");
        assertThat(page.locator(".context").first()).isVisible();
        Locator facts = page.locator(".panel[aria-label=Activations] .stats dd");
        assertThat(texts(facts))
                .containsExactly(
                        said("%.3g%%", 100 * api.at("/facts/density").asDouble()),
                        said("%,d", api.at("/facts/fires").asLong()),
                        said("%.2f", api.at("/facts/mean").asDouble()),
                        said("%.2f", api.at("/facts/max").asDouble()),
                        said("%.3f", api.get("decoder_norm").asDouble()));
        assertThat(found("fires +on (\\S+) of", told))
                .containsExactly(texts(facts).get(0));
        assertThat(found("mean (\\S+) when active", told))
                .containsExactly(texts(facts).get(2));
        assertThat(found("max (\\S+)\\)?$", told).get(0))
                .startsWith(texts(facts).get(3));
        List<String> logits = texts(page.locator(".panel[aria-label='Effect on the logits'] .bars .value"));
        assertThat(logits)
                .isEqualTo(Stream.concat(
                                found(
                                        "\" ([+-]\\d\\.\\d\\d)",
                                        told.lines()
                                                .filter(line -> line.contains("promotes "))
                                                .skip(1)
                                                .findFirst()
                                                .orElse(""))
                                        .stream(),
                                found(
                                        "\" ([+-]\\d\\.\\d\\d)",
                                        told.lines()
                                                .filter(line -> line.contains("suppresses"))
                                                .findFirst()
                                                .orElse(""))
                                        .stream())
                        .toList());
        assertThat(texts(page.locator(".panel[aria-label='Nearest latents'] .bars .value"))
                        .subList(0, 5))
                .isEqualTo(found("\\(cosine (\\S+)\\)", told));
        assertThat(texts(page.locator(".context > .num")))
                .isEqualTo(found("^(?:  contexts +|              +)(\\d+\\.\\d\\d)  ", told));
    }

    @Test
    void a_sweep() throws Exception {
        Path questions =
                Files.writeString(folder.resolve("questions.json"), "[\"" + QUESTION + "\", \"What is honey?\"]");
        String told = run(
                "sweep",
                "--vector",
                "pirate",
                "--style",
                "pirate",
                "--strengths",
                "0.3,0.45",
                "--questions",
                questions.toString());
        String id = api(
                        "POST",
                        "/vectors/sweep",
                        "{'model': 'parley-7m', 'vectors': ['pirate'], 'style': 'pirate', 'strengths': [0.3, 0.45],"
                                + " 'questions': ['" + QUESTION + "', 'What is honey?']}")
                .get("id")
                .asText();
        open("#/sweeps");
        page.locator(".labels button").first().click();
        Locator rows = page.locator("table.points tbody tr");
        assertThat(rows).hasCount(3);
        JsonNode points = api("GET", "/jobs/" + id, "").at("/result/points");
        List<String> lines =
                told.lines().filter(line -> line.startsWith("| ")).skip(2).toList();
        for (int i = 0; i < 3; i++) {
            List<String> shown = texts(rows.nth(i).locator("td")).subList(0, 8);
            List<String> command = Stream.of(lines.get(i).split("\\|", -1))
                    .map(String::strip)
                    .filter(cell -> !cell.isEmpty())
                    .toList();
            assertThat(shown).as(told + points).isEqualTo(command);
            JsonNode point = points.get(i);
            assertThat(shown.get(2))
                    .isEqualTo(said("%.2f", point.at("/fluent_concept/mean").asDouble()));
            assertThat(shown.get(6))
                    .isEqualTo(said("%.1f", point.at("/perplexity/mean").asDouble()));
            assertThat(shown.get(7)).isEqualTo(said("%.3f", point.at("/kl/mean").asDouble()));
        }
    }
}
