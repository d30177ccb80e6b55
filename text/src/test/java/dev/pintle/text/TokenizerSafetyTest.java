package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.testkit.Hostile;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What a tokenizer file may and may not ask of native code, where a mistake would end the whole program. */
class TokenizerSafetyTest {
    private static final String TEXT = "Ab 12345  é😀 don't\r\n\t x_日本 ab<s> ab";

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> published_forms_open_and_give_a_text_back() {
        return Tokenizers.published().entrySet().stream()
                .map(form -> DynamicTest.dynamicTest(form.getKey(), () -> {
                    try (Tokenizer tokenizer = Tokenizers.open(folder, form.getValue())) {
                        int[] ids = tokenizer.encode(TEXT);
                        assertThat(ids).isNotEmpty();
                        assertThat(tokenizer.decode(ids)).contains("<s>");
                        assertThat(tokenizer.encodeAsText("<s>")).doesNotContain(1);
                        assertThat(tokenizer.tokens(TEXT, SpecialTokens.NONE)).isNotEmpty();
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> published_expressions_go_over_a_text_once() {
        return Map.of(
                        "llama3", Tokenizers.LLAMA3,
                        "qwen", Tokenizers.QWEN2,
                        "tekken", Tokenizers.TEKKEN,
                        "o200k", Tokenizers.O200K,
                        "deepseek", Tokenizers.DEEPSEEK_V3,
                        "kimi", Tokenizers.KIMI,
                        "exaone", Tokenizers.EXAONE)
                .entrySet()
                .stream()
                .map(form -> DynamicTest.dynamicTest(
                        form.getKey(),
                        () -> assertThat(RegexWork.of(form.getValue()).slow()).isEmpty()));
    }

    private static Stream<Map.Entry<String, String>> harmful() {
        String bad =
                Base64.getEncoder().encodeToString(new byte[] {8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, (byte) 200, 97, 0});
        String nested = IntStream.range(0, 450)
                .mapToObj(i -> "{\"type\":\"Sequence\",\"decoders\":[")
                .reduce("", String::concat);
        String doubling = "{\"type\":\"Sequence\",\"normalizers\":["
                + String.join(",", Collections.nCopies(40, Tokenizers.replace("String", "a", "aa"))) + "]}";
        String strip = "{\"type\":\"Strip\",\"content\":\" \",\"start\":0,\"stop\":3}";
        String undeclared =
                "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<bos>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],\"special_tokens\":{}}";
        String bare = undeclared.replace("{\"SpecialToken\":{\"id\":\"<bos>\",\"type_id\":0}},", "");
        return Stream.of(
                Map.entry(
                        "normalizer.pattern.Regex",
                        Tokenizers.with("normalizer", Tokenizers.replace("Regex", "", "x".repeat(1000)))),
                Map.entry("normalizer.pattern", Tokenizers.with("normalizer", Tokenizers.replace("String", "", "x"))),
                Map.entry(
                        "normalizer.pattern.Regex",
                        Tokenizers.with("normalizer", Tokenizers.replace("Regex", "x*", "y"))),
                Map.entry("normalizer", Tokenizers.with("normalizer", doubling)),
                Map.entry(
                        "normalizer.precompiled_charsmap",
                        Tokenizers.with(
                                "normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"" + bad + "\"}")),
                Map.entry("normalizer.type", Tokenizers.with("normalizer", "{\"type\":\"Odd\"}")),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(a+)+$"))),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(a|a)*$"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(a|aa)+b"))),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("a*a*a*b"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("(a?){40}a{40}"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(x+x+)+y"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("(?=(a+)+$)"))),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(a*)*"))),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(a)\\1+"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("(?<n>a|\\g<n>b)"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("((a{999}){999}){999}"))),
                Map.entry("pre_tokenizer.pattern.Regex", Tokenizers.with("pre_tokenizer", Tokenizers.split("(?~abc)"))),
                Map.entry(
                        "pre_tokenizer.pattern.Regex",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("(".repeat(500) + ")".repeat(500)))),
                Map.entry(
                        "pre_tokenizer.behavior",
                        Tokenizers.with("pre_tokenizer", Tokenizers.split("a").replace("Isolated", "Odd"))),
                Map.entry("post_processor.single", Tokenizers.with("post_processor", undeclared)),
                Map.entry(
                        "post_processor.single",
                        Tokenizers.with("post_processor", bare.replaceFirst("\"A\"", "\"B\""))),
                Map.entry(
                        "post_processor.processors[1]",
                        Tokenizers.with("post_processor", Tokenizers.sequence("processors", bare, bare))),
                Map.entry(
                        "decoder.content",
                        Tokenizers.with("decoder", Tokenizers.replace("String", "a", "b"))
                                .replace("\"content\":\"b\"", "\"content\":\"\\ud83d\"")),
                Map.entry(
                        "decoder.start",
                        Tokenizers.with("decoder", strip.replace("\"start\":0", "\"start\":" + "9".repeat(350)))),
                Map.entry(
                        "not JSON at",
                        Tokenizers.with("model", "{\"type\":\"BPE\",\"vocab\":{\"zz\":1},\"merges\":[]}")
                                .replace("\"zz\"", "\"\\udc00\"")),
                Map.entry("decoder.stop", Tokenizers.with("decoder", strip)),
                Map.entry("decoder.suffix", Tokenizers.with("decoder", "{\"type\":\"BPEDecoder\",\"suffix\":\"\"}")),
                Map.entry(
                        "decoder.pattern.Regex",
                        Tokenizers.with("decoder", Tokenizers.replace("Regex", "(a+)+$", "b"))),
                Map.entry("decoder.pattern.Regex", Tokenizers.with("decoder", Tokenizers.replace("Regex", "a+$", "b"))),
                Map.entry(
                        "not JSON at",
                        Tokenizers.with("decoder", "null")
                                .replace("\"decoder\":null", "\"decoder\":" + nested + "]}".repeat(450))),
                Map.entry(
                        "decoder.decoders[0]",
                        Tokenizers.with(
                                "decoder",
                                IntStream.range(0, 10)
                                                .mapToObj(i -> "{\"type\":\"Sequence\",\"decoders\":[")
                                                .reduce("", String::concat)
                                        + "]}".repeat(10))),
                Map.entry(
                        "added_tokens[0].id",
                        Tokenizers.with(
                                "added_tokens",
                                "[{\"id\":4294967296,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}]")),
                Map.entry(
                        "model.vocab",
                        Tokenizers.with("model", "{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}")),
                Map.entry(
                        "model.merges",
                        Tokenizers.with(
                                "model",
                                "{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":\"##\",\"end_of_word_suffix\":null,\"fuse_unk\":false,\"vocab\":{\"a\":0,\"é\":1,\"aé\":2},\"merges\":[\"a é\"]}")),
                Map.entry("model.type", Tokenizers.with("model", "{\"type\":\"Odd\",\"vocab\":{\"a\":0}}")));
    }

    @TestFactory
    Stream<DynamicTest> what_would_end_native_code_is_refused_with_its_place() {
        return harmful()
                .map(file -> DynamicTest.dynamicTest(
                        file.getKey(),
                        () -> assertThatThrownBy(() -> Tokenizers.open(folder, file.getValue()))
                                .isInstanceOf(TokenizerException.class)
                                .message()
                                .contains(file.getKey())
                                .hasSizeLessThan(1500)));
    }

    @Test
    void a_refused_part_is_named_with_what_is_wrong() {
        assertThatThrownBy(() -> Tokenizers.open(folder, Tokenizers.with("pre_tokenizer", Tokenizers.split("(a+)+$"))))
                .hasMessage("""
                        The tokenizer file contains something that is unsafe for native code.
                          file:     %s
                          at:       pre_tokenizer.pattern.Regex
                          found:    (a+)+$
                          expected: a regular expression with bounded work; for this one, it has a repetition inside another
                          try:      the original file from its authors""".formatted(folder.resolve("tokenizer.json")));
    }

    @Test
    void an_added_token_that_the_normalizer_removes_is_refused() {
        String removing = Tokenizers.file(
                Tokenizers.replace("String", "<s>", ""),
                "null",
                "null",
                "null",
                "{\"type\":\"WordLevel\",\"unk_token\":\"<unk>\",\"vocab\":{\"<unk>\":0,\"<s>\":1,\"ab\":2}}",
                "true");
        assertThatThrownBy(() -> Tokenizers.open(folder, removing))
                .isInstanceOf(TokenizerException.class)
                .message()
                .startsWith("The tokenizer file has an added token that its normalizer removes entirely.");
    }

    @Test
    void a_text_that_would_take_too_long_is_refused_at_once() throws IOException {
        try (Tokenizer tokenizer = Tokenizers.open(folder, Tokenizers.published("deepseek coder"))) {
            String prose = "ab ab, ab\n".repeat(50_000);
            assertThat(tokenizer.encode(prose)).hasSizeGreaterThan(100_000);
            assertThatThrownBy(() -> tokenizer.encode(" ".repeat(200_000) + "x"))
                    .isInstanceOf(TokenizerException.class)
                    .message()
                    .startsWith("The tokenizer would take too long on this text.");
        }
        try (Tokenizer tokenizer = Tokenizers.open(folder, Tokenizers.published("llama3"))) {
            assertThat(tokenizer.encode(" ".repeat(1_000_000) + "x")).hasSizeGreaterThan(1);
            assertThatThrownBy(() -> tokenizer.encode("a".repeat(5_000_000)))
                    .hasMessageStartingWith("The text is too long for the tokenizer.");
        }
    }

    @Test
    void replacements_count_towards_the_length_of_a_text() throws IOException {
        String growing = Tokenizers.with("normalizer", Tokenizers.replace("String", "a", "b".repeat(1000)));
        try (Tokenizer tokenizer = Tokenizers.open(folder, growing)) {
            assertThat(tokenizer.encode("aaa", SpecialTokens.NONE)).isNotEmpty();
            assertThatThrownBy(() -> tokenizer.encode("a".repeat(100_000)))
                    .hasMessageStartingWith("The tokenizer's replacements could make this text too long.");
        }
    }

    @Test
    void half_a_character_is_read_as_the_replacement_character_and_moves_nothing() throws IOException {
        try (Tokenizer tokenizer = Tokenizers.open(folder, Tokenizers.published("words"))) {
            String text = "x \ud800 😀 ab";
            List<Token> tokens = tokenizer.tokens(text, SpecialTokens.NONE);
            assertThat(tokens.get(tokens.size() - 1).text()).isEqualTo("ab");
            assertThat(tokens.get(tokens.size() - 2).text()).isEqualTo("😀");
        }
    }

    @Test
    void many_special_tokens_in_a_text_are_found_in_time() throws IOException {
        try (Tokenizer tokenizer = Tokenizers.open(folder, Tokenizers.published("llama3"))) {
            String text = "<s>x".repeat(100_000);
            ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadCpuTime(); // which other processes on the machine do not lengthen
            String kept = tokenizer.asText(text);
            assertThat(tokenizer.plain(kept)).isEqualTo(text);
            assertThat(tokenizer.tokens(kept + text, SpecialTokens.NONE)).hasSizeGreaterThan(200_000);
            assertThat(Duration.ofNanos(threads.getCurrentThreadCpuTime() - before))
                    .isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void a_file_that_is_no_file_is_refused() throws Exception {
        Path pipe = folder.resolve("tokenizer.json");
        Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assumeTrue(made.waitFor() == 0);
        assertThatThrownBy(() -> Tokenizer.open(folder)).hasMessage("""
                The tokenizer file cannot be read.
                  file:  %s
                  found: It is a pipe, a socket or a device, not a regular file.""".formatted(pipe));
    }

    @Test
    @Tag("slow")
    void five_thousand_damaged_files_leave_the_process_alive() throws Exception {
        System.out.println(Hostile.survives(Fuzz.class, Files.createDirectory(folder.resolve("fuzz")), 256, 120));
    }

    /** Opens damaged tokenizers and uses those that open; a panic in native code ends it. */
    static final class Fuzz {
        private static final List<String> WORDS = List.of(
                "Replace",
                "Split",
                "Strip",
                "Prepend",
                "Precompiled",
                "NFKC",
                "StripAccents",
                "Lowercase",
                "ByteLevel",
                "Metaspace",
                "Digits",
                "Punctuation",
                "Whitespace",
                "UnicodeScripts",
                "CharDelimiterSplit",
                "TemplateProcessing",
                "BertProcessing",
                "RobertaProcessing",
                "WordPiece",
                "BPEDecoder",
                "CTC",
                "Fuse",
                "ByteFallback",
                "BPE",
                "Unigram",
                "WordLevel",
                "Regex",
                "String",
                "A",
                "B",
                "(a+)+",
                "a*",
                "[",
                "\\s+",
                "(?=x)",
                "$",
                "^",
                "\\b",
                "(?i:",
                "a|b",
                "normalizers",
                "decoders",
                "special_tokens",
                "Removed",
                "Contiguous",
                "MergedWithNext",
                "##",
                "</w>");

        private Fuzz() {}

        public static void main(String[] args) throws IOException {
            Path folder = Path.of(args[0]);
            Path file = folder.resolve("tokenizer.json");
            long seed = args.length > 1 ? Long.parseLong(args[1]) : 11;
            Hostile.mutate(folder, List.copyOf(Tokenizers.published().values()), WORDS, 6_000, seed, content -> {
                Files.write(file, content);
                try (Tokenizer tokenizer = Tokenizer.open(file)) {
                    for (String text : List.of("", TEXT, "  a  ", "\u0301", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")) {
                        int[] ids = tokenizer.encode(text);
                        tokenizer.tokens(text, SpecialTokens.NONE);
                        int[] known = IntStream.of(ids).filter(tokenizer::knows).toArray();
                        tokenizer.decode(known, true);
                        tokenizer.decode(known, false);
                    }
                    tokenizer.encodeAsText("<s>" + TEXT);
                    for (int id = 0; id < Math.min(12, tokenizer.vocabularySize()); id++) {
                        if (tokenizer.knows(id)) {
                            tokenizer.decode(new int[] {id});
                        }
                    }
                }
            });
        }
    }
}
