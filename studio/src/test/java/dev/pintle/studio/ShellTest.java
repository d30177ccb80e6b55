package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.LoadState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is around every page. */
class ShellTest extends BrowserTest {
    @ParameterizedTest
    @EnumSource
    void an_address_without_a_page_says_so(View view) {
        Page page = open("#/nowhere", view);
        assertThat(page.locator("h1")).hasText("There is no such page");
        requireAccessible(page);
    }

    @Test
    void help_lists_the_keys_and_gives_the_focus_back() {
        Page page = open("#/nowhere", View.WIDE_LIGHT);
        page.keyboard().press("?");
        assertThat(page.locator("dialog[open]")).containsText("this help");
        requireAccessible(page);
        page.keyboard().press("Escape");
        assertThat(page.locator("dialog[open]")).hasCount(0);
    }

    @Test
    void the_theme_is_chosen_and_kept() {
        Page page = open("#/nowhere", View.WIDE_LIGHT);
        for (String theme : new String[] {"light", "dark"}) {
            page.locator(".tools button[aria-label*='theme' i]").click();
            assertThat(page.locator("html")).hasAttribute("data-theme", theme);
        }
        page.reload();
        assertThat(page.locator("html")).hasAttribute("data-theme", "dark");
        assertThat(page.evaluate("getComputedStyle(document.body).backgroundColor"))
                .isEqualTo("rgb(15, 18, 21)");
    }

    @Test
    void a_server_that_does_not_answer_is_said_and_tried_again() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        assertThat(page.locator(".conversation")).isVisible();
        page.waitForLoadState(LoadState.NETWORKIDLE); // models and scripts are here
        page.context().setOffline(true);
        page.getByText("What is honey?").click();
        assertThat(page.locator(".banner")).containsText("The server does not answer.");
        assertThat(page.locator(".answer").first()).containsText("The server cannot be reached.");
        requireAccessible(page);
        page.context().setOffline(false);
        page.locator(".banner").getByText("Try again").click();
        assertThat(page.locator(".banner")).hasCount(0);
        page.locator(".answer").first().getByText("Try again").click();
        assertThat(page.locator(".answer").first().locator(".strip")).not().isEmpty();
        expectComplaints("ERR_INTERNET_DISCONNECTED");
    }

    @Test
    void an_answer_that_cannot_begin_says_why() {
        Page page = open("#/nowhere", View.WIDE_LIGHT);
        page.route("**/pintle/v1/vectors", Route::abort); // so that the page has no library
        page.route("**/v1/chat/completions", Route::abort);
        page.evaluate("location.hash = '#/chat'");
        page.getByText("What is honey?").click();
        assertThat(page.locator(".answer").first()).containsText("The server cannot be reached.");
        page.unroute("**/v1/chat/completions");
        page.locator(".answer").first().getByText("Try again").click();
        assertThat(page.locator(".answer").first().locator(".strip")).not().isEmpty();
        expectComplaints("ERR_FAILED");
    }

    @Test
    void with_keys_the_page_asks_for_one_and_keeps_it_in_the_tab() {
        Page page = open("#/nowhere", View.WIDE_LIGHT);
        page.route("**/v1/**", route -> {
            if ("Bearer 0123456789abcdef".equals(route.request().headerValue("authorization"))) {
                route.resume();
            } else {
                route.fulfill(new Route.FulfillOptions()
                        .setStatus(401)
                        .setContentType("application/json")
                        .setBody("{\"error\": {\"message\": \"The API key is missing or wrong.\"}}"));
            }
        });
        page.navigate(server().url() + "/#/chat");
        page.reload();
        page.getByLabel("Key", new Page.GetByLabelOptions().setExact(true)).fill("0123456789abcdef");
        requireAccessible(page);
        page.getByText("Use the key").click();
        assertThat(page.locator(".conversation")).isVisible();
        assertThat(page.evaluate("JSON.stringify(localStorage)").toString()).doesNotContain("0123456789abcdef");
        expectComplaints("status of 401");
    }
}
