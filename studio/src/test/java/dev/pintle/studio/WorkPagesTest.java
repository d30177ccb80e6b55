package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static com.microsoft.playwright.assertions.PlaywrightAssertions.setDefaultAssertionTimeout;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import dev.pintle.base.Json;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The pages of latents, vectors, fits, sweeps, runs, models, the server, and the drawer of jobs. */
class WorkPagesTest extends BrowserTest {
    private static final String OWN = "/pintle/v1";
    private static final String LATENTS = "#/sae/parley-7m-sae-l3";
    private static final String HOSTILE =
            "<script>document.title='owned'</script><img src=x onerror=alert(1)> \"'` \u202Egnirts\u202C \u0007 "
                    + "long ".repeat(2000);

    @SuppressWarnings("NullAway.Init")
    private static String tuned;

    @SuppressWarnings("NullAway.Init")
    private static String run;

    @BeforeAll
    static synchronized void make() throws Exception {
        if (tuned != null) {
            return;
        }
        setDefaultAssertionTimeout(20_000);
        server().fitPirate();
        await("/saes/parley-7m-sae-l3/profile", "'max_tokens': 2000");
        await(
                "/vectors/fit",
                "'positive': 'Be gloomy.', 'negative': 'Be normal.', 'layers': [1, 2, 3], 'name': 'gloomy'");
        tuned = id(await0(
                "/vectors/tune",
                "'style': 'pirate', 'layers': [2, 3], 'strengths': [0.3, 0.45], 'name': 'hearty', 'questions': ['Tell me"
                        + " about the whale.', 'What is honey?']"));
        run = server().await(
                        await0(
                                "/studies/run",
                                "'study': 'caa-mean-vs-pca', 'style': 'chef', 'settings': {'max_new_tokens': 8, 'strength': 0.4}"))
                .get("run")
                .asText();
    }

    private static JsonNode await0(String path, String fields) throws InterruptedException {
        JsonNode job = server().json("POST", OWN + path, ("{'model': 'parley-7m', " + fields + "}").replace('\'', '"'));
        server().await(job);
        return job;
    }

    private static void await(String path, String fields) throws InterruptedException {
        await0(path, fields);
    }

    private static String id(JsonNode job) {
        return job.get("id").asText();
    }

    /** Addresses, and what stands there once the page has its data. */
    static Map<String, String> pages() {
        Map<String, String> pages = new LinkedHashMap<>();
        pages.put(LATENTS, "tbody tr:nth-child(50)");
        pages.put(LATENTS + "/146", ".context:nth-child(3) .strip");
        pages.put("#/vectors", "tbody tr:nth-child(2)");
        pages.put("#/vectors/gloomy", ".columns .bars li:nth-child(8)");
        pages.put("#/vectors/new", ".pair .read");
        pages.put("#/sweeps", ".labels li");
        pages.put("#/runs", "tbody tr");
        pages.put("#/models", ".card .tag.good");
        pages.put("#/server", ".meter progress");
        return pages;
    }

    @ParameterizedTest
    @EnumSource
    void every_page_shows_real_data_and_is_accessible(View view) {
        Page page = open("#/vectors", view);
        for (Map.Entry<String, String> one : pages().entrySet()) {
            page.evaluate("address => { location.hash = address; }", one.getKey());
            page.waitForSelector(one.getValue());
            picture(page, "page-" + one.getKey().replaceAll("[^a-z0-9]+", "-"), view);
            if (view == View.WIDE_LIGHT || view == View.PHONE_DARK) { // each size and each theme once
                requireAccessible(page);
            }
        }
        page.locator(".tools button[aria-label^=Jobs]").click();
        assertThat(page.locator(".drawer .card").first()).isVisible();
        picture(page, "page-jobs", view);
        requireAccessible(page);
        page.keyboard().press("Escape");
        assertThat(page.locator(".drawer")).isHidden();
    }

    @Test
    void no_page_loads_more_than_150_kB_of_script_and_style() {
        for (String heaviest : List.of("#/vectors/gloomy", "#/sweeps", LATENTS + "/146")) {
            Page page = open(heaviest, View.WIDE_LIGHT);
            page.waitForSelector(pages().get(heaviest));
            assertThat(weight(page)).as(heaviest).isLessThan(150_000);
        }
    }

    @Test
    void results_of_a_tune_are_shown_with_their_reasons_and_texts() {
        Page page = open("#/sweeps", View.WIDE_LIGHT);
        page.locator(".labels button").last().click(); // the oldest
        JsonNode result = server().json("GET", OWN + "/jobs/" + tuned, null).get("result");
        for (JsonNode sentence : result.at("/proposal/sentences")) {
            assertThat(page.locator(".proposal")).containsText(sentence.asText());
        }
        Locator rows = page.locator("table.points tbody tr");
        assertThat(rows).hasCount(result.get("points").size());
        for (int i = 0; i < result.get("points").size(); i++) {
            JsonNode point = result.at("/points/" + i);
            assertThat(rows.nth(i))
                    .containsText(String.format(
                            java.util.Locale.ROOT, "%.2f", point.get("strength").asDouble()));
            assertThat(rows.nth(i)).containsText(point.path("why_not").asText());
        }
        assertThat(page.locator(".proposed")).containsText("proposed");
        rows.nth(1).locator("button").click();
        assertThat(page.locator(".samples"))
                .containsText(result.at("/points/1/samples/0/text").asText());
        picture(page, "sweeps-result", View.WIDE_LIGHT);
        requireAccessible(page);
        page.getByText("Steer by it").click();
        assertThat(page.locator("nav [aria-current]")).hasText("Chat");
    }

    @Test
    void keys_move_through_latents_and_pages() {
        Page page = open(LATENTS, View.WIDE_LIGHT);
        page.waitForSelector("tbody tr:nth-child(3)");
        page.keyboard().press("/");
        page.keyboard().type("pirate");
        assertThat(page.locator("tbody tr").first()).containsText("pirate");
        assertThat(page).hasURL(Pattern.compile(".*\\?s=.*"));
        page.locator(".table").focus();
        page.keyboard().press("ArrowDown");
        assertThat(page.locator("tbody tr").nth(1).locator("a")).isFocused();
        String second = page.locator("tbody tr").nth(1).locator("a").textContent();
        page.keyboard().press("Enter");
        assertThat(page.locator("h1")).hasText("Latent " + second);
        page.waitForSelector(".context");
        page.keyboard().press("]");
        assertThat(page.locator("h1")).hasText("Latent " + (Integer.parseInt(second) + 1));
        page.keyboard().press("p");
        assertThat(page.getByText("Pinned", new Page.GetByTextOptions().setExact(true)))
                .isVisible();
        page.keyboard().press("g");
        page.keyboard().press("v");
        page.waitForSelector("tbody tr:nth-child(2)");
        page.keyboard().press("x");
        assertThat(page.locator("tbody tr").first().locator("input")).isChecked();
        page.keyboard().press("ArrowDown");
        page.keyboard().press("x");
        assertThat(page.locator(".heat")).isVisible();
        page.keyboard().press("n");
        assertThat(page.locator("h1")).hasText("Fit a vector");
    }

    @Test
    void an_address_shows_the_same_again() {
        Page page = open(LATENTS, View.WIDE_LIGHT);
        page.waitForSelector("tbody tr:nth-child(3)");
        field(page, "Cosine to").selectOption("pirate");
        field(page, "Active on a text").fill("Ahoy, matey! Arr!");
        page.getByText("Show", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("thead")).containsText("on the text");
        assertThat(page.locator("thead")).containsText("cosine");
        page.waitForFunction("""
                () => { // those of the text alone, none of the first fifty of all
                  const shown = document.querySelectorAll('.table:not(.stale) tbody tr').length;
                  return document.querySelector(`.panel[aria-label="${shown} latents"]`);
                }""");
        awaitAddress(page);
        List<String> rows = page.locator("tbody tr").allTextContents();
        String address = page.url().substring(page.url().indexOf('#'));
        Page again = open(address, View.PHONE_DARK);
        again.waitForSelector("tbody tr");
        assertThat(again.locator("tbody tr")).hasText(rows.toArray(String[]::new));
        assertThat(field(again, "Cosine to")).hasValue("pirate");
    }

    @Test
    void a_hostile_label_or_record_is_shown_as_text() {
        Page page = open("#/vectors", View.WIDE_LIGHT);
        String label =
                com.fasterxml.jackson.databind.node.TextNode.valueOf(HOSTILE).toString();
        page.route(
                "**/saes/*/latents?**",
                route -> route.fulfill(new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody("{\"source\": \"x\", \"total\": 1, \"latents\": [{\"latent\": 146, \"label\": " + label
                                + ", \"token\": " + label + ", \"density\": 0.1, \"max\": 1, \"mean\": 1}]}")));
        page.evaluate("address => { location.hash = address; }", LATENTS);
        assertThat(page.locator("td.label"))
                .containsText("<script>document.title='owned'</script><img src=x onerror=alert(1)>");
        assertThat(page.locator("td.label")).containsText("⟨202E⟩gnirts");
        requireAccessible(page);
        page.route(
                "**/saes/*/latents/146?**",
                route -> route.fulfill(
                        new Route.FulfillOptions()
                                .setContentType("application/json")
                                .setBody(
                                        "{\"latent\": 146, \"label\": \"\", \"labels\": [{\"label\": " + label
                                                + ", \"source\": \"labels.jsonl\"}], \"decoder_norm\": 1, \"nearest_labels\": {\"3\": "
                                                + label
                                                + "}, \"effects\": {\"promoted\": [{\"token\": " + label
                                                + ", \"logit\": 1}], \"suppressed\": [], \"nearest\": [{\"latent\": 3, \"cosine\": 0.5}]}}")));
        page.evaluate("address => { location.hash = address; }", LATENTS + "/146");
        assertThat(page.locator(".labels .said")).containsText("<script>document.title='owned'</script>");
        requireAccessible(page);
        page.route(
                "**/vectors",
                route -> route.fulfill(new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody("{\"vectors\": [{\"hash\": \"" + "0".repeat(64) + "\", \"names\": [" + label
                                + "], \"layers\": [{\"at\": \"blocks.3.hook_resid_post\", \"sha256\": \"0\", \"norm\": 1, \"model\": "
                                + label + ", \"method\": " + label + ", \"pairs\": 1}]}]}")));
        page.evaluate("() => { location.hash = '#/vectors'; }");
        assertThat(page.locator("td.name")).containsText("<script>document.title='owned'</script>");
        assertThat(page).hasTitle("Vectors – Pintle studio");
        requireAccessible(page);
    }

    @Test
    void what_goes_wrong_is_said_with_what_to_try() {
        Page page = open("#/vectors/nobody", View.WIDE_LIGHT);
        assertThat(page.locator(".trouble")).containsText("No vectors with this hash are kept.");
        expectComplaints("404");
        page.evaluate("() => { location.hash = '#/sae/parley-7m-sae-l3/99999'; }");
        assertThat(page.locator(".trouble")).containsText("The autoencoder has no such latent.");
        expectComplaints("400");
    }

    /** The control of a field. The text of a label would also have the options of its list. */
    // ---------------------------------------------------------------- whole flows

    @Test
    void twenty_pasted_pairs_are_fitted_at_all_layers_swept_tuned_and_exported() throws Exception {
        Page page = open("#/vectors/new", View.WIDE_LIGHT);
        page.getByText("Pairs of texts").click();
        StringBuilder pairs = new StringBuilder();
        for (String thing :
                "whale owl fox honey tea boat spoon baker tailor bread river moon horse ship castle garden bell lamp road hill"
                        .split(" ")) {
            pairs.append("Ahoy! Th' ")
                    .append(thing)
                    .append(" be a fine thing, matey.\tHello! The ")
                    .append(thing)
                    .append(" is a fine thing, friend.\n");
        }
        field(page, "Pairs, pasted: a table, CSV, or JSON lines with positive and negative")
                .fill(pairs.toString());
        assertThat(page.locator(".panel[aria-label='What will be read']")).containsText("20 pairs; 40 tokens are read");
        assertThat(page.locator(".pair .differs").first()).isVisible();
        field(page, "Positions").selectOption("answer-mean");
        assertThat(page.locator(".panel[aria-label='What will be read'] header"))
                .containsText("answer-mean");
        field(page, "Layers").selectOption("all");
        field(page, "Name").fill("pasted");
        page.keyboard().press("Control+Enter");
        Locator made = page.locator(".panel[aria-label='The vector']");
        assertThat(made.locator(".bars li")).hasCount(8);
        assertThat(made).containsText("95%:");
        made.getByText("Write samples").click();
        assertThat(made.locator(".samples article")).hasCount(4);
        assertThat(made.locator(".samples")).not().containsText("…\n");

        page.evaluate("() => { location.hash = '#/sweeps'; }");
        field(page, "Vectors").selectOption("vectors");
        field(page, "Which").selectOption("pasted");
        field(page, "Layers").fill("2 3");
        field(page, "Strengths").fill("0.3 0.5");
        field(page, "Questions, one a line").fill("Tell me about the whale.\nWhat is honey?");
        page.getByText("Sweep", new Page.GetByTextOptions().setExact(true)).click();
        page.locator("button.main", new Page.LocatorOptions().setHasText("Sweep"))
                .click();
        assertThat(page.locator("table.points tbody tr")).hasCount(5);
        assertThat(page.locator("svg.figure[role=img]").first()).isVisible();
        page.getByText("Tune", new Page.GetByTextOptions().setExact(true)).click();
        page.locator("button.main", new Page.LocatorOptions().setHasText("Tune"))
                .click();
        assertThat(page.locator(".panel[aria-label=Proposal]")).isVisible();

        page.evaluate("() => { location.hash = '#/vectors/pasted'; }");
        Locator export = page.locator(".panel[aria-label=Export]");
        assertThat(export.locator("pre")).containsText("--control-vector-layer-range 1 7");
        byte[] file = java.nio.file.Files.readAllBytes(
                page.waitForDownload(() -> export.getByText("Save pasted.gguf").click())
                        .path());
        assertThat(new String(file, 0, 4, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("GGUF");
    }

    @Test
    void a_study_is_started_watched_opened_and_compared_with_another() {
        Page page = open("#/runs", View.WIDE_LIGHT);
        field(page, "Style").selectOption("chef");
        page.locator("summary").click();
        field(page, "strength").fill("0.3");
        field(page, "max new tokens").fill("8");
        page.keyboard().press("Tab");
        assertThat(page.locator("summary")).containsText("2 changed");
        page.getByText("Start", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator(".progress").first()).isVisible();
        assertThat(page.frameLocator("iframe.report").locator("h1")).containsText("Steering parley-7m");
        assertThat(page.locator("tbody tr.at")).hasCount(1);
        page.getByText(Pattern.compile("^Verdicts")).click();
        assertThat(page.locator(".labels .tag").first()).isVisible();
        page.getByLabel("Compare " + run).check();
        page.locator("tr.at input").check();
        Locator diff = page.locator(".panel[aria-label=Difference]");
        assertThat(diff).containsText("settings/settings/strength");
        requireAccessible(page);
        page.locator("tr.at").getByText("Delete").click();
        page.getByText("Delete it").click();
        assertThat(page.locator(".messages")).containsText("Deleted");
    }

    @Test
    void exports_hold_what_is_shown() throws Exception {
        Page page = open("#/vectors/pirate", View.WIDE_LIGHT);
        Locator panel = page.locator(".panel[aria-label='What it is made of']");
        assertThat(panel.locator(".bars li")).hasCount(12);
        panel.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Export"))
                .click();
        String csv = Files.readString(page.waitForDownload(
                        () -> panel.getByRole(AriaRole.MENUITEM, new Locator.GetByRoleOptions().setName("CSV"))
                                .click())
                .path());
        List<String> shown = panel.locator(".bars li .value").allTextContents();
        List<String> lines = csv.lines().toList();
        assertThat(lines).hasSize(13);
        for (int i = 0; i < 12; i++) {
            double coefficient = Double.parseDouble(lines.get(i + 1).split(",", 3)[1]);
            assertThat(shown.get(i).replace('−', '-'))
                    .isEqualTo(String.format(java.util.Locale.ROOT, "%.4f", coefficient));
        }
        panel.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Export"))
                .click();
        panel.getByRole(AriaRole.MENUITEM, new Locator.GetByRoleOptions().setName("Command line"))
                .click();
        assertThat(page.locator(".message")).containsText("Copied.");
        assertThat(page.evaluate("navigator.clipboard.readText()"))
                .isEqualTo("./pintle sae decompose pirate --how pursuit --terms 12");
    }

    /** Every panel gives what it shows, as JSON and as code. */
    @Test
    void every_panel_is_exported() throws IOException {
        Page page = open("#/vectors", View.WIDE_LIGHT);
        Map<String, String> addresses = new LinkedHashMap<>(pages());
        addresses.put("#/vectors/hearty", ".columns .bars li:nth-child(8)");
        for (Map.Entry<String, String> one : addresses.entrySet()) {
            page.evaluate("address => { location.hash = address; }", one.getKey());
            page.waitForSelector(one.getValue());
            for (Locator panel : page.locator(".panel").all()) {
                String what = one.getKey() + ", " + panel.getAttribute("aria-label");
                Locator menu = panel.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Export"));
                assertThat(menu.first()).isVisible();
                JsonNode json = Json.parse(new String(exported(page, panel, "JSON"), StandardCharsets.UTF_8));
                assertThat(json.isContainerNode()).as(what).isTrue();
                page.evaluate("navigator.clipboard.writeText('')");
                menu.first().click();
                panel.getByRole(AriaRole.MENUITEM, new Locator.GetByRoleOptions().setName("curl"))
                        .click();
                awaitTrue(page, "async () => await navigator.clipboard.readText() !== ''");
                assertThat((String) page.evaluate("navigator.clipboard.readText()"))
                        .as(what)
                        .startsWith("curl ")
                        .contains(server().url() + "/");
            }
        }
        assertThat(page.locator(".panel[aria-label='Used by']")).containsText("tune, ");
        page.locator(".panel[aria-label='Used by'] button.link").first().click();
        assertThat(page.locator(".panel[aria-label=Proposal]")).isVisible();
        for (String title : new String[] {"Proposal", "Texts"}) {
            Locator panel = page.locator(".panel[aria-label=" + title + "]");
            assertThat(Json.parse(new String(exported(page, panel, "JSON"), StandardCharsets.UTF_8)))
                    .isNotEmpty();
        }
    }

    @Test
    void written_samples_are_exported_as_they_were_written() throws IOException {
        Page page = open("#/vectors/pirate", View.WIDE_LIGHT);
        Locator panel = page.locator(".panel[aria-label='Steered by it']");
        panel.getByText("Write samples").click();
        assertThat(panel.locator(".samples article").last()).not().containsText("…");
        JsonNode json = Json.parse(new String(exported(page, panel, "JSON"), StandardCharsets.UTF_8));
        assertThat(json.get("samples")).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(panel.locator(".samples article").nth(i))
                    .containsText(json.at("/samples/" + i + "/text").asText());
        }
    }

    @Test
    void the_server_page_names_its_keys() {
        Page page = open("#/vectors", View.WIDE_LIGHT);
        page.route("**/pintle/v1/server", route -> {
            com.fasterxml.jackson.databind.node.ObjectNode about =
                    (com.fasterxml.jackson.databind.node.ObjectNode) server().json("GET", OWN + "/server", null);
            com.fasterxml.jackson.databind.node.ObjectNode limits =
                    (com.fasterxml.jackson.databind.node.ObjectNode) about.get("limits");
            limits.put("keys_needed", true);
            limits.putArray("keys")
                    .add(Json.object()
                            .put("name", "<b>ci</b>")
                            .set("scopes", Json.array().add("read")))
                    .add(Json.object()
                            .putNull("name")
                            .set("scopes", Json.array().add("manage")));
            route.fulfill(new Route.FulfillOptions()
                    .setContentType("application/json")
                    .setBody(about.toString()));
        });
        page.evaluate("() => { location.hash = '#/server'; }");
        assertThat(page.locator(".panel[aria-label=Limits]")).containsText("<b>ci</b>: read");
        assertThat(page.locator(".panel[aria-label=Limits]")).containsText("one without a name: manage");
        requireAccessible(page);
    }

    private static byte[] exported(Page page, Locator panel, String kind) throws IOException {
        panel.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Export"))
                .click();
        return Files.readAllBytes(page.waitForDownload(
                        () -> panel.getByRole(AriaRole.MENUITEM, new Locator.GetByRoleOptions().setName(kind))
                                .click())
                .path());
    }

    /** A figure by itself has the bars and the numbers of the page, and colours that need no stylesheet. */
    @Test
    void a_figure_is_exported_as_svg_and_png() throws IOException {
        Page page = open("#/sae/parley-7m-sae-l3/146", View.WIDE_LIGHT);
        Locator panel = page.locator(".panel[aria-label=Activations]");
        Locator figure = panel.locator("svg.figure");
        assertThat(figure).isVisible();
        String svg = new String(exported(page, panel, "SVG"), StandardCharsets.UTF_8);
        assertThat(svg)
                .startsWith("<svg")
                .contains("xmlns=\"http://www.w3.org/2000/svg\"")
                .doesNotContain("var(--");
        for (String text : figure.locator("text").allTextContents()) {
            assertThat(svg).contains(text);
        }
        assertThat(svg.split("<rect", -1).length - 1)
                .isGreaterThanOrEqualTo(figure.locator("rect").count());
        BufferedImage png = ImageIO.read(new ByteArrayInputStream(exported(page, panel, "PNG")));
        assertThat(png.getWidth()).isGreaterThan(300);
        assertThat(IntStream.range(0, png.getWidth())
                        .map(x -> png.getRGB(x, png.getHeight() / 2))
                        .distinct()
                        .count())
                .as("colours in a line")
                .isGreaterThan(1);
    }
}
