package dev.pintle.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JinjaTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-07-10T00:00:00Z"), ZoneOffset.UTC);

    /** The text, or null when the template is refused. */
    private static @Nullable String rendered(String template, Map<String, Object> data) {
        try {
            return Template.parse(template).render(data, CLOCK, Limits.STANDARD);
        } catch (JinjaException e) {
            return null;
        }
    }

    private static String render(String template, Map<String, Object> data) {
        return Template.parse(template).render(data, CLOCK, Limits.STANDARD);
    }

    private static Map<String, Object> data(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<Map<String, Object>>() {});
    }

    private static void compare(String template, JsonNode data, @Nullable String expected, List<String> differences) {
        String found = rendered(template, data(data));
        if (expected == null ? found != null : !expected.equals(found)) {
            differences.add(template + "\n  expected: " + expected + "\n  but was:  " + found);
        }
    }

    // ---- against Python's jinja2

    @Test
    void our_own_templates_render_as_in_python() throws IOException {
        List<String> differences = new ArrayList<>();
        int compared = 0;
        try (InputStream cases = JinjaTest.class.getResourceAsStream("jinja-cases.json")) {
            for (JsonNode group : JSON.readTree(cases)) {
                for (JsonNode one : group.path("cases")) {
                    String expected = one.get(1).isNull() ? null : one.get(1).asText();
                    compare(one.get(0).asText(), group.path("data"), expected, differences);
                    compared++;
                }
            }
        }
        assertThat(differences).isEmpty();
        assertThat(compared).isGreaterThan(4000);
    }

    /** Templates of other projects, which are not ours to copy: a file of {name, template, data, expected}. */
    private static JsonNode casesElsewhere() throws IOException {
        String file = System.getenv("PINTLE_TEMPLATE_CASES");
        assumeTrue(file != null, "PINTLE_TEMPLATE_CASES does not name a file of template cases");
        return JSON.readTree(Path.of(String.valueOf(file)).toFile());
    }

    @Test
    void real_templates_render_as_in_python() throws IOException {
        List<String> differences = new ArrayList<>();
        JsonNode cases = casesElsewhere();
        for (JsonNode one : cases) {
            String expected =
                    one.path("expected").isNull() ? null : one.path("expected").asText();
            compare(one.path("template").asText(), one.path("data"), expected, differences);
        }
        assertThat(differences).isEmpty();
        assertThat(cases).isNotEmpty();
    }

    @Test
    void real_templates_parse_within_20_ms() throws IOException {
        Set<String> templates = new LinkedHashSet<>();
        casesElsewhere().forEach(one -> templates.add(one.path("template").asText()));
        for (String template : templates) {
            double best = Double.MAX_VALUE;
            for (int i = 0; i < 20; i++) {
                long start = System.nanoTime();
                rendered(template, Map.of());
                best = Math.min(best, (System.nanoTime() - start) / 1e6);
            }
            assertThat(best).as(template).isLessThan(20.0);
        }
    }

    // ---- data is not template

    @Test
    void jinja_in_a_message_stays_text() {
        String typed = "{{ 7 * 7 }} {% if x %} {# c #} {{ bos_token }}";
        assertThat(render("{{ m }}{{ [m][0] }}{% set x %}{{ m }}{% endset %}{{ x }}", Map.of("m", typed)))
                .isEqualTo(typed.repeat(3));
    }

    // ---- refusals

    private static void assertRefused(String template, int line, int column, String sentence) {
        assertThatThrownBy(() -> render(template, Map.of("x", 1)))
                .as(template)
                .isInstanceOfSatisfying(JinjaException.class, e -> {
                    assertThat(e.sentence()).isEqualTo(sentence);
                    assertThat(List.of(e.line(), e.column())).isEqualTo(List.of(line, column));
                });
    }

    @Test
    void what_is_unknown_is_refused_where_it_stands() {
        assertRefused("a\n{{ x|nope }}", 2, 6, "The template uses a filter that does not exist here.");
        assertRefused("{% if x is nope %}{% endif %}", 1, 9, "The template uses a test that does not exist here.");
        assertRefused("a\n\n  {% nope %}", 3, 6, "The template uses a tag that does not exist here.");
        assertRefused("{% include 'a' %}", 1, 4, "The template uses a tag for templates made of several files.");
        assertRefused("{{ nope.deep }}", 1, 8, "The template uses a value that was not given.");
        assertRefused("{{ x.append(1) }}", 1, 12, "The template accesses something that the value does not have.");
        assertRefused("{{ [x].append(1) }}", 1, 14, "The template modifies a value, which the sandbox forbids.");
        assertRefused("{{ ''.__class__.x }}", 1, 16, "The template reads an attribute that the sandbox hides.");
        assertRefused("{{ x|random }}", 1, 6, "The template uses a filter that does not exist here.");
        assertRefused("{{ x + 'a' }}", 1, 6, "The template applies an operator to values that do not support it.");
        assertRefused("{{ raise_exception('no') }}", 1, 19, "The template rejects this conversation.");
        assertRefused("{% if x %}", 1, 11, "The template ends inside a tag.");
    }

    @Test
    void an_unknown_filter_under_a_condition_is_refused_only_when_it_is_reached() {
        assertThat(render("{% if false %}{{ x|nope }}{% endif %}ok", Map.of())).isEqualTo("ok");
        assertRefused(
                "{% if x %}{{ x|nope }}{% endif %}", 1, 16, "The template uses a filter that does not exist here.");
    }

    // ---- hostile templates

    @Test
    void deep_nesting_is_refused_when_the_template_is_read() {
        for (String template : List.of(
                "{{ " + "(".repeat(50_000) + " }}",
                "{{ " + "not ".repeat(50_000) + "x }}",
                "{{ " + "-".repeat(50_000) + "1 }}",
                "{{ " + "[".repeat(50_000) + " }}",
                "{% if x %}".repeat(50_000),
                "{{ x" + ".a".repeat(200_000) + " }}",
                "{{ 1" + " + 1".repeat(200_000) + " }}",
                "{{ x" + "|string".repeat(200_000) + " }}",
                "{{ 1" + " if 1 else 1".repeat(50_000) + " }}")) {
            assertThat(rendered(template, Map.of("x", 1))).isNull();
        }
    }

    @Test
    void endless_work_and_endless_text_are_refused() {
        Limits small = new Limits(300_000, 1 << 20, 1 << 24, 100, Duration.ofSeconds(4));
        String million = "{% for i in range(1000) %}{% for j in range(1000) %}";
        for (String template : List.of(
                million + million + "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
                "{{ 'a' * 10000000000 }}",
                "{{ range(100001) }}",
                "{{ 10 ** 100000000 }}",
                "{{ '%999999999d' % 1 }}",
                "{{ 'a'|center(999999999) }}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% for n in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
                "{% set ns = namespace(s=[]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}")) {
            assertThatThrownBy(() -> Template.parse(template).render(Map.of(), CLOCK, small))
                    .as(template)
                    .isInstanceOf(JinjaException.class);
        }
    }

    @Test
    void a_small_stack_is_no_way_to_crash_the_caller() throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        String deep =
                "{% macro f() %}{% if true %}{{ [[[[[[[[f()]]]]]]]]|string|trim }}{% endif %}{% endmacro %}{{ f() }}";
        Thread thread = new Thread(null, () -> rendered(deep, Map.of()), "small stack", 1 << 17);
        thread.setUncaughtExceptionHandler((t, e) -> failures.add(e));
        thread.start();
        thread.join();
        assertThat(failures).isEmpty();
    }

    @Test
    void cut_off_templates_are_refused_and_nothing_else() {
        String whole =
                "{%- for m in messages if m.x is not none recursive -%}{{ m['a'][1:2]|f(1, b='\\x41') ~ -1.5e3 }}"
                        + "{% raw %}{{{% endraw %}{# c #}{% set a.b, c = {1: (2,)}, [3] %}{% endfor %}";
        for (int i = 0; i < whole.length(); i++) {
            try {
                Template.parse(whole.substring(0, i));
            } catch (JinjaException e) {
                assertThat(e.line()).isEqualTo(1);
            } catch (RuntimeException e) {
                fail(whole.substring(0, i), e);
            }
        }
    }
}
