package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import dev.pintle.base.Json;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The stack of steering: what is set on the page is what requests say. */
class SteeringTest extends BrowserTest {
    @BeforeEach
    void pirate() throws InterruptedException {
        server().fitPirate();
    }

    private static void add(Page page, String kind, String text) {
        page.locator(".column-head[data-column=b]")
                .getByText(Pattern.compile("Steer by …|Add"))
                .click();
        Locator dialog = page.locator("dialog[open]");
        dialog.getByText(kind, new Locator.GetByTextOptions().setExact(true)).click();
        if (kind.equals("Latent")) {
            dialog.getByLabel("Words of its label, or its number").fill(text);
        } else if (kind.equals("JSON")) {
            dialog.getByLabel("An entry, or a list of them").fill(text);
            dialog.getByText("Add", new Locator.GetByTextOptions().setExact(true))
                    .click();
            return;
        }
        dialog.locator(".choices button", new Locator.LocatorOptions().setHasText(text))
                .first()
                .click();
    }

    /** The steering of column B, as its menu copies it. */
    private static JsonNode copied(Page page) throws JsonProcessingException {
        page.evaluate("navigator.clipboard.writeText('')");
        page.locator(".column-head[data-column=b]")
                .getByLabel("Column B", new Locator.GetByLabelOptions().setExact(true))
                .click();
        page.getByText("Copy steering as JSON").click();
        awaitTrue(page, "async () => await navigator.clipboard.readText() !== ''");
        return Json.parse((String) page.evaluate("navigator.clipboard.readText()"));
    }

    private static Locator field(Locator entry, String name) {
        return entry.locator(".field", new Locator.LocatorOptions().setHasText(name))
                .locator("select")
                .first();
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return Json.parse(text.replace('\'', '"'));
    }

    @Test
    void operations_positions_conditions_and_order_are_what_requests_say() throws JsonProcessingException {
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(page, "Vector", "pirate");
        add(page, "Latent", "146");
        assertThat(page.locator(".entry")).hasCount(2);
        assertThat(copied(page))
                .isEqualTo(
                        json(
                                "[{'vector': 'pirate', 'strength': 0.4}, {'sae': 'parley-7m-sae-l3', 'latent': 146, 'op': 'add', 'value': 2}]"));
        Locator first = page.locator(".entry").first();
        first.locator(".link").click();
        field(first, "Positions").selectOption("generated");
        first.getByLabel("At layer").fill("4");
        first.getByLabel("At layer").press("Enter");
        field(first, "When").selectOption("when");
        first.getByLabel("Component above, of the norm").fill("0.2");
        requireAccessible(page);
        assertThat(copied(page).get(0))
                .isEqualTo(
                        json(
                                "{'vector': 'pirate', 'strength': 0.4, 'positions': 'generated', 'at': 4, 'when': {'vector': 'pirate', 'above': 0.2}}"));
        field(first, "Operation").selectOption("clamp");
        assertThat(copied(page).get(0).toString())
                .contains("\"op\":\"clamp\"", "\"high\":0.2")
                .doesNotContain("\"strength\"");
        page.getByLabel("Move pirate down").click();
        assertThat(page.locator(".entry").first()).containsText("latent 146");
        page.getByLabel("Mute latent 146").click();
        assertThat(copied(page)).hasSize(1);
        page.getByLabel("Mute latent 146").click();
        page.getByLabel("Solo latent 146").click();
        assertThat(copied(page).get(0).get("latent").asInt()).isEqualTo(146);
        page.getByLabel("Remove latent 146").click();
        assertThat(page.locator(".entry")).hasCount(1);
    }

    @Test
    void entries_are_dragged_into_another_order() throws JsonProcessingException {
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(page, "Vector", "pirate");
        add(page, "Latent", "146");
        add(page, "Latent", "7");
        Locator entries = page.locator(".entry");
        assertThat(entries).hasCount(3);
        entries.nth(2).locator(".grip").dragTo(entries.nth(0));
        assertThat(entries.nth(0)).containsText("latent 7");
        assertThat(entries.nth(1)).containsText("pirate");
        entries.nth(0).locator(".grip").dragTo(entries.nth(1));
        assertThat(entries.nth(0)).containsText("pirate");
        entries.nth(1)
                .locator("input[type=range]")
                .dragTo(entries.nth(0)); // by anything but its grip, nothing is moved
        assertThat(entries.nth(0)).containsText("pirate");
        JsonNode order = copied(page);
        assertThat(order.at("/0/vector").asText()).isEqualTo("pirate");
        assertThat(order.at("/1/latent").asInt()).isEqualTo(7);
        assertThat(order.at("/2/latent").asInt()).isEqualTo(146);
    }

    @Test
    void keys_halve_double_and_clear_the_strength() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(page, "Vector", "pirate");
        Locator number = page.getByLabel("Strength of pirate in B, number");
        page.locator("[data-column=b] input[type=range]").focus();
        page.keyboard().press("[");
        assertThat(number).hasValue("0.2");
        page.keyboard().press("]");
        page.keyboard().press("]");
        assertThat(number).hasValue("0.8");
        page.keyboard().press("0");
        assertThat(number).hasValue("0");
        number.fill("1.5");
        page.locator("[data-column=b] input[type=range]").dblclick();
        assertThat(number).hasValue("0");
    }

    @Test
    void ticks_stand_where_tuning_found_the_vector_best_and_broken() throws InterruptedException {
        JsonNode tuned = server().await(server().json("POST", "/pintle/v1/vectors/tune", """
                {"model": "parley-7m", "style": "pirate", "layers": [3], "strengths": [0.3, 1.5], "max_new_tokens": 16,
                 "questions": ["Tell me about the whale."], "name": "tuned-pirate"}"""));
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(page, "Vector", "tuned-pirate");
        String strength = Json.line(tuned.at("/proposal/strength"));
        assertThat(page.locator(".ticks")).containsText("tuned " + strength);
        assertThat(page.locator(".ticks")).containsText("breaks 1.5");
    }

    @Test
    void a_refused_entry_says_which_field_and_what_to_try() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(page, "JSON", "[{\"vector\": \"pirate\", \"strenth\": 0.4}]");
        page.getByText("What is honey?").click();
        Locator trouble = page.locator(".answer[data-column=b] .trouble");
        assertThat(trouble).containsText("steering[0].strenth");
        assertThat(trouble).containsText("strength");
        assertThat(trouble).containsText("request req-");
        assertThat(page.locator(".answer[data-column=a] .strip")).not().isEmpty();
        requireAccessible(page);
        expectComplaints("status of 400");
    }

    @Test
    void a_hostile_name_and_preset_are_text() throws InterruptedException {
        String hash =
                server().json("GET", "/pintle/v1/names", null).get("pirate").asText();
        Page page = open("#/chat", View.WIDE_LIGHT);
        add(
                page,
                "JSON",
                Json.line(Json.array()
                        .add(Json.object()
                                .put("vector", "<img src=x onerror=window.hit=1>\u202E\"'")
                                .put("strength", 0.1))
                        .add(Json.object().put("vector", "sha256:" + hash).put("strength", 0.1))));
        assertThat(page.locator(".entry").first()).containsText("<img src=x");
        assertThat(page.locator(".entry").first()).containsText("not in the library");
        assertThat(page.locator(".entry").last().getByText("not in the library"))
                .hasCount(0);
        assertThat(page.evaluate("window.hit === undefined")).isEqualTo(true);
        requireAccessible(page);
    }
}
