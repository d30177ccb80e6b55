package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
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
}
