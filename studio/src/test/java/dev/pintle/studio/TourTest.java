package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The first start. */
class TourTest extends BrowserTest {
    @ParameterizedTest
    @EnumSource(names = {"WIDE_LIGHT", "PHONE_DARK"})
    void it_ends_with_the_readers_own_sentence_and_what_steers_it(View view) {
        Page page = open("", view, true);
        assertThat(page.locator(".tour h2")).hasText("Two sentences make a direction");
        requireAccessible(page);
        page.getByText("Fit a vector at layer 3").click();
        page.getByLabel("Your words").fill("What is honey?");
        page.getByText("Ask both").click();
        page.getByText("What is it made of?").click();
        assertThat(page.locator(".tour .bars li")).hasCount(6);
        assertThat(page.locator(".tour .bars")).containsText("pirate style");
        assertThat(page.locator(".said")).hasText("What is honey?");
        assertThat(page.locator(".answer[data-column=b] .strip")).not().isEmpty();
        picture(page, "tour", view);
        requireAccessible(page);
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Done"))
                .click();
        page.reload();
        assertThat(page.locator(".answer").first()).isVisible();
        assertThat(page.locator(".tour")).hasCount(0);
    }

    @Test
    void the_shell_is_painted_at_once_and_tokens_as_they_come() {
        Page opened =
                open("#/chat", View.WIDE_LIGHT); // the browser starts a process for it, which is not the page's time
        double[] paints = new double[5];
        for (int i = 0; i < paints.length; i++) {
            opened.reload();
            assertThat(opened.locator(".conversation")).isVisible();
            paints[i] = ((Number)
                            opened.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                    .doubleValue();
        }
        Arrays.sort(paints);
        requireAbout("milliseconds until the first paint", paints[2], 300);
        Page page = open("#/chat", View.WIDE_LIGHT);
        page.evaluate("""
                () => {
                  window.waits = [];
                  const parse = JSON.parse;
                  JSON.parse = text => { // each frame of a stream: from its arrival until its token is painted
                    const value = parse(text);
                    if (value?.object === 'chat.completion.chunk') {
                      const began = performance.now();
                      requestAnimationFrame(() => requestAnimationFrame(() => window.waits.push(performance.now() - began)));
                    }
                    return value;
                  };
                }""");
        page.getByLabel("Message").fill("Tell me about the whale.");
        page.keyboard().press("Enter");
        assertThat(page.locator(".answer .measures .acts")).hasCount(2);
        double median =
                ((Number) page.evaluate("waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]")).doubleValue();
        requireAbout("milliseconds from a token's arrival to its second frame", median, 50);
    }
}
