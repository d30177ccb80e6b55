package dev.pintle.studio;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.pintle.base.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Chat: columns that are told the same, side by side. */
class ChatTest extends BrowserTest {
    private static final String QUESTION = "Tell me about the whale.";
    private static final String PLAIN = "The whale is blue. The whale is a huge animal.";

    @BeforeEach
    void pirate() throws InterruptedException {
        server().fitPirate();
    }

    private static Locator answer(Page page, String column) {
        return page.locator(".answer[data-column=" + column + "]");
    }

    private static void steerByPirate(Page page, String strength) {
        steerBy(page, "pirate", strength);
    }

    private static void steerBy(Page page, String vector, String strength) {
        page.locator("[data-column=b]").getByText("Steer by …").click();
        page.locator("dialog .choices button", new Page.LocatorOptions().setHasText(vector))
                .first()
                .click();
        page.getByLabel("Strength of " + vector + " in B, number").fill(strength);
    }

    private static void ask(Page page, String text) {
        page.getByLabel("Message").fill(text);
        page.keyboard().press("Control+Enter");
    }

    private static void awaitAnswers(Page page, int count) {
        assertThat(page.locator(".answer .measures .acts")).hasCount(count);
    }

    @ParameterizedTest
    @EnumSource
    void answers_stand_side_by_side_and_can_be_coloured(View view) {
        Page page = open("#/chat", view);
        assertThat(page.locator(".conversation")).isVisible();
        assertThat(weight(page)).as("bytes of script and style").isLessThan(150_000);
        steerByPirate(page, "0.45");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        assertThat(answer(page, "a").locator(".strip")).hasText(PLAIN);
        assertThat(answer(page, "b").locator(".strip")).containsText("Ahoy");
        page.getByLabel("Colour").selectOption("on:pirate");
        assertThat(answer(page, "b").locator(".token").first())
                .hasAttribute("aria-label", java.util.regex.Pattern.compile("Ahoy, projection on pirate \\d.*"));
        picture(page, "chat", view);
        if (view.width < 900) {
            page.getByRole(
                            com.microsoft.playwright.options.AriaRole.GROUP,
                            new Page.GetByRoleOptions().setName("Columns shown"))
                    .getByText("Unsteered")
                    .click();
            assertThat(answer(page, "a")).isVisible();
            assertThat(answer(page, "b")).isHidden();
        }
        answer(page, view.width < 900 ? "a" : "b").locator(".token").nth(3).click();
        assertThat(page.locator(".inspector")).containsText("Latents");
        assertThat(page.locator(".inspector .bars li").first()).isVisible();
        picture(page, "chat-token", view);
        requireAccessible(page);
    }

    @Test
    void what_is_shown_is_what_the_api_answers() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        steerByPirate(page, "0.45");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        JsonNode reply = server().json("POST", "/v1/chat/completions", """
                {"model": "parley-7m", "temperature": 0, "max_tokens": 200,
                 "messages": [{"role": "user", "content": "Tell me about the whale."}],
                 "steering": [{"vector": "pirate", "strength": 0.45}], "twin": "unsteered", "tokens": {"top": 10}}""");
        assertThat(answer(page, "b").locator(".strip"))
                .hasText(reply.at("/choices/0/message/content").asText());
        answer(page, "b").locator(".token").first().click();
        JsonNode first = reply.at("/choices/0/pintle/tokens/0");
        assertThat(page.locator(".inspector .facts"))
                .containsText(shown(first.get("logprob").asDouble()));
        assertThat(page.locator(".inspector .facts"))
                .containsText(shown(first.at("/twin/kl").asDouble()) + " nats");
    }

    /** Four significant digits, with a real minus. */
    private static String shown(double value) {
        return new java.math.BigDecimal(value)
                .round(new java.math.MathContext(4))
                .stripTrailingZeros()
                .toPlainString()
                .replace('-', '−');
    }

    @Test
    void the_address_brings_everything_back_and_runs_nothing() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        steerByPirate(page, "0.3");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        String said = answer(page, "b").locator(".strip").innerText();
        page.waitForURL(url -> url.contains("#/chat?id="));
        List<String> asked = new java.util.concurrent.CopyOnWriteArrayList<>();
        page.onRequest(request -> asked.add(request.url()));
        page.reload();
        awaitAnswers(page, 2);
        assertThat(answer(page, "b").locator(".strip")).hasText(said);
        assertThat(page.getByLabel("Strength of pirate in B, number")).hasValue("0.3");
        assertThat(asked).noneMatch(url -> url.contains("completions"));
    }

    @Test
    void editing_makes_a_branch_and_regenerating_another() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName("Edit").setExact(true))
                .click();
        page.getByLabel("Edited message").fill("What is honey?");
        page.getByText("Send as a branch").click();
        awaitAnswers(page, 2);
        assertThat(page.locator(".branches")).containsText("2 / 2");
        assertThat(page.locator(".said")).hasText("What is honey?");
        page.getByLabel("Previous branch").click();
        assertThat(page.locator(".said")).hasText(QUESTION);
        assertThat(answer(page, "a").locator(".strip")).hasText(PLAIN);
        page.getByText("Regenerate").click();
        awaitAnswers(page, 2);
        assertThat(page.locator(".branches")).containsText("3 / 3");
    }

    @Test
    void an_answer_is_edited_as_a_branch_on_which_the_next_one_follows() throws IOException {
        Page page = open("#/chat", View.PHONE_LIGHT);
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        answer(page, "b")
                .getByText("Edit", new Locator.GetByTextOptions().setExact(true))
                .click();
        requireAccessible(page);
        answer(page, "b").locator("textarea").fill("The owl is grey.");
        page.getByText("Keep as a branch").click();
        assertThat(page.locator(".branches")).containsText("2 / 2");
        assertThat(answer(page, "b").locator(".strip")).hasText("The owl is grey.");
        assertThat(answer(page, "b")).containsText("edited");
        assertThat(answer(page, "a").locator(".strip")).hasText(PLAIN);
        JsonNode read = server().json("POST", "/pintle/v1/score", """
                {"model": "parley-7m", "messages": [{"role": "user", "content": "Tell me about the whale."},
                 {"role": "assistant", "content": "The owl is grey."}]}""").get("tokens");
        answer(page, "b").locator(".token").nth(1).click();
        JsonNode owl = null;
        for (JsonNode token : read) {
            owl = token.path("text").asText().equals(" owl") ? token : owl;
        }
        assertThat(page.locator(".inspector .facts"))
                .containsText(shown(
                        java.util.Objects.requireNonNull(owl).get("logprob").asDouble()));
        page.getByLabel("Close the inspector").click();
        List<String> sent = new java.util.concurrent.CopyOnWriteArrayList<>();
        page.onRequest(request -> {
            if (request.url().endsWith("/chat/completions")) {
                sent.add(request.postData());
            }
        });
        ask(page, "What is honey?");
        awaitAnswers(page, 4);
        assertThat(sent).hasSize(2);
        assertThat(sent).anyMatch(body -> body.contains("The owl is grey.")).anyMatch(body -> body.contains(PLAIN));
        page.getByLabel("Previous branch").first().click();
        assertThat(answer(page, "b").locator(".strip")).hasText(PLAIN);
    }

    @Test
    void an_answer_is_stopped_kept_and_continued() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        page.locator(".sampling summary").click();
        page.getByLabel("Tokens at most").fill("6");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        assertThat(answer(page, "a")).containsText("token limit");
        String begun = answer(page, "a").locator(".strip").innerText();
        page.getByLabel("Tokens at most").fill("200");
        answer(page, "a").getByText("Continue").click();
        assertThat(answer(page, "a").locator(".strip")).hasText(PLAIN);
        assertThat(PLAIN).startsWith(begun.strip());
        steerByPirate(page, "3");
        page.getByLabel("Tokens at most").fill("3000");
        ask(page, "Hello"); // so far off its path, the model never ends the answer
        assertThat(page.locator(".answer.writing").first()).isVisible();
        page.keyboard().press("Escape");
        assertThat(page.locator(".answer.writing")).hasCount(0);
        assertThat(answer(page, "b").last()).containsText("stopped");
    }

    @Test
    void live_steering_supersedes_what_is_being_written() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        steerByPirate(page, "0");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        assertThat(answer(page, "b").locator(".strip")).hasText(PLAIN);
        page.getByText("Live").click();
        Locator slider = page.locator("[data-column=b] input[type=range]");
        slider.focus();
        for (int i = 0; i < 9; i++) {
            page.keyboard().press("ArrowRight");
        }
        assertThat(slider).hasAttribute("aria-valuetext", java.util.regex.Pattern.compile("0\\.45 of the norm, 4\\.9"));
        assertThat(answer(page, "b").locator(".strip")).containsText("Ahoy");
        page.keyboard().press("0");
        assertThat(answer(page, "b").locator(".strip")).hasText(PLAIN);
    }

    @Test
    void columns_are_forked_up_to_four_and_removed() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        steerByPirate(page, "0.45");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        for (int i = 0; i < 2; i++) {
            page.getByLabel("Column B").last().click();
            page.getByText("Fork with this stack").click();
        }
        assertThat(page.locator(".column-head")).hasCount(4);
        assertThat(page.locator(".answer")).hasCount(4);
        requireAccessible(page);
        page.getByLabel("Column D").last().click();
        page.getByText("Remove the column").click();
        assertThat(page.locator(".column-head")).hasCount(3);
    }

    @Test
    void exports_hold_what_is_shown() throws IOException {
        Page page = open("#/chat", View.WIDE_LIGHT);
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        Download json = export(page, "JSON");
        JsonNode saved = Json.parse(Files.readString(json.path()));
        assertThat(saved.at("/turns/0/answers/0/text").asText()).isEqualTo(PLAIN);
        Download csv = export(page, "CSV");
        assertThat(Files.readString(csv.path()))
                .startsWith("turn,column,steering")
                .contains("0,A,unsteered,0,309,The,");
        page.locator(".conversation").getByLabel("Export").click();
        page.getByText("curl").click();
        assertThat(page.locator(".messages")).containsText("Copied.");
        assertThat((String) page.evaluate("navigator.clipboard.readText()"))
                .startsWith("curl " + server().url() + "/v1/chat/completions")
                .contains("\"seed\":1");
    }

    private static Download export(Page page, String kind) {
        page.locator(".conversation").getByLabel("Export").click();
        return page.waitForDownload(() -> page.locator("[role=menuitem]", new Page.LocatorOptions().setHasText(kind))
                .click());
    }

    @Test
    void hostile_text_is_shown_as_text() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        String hostile =
                "<script>window.hit=1</script><img src=x onerror=window.hit=1> \"'`${1}` \u202Eright to left \u0007"
                        + "x".repeat(10_000);
        page.getByLabel("Message").fill(hostile);
        page.keyboard().press("Control+Enter");
        assertThat(page.locator(".said")).containsText("<script>window.hit=1</script>");
        assertThat(page.locator(".said img, .said script")).hasCount(0);
        assertThat(page.evaluate("window.hit === undefined")).isEqualTo(true);
        assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                .isEqualTo(true);
        page.keyboard().press("Escape");
        expectComplaints("status of 400"); // longer than the context
    }

    @Test
    void what_is_answered_while_another_page_is_looked_at_is_there_on_return() {
        Page page = open("#/chat", View.WIDE_LIGHT);
        steerByPirate(page, "0.45");
        ask(page, QUESTION);
        page.evaluate("() => { location.hash = '#/vectors'; }"); // before an address says what was asked
        assertThat(page.locator("h1")).hasText("Vectors");
        page.goBack();
        awaitAnswers(page, 2);
        page.evaluate("() => { location.hash = '#/vectors'; }"); // before an address says what was answered
        assertThat(page.locator("h1")).hasText("Vectors");
        page.goBack();
        awaitAnswers(page, 2);
        assertThat(answer(page, "a").locator(".strip")).hasText(PLAIN);
        assertThat(answer(page, "b").locator(".strip")).containsText("Ahoy");
    }

    @Test
    void from_two_prompts_to_a_preset_that_openais_client_calls() {
        Page page = open("#/vectors/new", View.WIDE_LIGHT);
        field(page, "Shows the concept").fill("The assistant should talk like a pirate.");
        field(page, "Does not").fill("The assistant should act normally.");
        field(page, "Layers").selectOption("one");
        field(page, "Layer").fill("3");
        field(page, "Name").fill("corsair");
        page.keyboard().press("Control+Enter");
        assertThat(page.locator(".panel[aria-label='The vector']")).containsText("95%:");
        page.evaluate("() => { location.hash = '#/chat'; }");
        steerBy(page, "corsair", "0.45");
        ask(page, QUESTION);
        awaitAnswers(page, 2);
        answer(page, "b").locator(".token").first().click();
        Locator inspector = page.locator(".inspector");
        assertThat(inspector.locator(".latent-of-token")).containsText("Latent");
        String latent = inspector.locator(".latent-of-token b").innerText().replace("Latent ", "");
        inspector.getByText("Its page").click();
        assertThat(page.locator("h1")).hasText("Latent " + latent);
        page.goBack();
        awaitAnswers(page, 2);
        answer(page, "b").locator(".token").first().click();
        assertThat(inspector.locator(".latent-of-token b")).hasText("Latent " + latent);
        page.keyboard().press("s");
        assertThat(page.locator("[data-column=b] .entry")).hasCount(2);
        assertThat(page.locator("[data-column=b] .entry").last()).containsText("latent " + latent);
        page.getByLabel("Close the inspector").click();
        answer(page, "b").getByText("Run again").click();
        assertThat(answer(page, "b").getByText("steering has changed")).hasCount(0);
        awaitAnswers(page, 2);
        String said = answer(page, "b").locator(".strip").innerText();
        page.getByLabel("Column B").last().click();
        page.getByText("Save as preset").click();
        page.getByLabel("Name").fill("flow");
        page.getByText("Save", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("dialog[open]")).containsText("parley-7m:flow");
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(server().url() + "/v1")
                .apiKey("none")
                .build();
        String content = client.chat()
                .completions()
                .create(ChatCompletionCreateParams.builder()
                        .model("parley-7m:flow")
                        .addUserMessage(QUESTION)
                        .build())
                .choices()
                .get(0)
                .message()
                .content()
                .orElseThrow();
        assertThat(content).isEqualTo(said);
    }
}
