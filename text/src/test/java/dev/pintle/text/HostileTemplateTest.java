package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.jinja.JinjaException;
import dev.pintle.jinja.Template;
import dev.pintle.testkit.Hostile;
import dev.pintle.testkit.Soak;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Any template ends within five seconds and 256 MB, whatever it asks of texts, lists, dicts and numbers. */
class HostileTemplateTest {
    private static final String SEVEN = "{% set s='a'*7000000 %}";
    private static final String FOREVER = "{% for i in range(99999) %}{% for j in range(99999) %}";
    private static final String END = "{% endfor %}{% endfor %}";

    /** Each is small in what it is and large in what it asks for. */
    private static List<String> templates() {
        List<String> all = new ArrayList<>(List.of(
                "{% set s=\"a\"*8000000 %}{% set t=\"a\"*4000000~\"b\" %}{{ s.count(t) }}",
                "{% set s='😀'*3000000 %}" + FOREVER + "{{ s[2999999] }}" + END,
                "{% set s='é'*8000000 %}" + FOREVER + "{{ s[7999999] }}{{ s[-7999999] }}" + END,
                FOREVER + "{{ range(99999)==range(99999) }}" + END,
                FOREVER + "{{ range(99999)|list == range(99999)|list }}" + END,
                FOREVER + "{{ 99998 in range(99999)|list }}" + END,
                FOREVER + "{{ 'x' in range(99999) }}" + END,
                "{% set n = 10**4999 %}" + FOREVER + "{{ n * n }}" + END,
                "{% set n = 7**20000 %}" + FOREVER + "{% set m = n * n %}{% set k = n // 3 %}{{ n < m }}" + END,
                "{% set n = 7**20000 %}" + FOREVER + "{{ n }}" + END,
                "{% set n = 7**20000 %}" + FOREVER + "{{ '%d' % n }}{{ n|round(-9000) }}{{ n / (n + 1) }}" + END,
                "{% set n = 7**20000 %}" + FOREVER + "{{ n == 1e300 }}{{ {n: 1} }}{{ n|tojson }}" + END,
                "{{ f(" + keywords(20_000) + ") }}",
                "{% macro f() %}{{ kwargs }}{% endmacro %}" + FOREVER + "{{ f(" + keywords(3000) + ") }}" + END,
                "{% macro f() %}{% endmacro %}{% set d = dict(" + keywords(5000) + ") %}" + FOREVER + "{{ f(**d) }}"
                        + END,
                "{{ " + "9".repeat(390_000) + " }}",
                "{{ 1." + "9".repeat(390_000) + " }}",
                "{{ 0x" + "f".repeat(390_000) + " }}",
                FOREVER + "{{ 5e-324 }}" + END,
                FOREVER + "{{ '%.400f' % 1e308 }}{{ '{:.300e}'.format(5e-324) }}" + END,
                FOREVER + "{{ ('1'*4300)|int }}{{ ('1'*4999)|float }}" + END,
                SEVEN + FOREVER + "{{ s|float }}{{ s|int }}{{ s|filesizeformat }}" + END));
        for (String text : List.of(
                "s.find(t)",
                "s.rfind(t)",
                "s.index(t)",
                "s.replace(t,'x')",
                "s.split(t)",
                "s.rsplit(t)",
                "s.partition(t)",
                "s.rpartition(t)",
                "t in s",
                "s|replace(t,'x')",
                "s.count(t,1)",
                "s.endswith(t)",
                "s.startswith(t)",
                "s.removeprefix(t)",
                "s.removesuffix(t)")) {
            all.add("{% set s='a'*2000000 %}{% set t='a'*1000000~'b'~'a'*1000 %}" + FOREVER + "{{ " + text + " }}"
                    + END);
        }
        for (String text : List.of(
                "s|length",
                "s[6999999]",
                "s[-1:]",
                "s[::2]",
                "s[::-1]",
                "s|reverse",
                "s.upper()",
                "s.title()",
                "s.swapcase()",
                "s.capitalize()",
                "s|title",
                "s|upper",
                "s|wordcount",
                "s.istitle()",
                "s.isalpha()",
                "s.isidentifier()",
                "s|list",
                "s|first",
                "s|last",
                "s|join('-')",
                "s|sort",
                "s|unique",
                "s|groupby('x')",
                "s|batch(2)|list",
                "s|slice(3000000)|list",
                "s|min",
                "s|max",
                "s|map('upper')|list",
                "s|select|list",
                "s|tojson",
                "s|tojson(ensure_ascii=true)",
                "s|e",
                "s|forceescape",
                "[s]",
                "[s]|string",
                "s.strip('a')",
                "s|trim",
                "s.splitlines()",
                "('\\n'*7000000).splitlines()",
                "(' a'*3500000).split()",
                "(' a'*3500000).rsplit()",
                "('a,'*3500000).split(',')",
                "('a,'*3500000).rsplit(',')",
                "s.replace('a','bb')",
                "s.replace('','b')",
                "s.center(8000000)",
                "s.zfill(8000000)",
                "s.expandtabs()",
                "('\\t'*1000000).expandtabs()",
                "('\\t'*10).expandtabs(100000000)",
                "s.format()",
                "('{}'*3000000).format(*range(9))",
                "('{0}'*2000000).format(1)",
                "('{0[a'*1000000).format(1)",
                "('{0' ~ '['*4000000 ~ '}').format(1)",
                "('{0:' ~ '{0:'*100000 ~ '}').format(1)",
                "('%s'*3000000)|format(*range(9))",
                "'%(a' * 3000000 % {}",
                "'%8000000d' % 1",
                "'%.8000000d' % 1",
                "'{:>8000000}'.format(1)",
                "s|indent(8000000)",
                "s|indent(width=s)",
                "('\\n'*4000000)|indent(1,true,true)",
                "s|truncate(6000000)",
                "s ~ s",
                "s + s",
                "s * 2",
                "[s]*8000000",
                "[1]*8000000",
                "([1]*999999)+([1]*999999)",
                "s == s ~ ''",
                "s < s ~ 'b'",
                "{s: 1}[s ~ '']",
                "(s ~ '') in {s: 1}",
                "'Σ'*4000000|lower",
                "('Σ'*4000000).lower()",
                "(\"Σ'\"*2000000).title()",
                "('ß'*4000000).upper()",
                "('ΐ'*4000000)|upper",
                "strftime_now('%A'*2000000)",
                "strftime_now('%c'*2000000)",
                "s|attr(s)",
                "s|default(s)|e",
                "s is lower",
                "s is upper",
                "s is sameas(s ~ '')",
                "s is in [s ~ 'a', s ~ '']",
                "dict(a=s)|tojson",
                "s|safe|e",
                "(s|safe) ~ s",
                "(s|safe) + s",
                "(s|safe).split('a')",
                "raise_exception(s)",
                "s|nope",
                "s.nope",
                "nope[s]",
                "namespace(a=s)",
                "cycler(*s)",
                "joiner(s)()",
                "range(s)",
                "s|int(base=36)",
                "s|round",
                "s|abs",
                "-s",
                "s()",
                "s|map(s)|list",
                "s|select(s)|list",
                "s|map(attribute=s)|list",
                "s|sort(attribute=s)",
                "[s,s]|sort(attribute=','*4000000)",
                "[{'a':s}]*100000|map(attribute='a')|join",
                "(range(99999)|list)*80|sum(start=[])",
                "[[1]]*1000000|sum(start=[])",
                "range(99999)|map('string')|sort",
                "range(99999)|sort(reverse=true)",
                "range(99999)|groupby('real')",
                "range(99999)|list|tojson(indent=8000)",
                "range(99999)|list|pprint",
                "dict(range(99999)|map('list'))",
                "[[[[[s]]]]]|tojson",
                "{1:s}|dictsort",
                "{'a':s,'b':s}|items|list",
                "({'a':s}.items()|list)|string")) {
            add(
                    all,
                    SEVEN + FOREVER + "{{ " + text + " }}" + END,
                    SEVEN + "{% set ns = namespace(x=[]) %}" + FOREVER + "{% set ns.x = [ns.x, " + text + "] %}" + END);
        }
        for (String kept : List.of(
                "[ns.x]",
                "{'a': ns.x}",
                "(ns.x,)",
                "ns.x|map('string')",
                "ns.x|select",
                "namespace(a=ns.x)",
                "cycler(ns.x)",
                "joiner(ns.x)",
                "'a'.upper",
                "[ns.x].copy",
                "{1: ns.x}.items()",
                "ns.x ~ 'abc'",
                "[ns.x, ns.x]",
                "ns.x|string",
                "range(i + 1)",
                "(i, j)",
                "i ~ j",
                "i / 7",
                "10 ** 300 + i",
                "('x' ~ i)|safe")) {
            add(
                    all,
                    "{% set ns = namespace(x=[]) %}" + FOREVER + "{% set ns.x = " + kept + " %}" + END + "{{ ns.x }}",
                    "{% set ns = namespace(x=[]) %}" + FOREVER + "{% set ns.x = [ns.x, " + kept + "] %}" + END);
        }
        all.add("{% for a in range(99999) %}{% macro m() %}{{ a }}{% endmacro %}{% set x = m %}" + FOREVER + END
                + "{% endfor %}");
        all.add("{% macro f(n) %}{{ f(n ~ n) }}{% endmacro %}{{ f('ab') }}");
        all.add("{% macro f(n) %}{% for i in range(9) %}{{ f(n + 1) }}{% endfor %}{% endmacro %}{{ f(0) }}");
        all.add("{% for n in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}");
        all.add("{% set s = 'x' %}" + "{% set s = s ~ s %}".repeat(40) + "{{ s }}");
        all.add("{% set s = [1] %}" + "{% set s = [s, s] %}".repeat(40) + "{{ s }}{{ s == s|list }}{{ s|tojson }}");
        all.add("{% set ns = namespace(d={}) %}" + FOREVER + "{% set ns.d = dict(ns.d, **{('k' ~ i ~ '_' ~ j): j}) %}"
                + END);
        all.add(collidingTuples());
        StringBuilder names = new StringBuilder();
        StringBuilder conditions = new StringBuilder();
        for (int i = 0; i < 9_000; i++) {
            names.append("{% set v").append(i).append("=1 %}");
            conditions.append("{% if 1 %}{% set w=1 %}{% endif %}");
        }
        all.add(names.toString() + conditions);
        all.add("{% macro f(" + parameters(20_000) + ") %}{% endmacro %}" + FOREVER + "{{ f() }}" + END);
        all.add("{{ x" + ".a".repeat(100_000) + " }}");
        all.add("{{ x" + " or x".repeat(50_000) + " }}");
        all.add("{{ '" + "\\N{LATIN SMALL LETTER A}".repeat(10_000) + "' }}");
        all.add("{{ '" + "é\\x41".repeat(50_000) + "' }}");
        all.add("{% raw %}" + "{% raw %}".repeat(40_000));
        all.add("{#".repeat(100_000));
        all.add("{{ " + "1,".repeat(190_000) + " }}");
        all.add("{{ [" + "{},".repeat(100_000) + "] }}");
        return all;
    }

    /** Adds one of two templates that ask for the same, or both when soaking. */
    private static void add(List<String> all, String one, String other) {
        if (Soak.isOn()) {
            all.add(one);
            all.add(other);
        } else {
            all.add(all.size() % 2 == 0 ? one : other);
        }
    }

    private static String keywords(int count) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < count; i++) {
            all.append(i > 0 ? "," : "").append('k').append(i).append("=1");
        }
        return all.toString();
    }

    private static String parameters(int count) {
        return keywords(count).replace("=1", "='a'");
    }

    /** Tuples (i, 31 * (k - i)), which all have one hash in Java. */
    private static String collidingTuples() {
        return "{% set ns = namespace(p=[]) %}{% for i in range(60000) %}{% set ns.p = i %}{% endfor %}"
                + "{% set pairs %}{% endset %}{% set d = dict(range(60000)|map('string')|map('list')|map('list')|list) %}"
                + "{% for i in range(60000) %}{{ {(i, 31 * (60000 - i)): 1} }}{% endfor %}";
    }

    @Test
    @Tag("sample")
    void the_first_and_some_other_templates_end_within_five_seconds_and_256_megabytes(@TempDir Path folder)
            throws Exception {
        System.out.println(Hostile.survives(Sample.class, folder, 256, 200));
    }

    @Test
    @Tag("slow")
    void every_template_ends_within_five_seconds_and_256_megabytes(@TempDir Path even, @TempDir Path odd)
            throws Exception {
        Future<String> beside = CompletableFuture.supplyAsync(() -> survives(Odd.class, odd));
        System.out.println(survives(Even.class, even));
        System.out.println(beside.get());
    }

    private static String survives(Class<?> main, Path folder) {
        try {
            // a minute of loops, which are worth compiling as a user's JVM does
            return Hostile.survives(main, folder, 256, 1200, "-XX:TieredStopAtLevel=4", "-XX:+UseSerialGC");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void an_interrupted_rendering_ends_at_once() throws InterruptedException {
        List<String> said = new ArrayList<>();
        Thread thread = new Thread(() -> {
            try {
                Template.parse("{% set s='a'*4000000 %}" + FOREVER + "{{ s.count('ab') }}" + END)
                        .render(Map.of());
            } catch (JinjaException e) {
                said.add(e.sentence() + Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        Thread.sleep(50);
        thread.interrupt();
        thread.join(5000);
        assertThat(said).containsExactly("The rendering of the template was interrupted.true");
    }

    @Test
    void real_work_on_long_texts_still_gives_pythons_results() {
        String text = "ab".repeat(100_000);
        assertThat(Template.parse(
                                "{{ s.count('ba') }} {{ s.rfind('ab') }} {{ s.find('bb') }} {{ s.split('b')|length }} "
                                        + "{{ s.rsplit('a', 1)[1] }} {{ s[-1] }} {{ s[199999] }} {{ s[200000] is defined }} {{ s[-200001] is defined }} "
                                        + "{{ 'ΑΣ ΣΑΣ Σ'|lower }} {{ '😀b'[1] }}{{ '😀b'[-2] }} {{ range(3) == range(0, 3, 1) }} {{ 4 in range(0, 9, 2) }} "
                                        + "{{ -3 in range(0, -9, -3) }} {{ {(1, 2): 'x'}[(1.0, 2)] }}")
                        .render(Map.of("s", text)))
                .isEqualTo("99999 199998 -1 100001 b b b False False ας σας σ b😀 True True True x");
    }

    /** Renders some of the templates. */
    static final class Sample {
        private Sample() {}

        public static void main(String[] args) {
            List<String> all = templates();
            List<String> some =
                    new ArrayList<>(List.of(all.get(0), all.get(1), all.get(3), all.get(7), all.get(12), all.get(15)));
            for (int i = 6; i < all.size(); i += 48) {
                some.add(all.get(i));
            }
            Run.render(some);
        }
    }

    /** Renders every other template, from the first on. */
    static final class Even {
        private Even() {}

        public static void main(String[] args) {
            Run.render(everyOther(0));
        }
    }

    /** Renders the templates between those. */
    static final class Odd {
        private Odd() {}

        public static void main(String[] args) {
            Run.render(everyOther(1));
        }
    }

    private static List<String> everyOther(int first) {
        List<String> all = templates();
        return IntStream.range(0, all.size())
                .filter(i -> i % 2 == first)
                .mapToObj(all::get)
                .toList();
    }

    /** Renders each template and ends with a message when one takes too long or fails in an unexpected way. */
    private static final class Run {
        private Run() {}

        /** Nanoseconds of this thread and of the garbage collector, which other processes on the machine do not lengthen. */
        private static long spent() {
            long collecting = ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(collector -> Math.max(0, collector.getCollectionTime()))
                    .sum();
            return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() + collecting * 1_000_000;
        }

        private static void render(List<String> templates) {
            int number = 0;
            boolean failed = false;
            double longest = 0;
            String slowest = "";
            for (String template : templates) {
                long start = spent();
                String how;
                try {
                    Template.parse(template).render(Map.of());
                    how = "rendered";
                } catch (JinjaException e) {
                    how = e.sentence();
                    if (e.facts().values().stream().anyMatch(fact -> fact.length() > 400)) {
                        System.out.println(
                                "too long a message: " + e.facts().toString().substring(0, 300));
                        System.exit(1);
                    }
                }
                double took = (spent() - start) / 1e9;
                String shown = template.length() > 200 ? template.substring(0, 200) + "…" : template;
                if (took > longest) {
                    longest = took;
                    slowest = shown;
                }
                if (took > 1.5) {
                    System.out.printf("%.2f s %s: %s%n", took, how, shown);
                }
                if (how.contains("more memory")) {
                    System.out.println(how + ": " + shown);
                    System.exit(1);
                }
                if (took > 5) {
                    System.out.println("too slow: " + took + " s, " + how + ": " + shown);
                    failed = true;
                }
                number++;
            }
            System.out.printf("%d templates, slowest %.2f s: %s%n", number, longest, slowest);
            if (failed) {
                System.exit(1);
            }
        }
    }
}
