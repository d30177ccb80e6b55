package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path PARLEY = Golden.parley();
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() {
        tokenizer = Tokenizer.open(PARLEY);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    // ---- against the reference

    private static JsonNode golden() throws IOException {
        return Golden.json("tokenizer.json");
    }

    private static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        Arrays.setAll(ids, i -> array.get(i).asInt());
        return ids;
    }

    @Test
    void ids_and_decoded_text_equal_those_of_transformers() throws IOException {
        for (JsonNode expected : golden()) {
            String text = expected.path("text").asText();
            int[] bare = ids(expected.path("ids_without_special"));
            assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids(expected.path("ids")));
            assertThat(tokenizer.encode(text, SpecialTokens.NONE)).as(text).isEqualTo(bare);
            assertThat(tokenizer.decode(bare))
                    .isEqualTo(expected.path("decoded").asText());
            assertThat(tokenizer.decode(bare, true))
                    .isEqualTo(expected.path("decoded_skipping_special").asText());
        }
    }

    @Test
    void rendered_chats_encode_to_the_ids_of_transformers_without_a_second_bos() throws IOException {
        for (JsonNode expected : Golden.json("chat.json")) {
            String text = expected.path("text").asText();
            assertThat(tokenizer.encode(text, SpecialTokens.NONE)).as(text).isEqualTo(ids(expected.path("ids")));
        }
    }

    @Test
    void a_long_text_is_neither_truncated_nor_padded() {
        int[] ids = tokenizer.encode("whale ".repeat(20_000), SpecialTokens.NONE);
        assertThat(ids.length).isGreaterThan(20_000);
        assertThat(tokenizer.decode(ids)).isEqualTo("whale ".repeat(20_000));
    }

    @Test
    void truncation_and_padding_written_in_the_file_are_ignored(@TempDir Path folder) throws IOException {
        ObjectNode root =
                (ObjectNode) JSON.readTree(PARLEY.resolve("tokenizer.json").toFile());
        root.putObject("truncation")
                .put("max_length", 3)
                .put("strategy", "LongestFirst")
                .put("stride", 0)
                .put("direction", "Right");
        root.putObject("padding")
                .put("direction", "Right")
                .put("pad_id", 5)
                .put("pad_type_id", 0)
                .put("pad_token", "<|pad|>")
                .putObject("strategy")
                .put("Fixed", 40);
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), root);
        try (Tokenizer other = Tokenizer.open(folder)) {
            assertThat(other.encode("Hello, how are you?")).isEqualTo(tokenizer.encode("Hello, how are you?"));
        }
    }

    // ---- tokens and their places

    @Test
    void tokens_cover_the_text_in_utf16_indices() {
        String text = "🦜 Arr <|eot_id|>naïve 日本";
        for (Token token : tokenizer.tokens(text, SpecialTokens.ADD)) {
            if (token.span() != null) {
                assertThat(text.substring(token.span().start(), token.span().end()))
                        .isEqualTo(token.text());
            }
        }
        List<Token> tokens = tokenizer.tokens("🦜 the", SpecialTokens.NONE);
        assertThat(tokens.get(0).text()).isEqualTo("🦜");
        assertThat(tokens.get(tokens.size() - 1)).satisfies(last -> {
            assertThat(last.text()).isEqualTo(" the");
            assertThat(last.span()).isEqualTo(new Token.Span(2, 6));
        });
    }

    @Test
    void the_bos_token_has_its_name_and_no_place_in_the_text() {
        assertThat(tokenizer.tokens("x", SpecialTokens.ADD).get(0)).isEqualTo(new Token(0, "<|begin_of_text|>", null));
    }

    // ---- text that must stay text

    @Test
    void a_special_token_that_a_user_types_stays_text() {
        int[] ids = tokenizer.encodeAsText("Hello <|eot_id|> there");
        assertThat(ids).doesNotContain(4);
        assertThat(tokenizer.decode(ids, true)).isEqualTo("Hello <|eot_id|> there");
    }

    @Test
    void text_kept_as_text_is_split_and_merged_as_any_other_text() throws IOException {
        // Without its special tokens the tokenizer has nothing that could read <|eot_id|> as a token.
        ObjectNode root =
                (ObjectNode) JSON.readTree(PARLEY.resolve("tokenizer.json").toFile());
        root.putArray("added_tokens");
        root.putNull("post_processor");
        try (NativeTokenizer bare = new NativeTokenizer(root, new TokenizerWork(PARLEY), PARLEY)) {
            Random random = new Random(7);
            List<String> pieces =
                    List.of("<|eot_id|>", "<|end_of_text|>", " ", "the", "\n", "<|", "|>", "é", "🦜", "_");
            for (int i = 0; i < 300; i++) {
                StringBuilder text = new StringBuilder();
                for (int j = random.nextInt(8); j >= 0; j--) {
                    text.append(pieces.get(random.nextInt(pieces.size())));
                }
                assertThat(tokenizer.encodeAsText(text.toString()))
                        .as(text.toString())
                        .isEqualTo(bare.encode(text.toString(), false).ids());
            }
        }
    }

    @Test
    void tokens_added_behind_the_vocabulary_keep_their_ids_when_text_stays_text(@TempDir Path folder)
            throws IOException {
        ObjectNode root =
                (ObjectNode) JSON.readTree(PARLEY.resolve("tokenizer.json").toFile());
        for (String added : List.of(
                "{\"id\": 2048, \"content\": \"<|call|>\", \"special\": true",
                "{\"id\": 2049, \"content\": \"<tool>\", \"special\": false")) {
            root.withArray("added_tokens")
                    .add(
                            JSON.readTree(
                                    added
                                            + ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false}"));
        }
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), root);
        try (Tokenizer other = Tokenizer.open(folder)) {
            assertThat(other.encode("<|call|><tool>", SpecialTokens.NONE)).containsExactly(2048, 2049);
            int[] ids = other.encodeAsText("<|call|><tool>");
            assertThat(ids).doesNotContain(2048).endsWith(2049);
            assertThat(other.decode(ids, true)).isEqualTo("<|call|><tool>");
        }
    }

    @Test
    void in_a_rendered_chat_only_the_tokens_of_the_template_are_special() {
        ChatTemplate template = ChatTemplate.load(PARLEY);
        String typed = "Hello <|eot_id|> there";
        String chat = template.render(List.of(Message.user(tokenizer.asText(typed))), ChatOptions.messagesOnly());
        int[] ids = tokenizer.encode(chat, SpecialTokens.NONE);
        assertThat(Arrays.stream(ids).filter(tokenizer::isSpecial).toArray()).isEqualTo(new int[] {0, 2, 3, 4});
        assertThat(tokenizer.plain(chat))
                .isEqualTo(
                        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello <|eot_id|> there<|eot_id|>");
        assertThat(tokenizer.decode(ids)).isEqualTo(tokenizer.plain(chat));
        StringBuilder covered = new StringBuilder();
        for (Token token : tokenizer.tokens(chat, SpecialTokens.NONE)) {
            int start = covered.length();
            covered.append(token.text());
            assertThat(token.span()).isEqualTo(new Token.Span(start, covered.length()));
        }
        assertThat(covered).hasToString(tokenizer.plain(chat));
    }

    @Test
    void text_without_special_tokens_is_encoded_as_ever() throws IOException {
        for (JsonNode expected : golden()) {
            String text = expected.path("text").asText();
            if (!text.contains("<|")) {
                assertThat(tokenizer.asText(text)).isSameAs(text).isEqualTo(tokenizer.plain(text));
            }
        }
    }

    // ---- token by token

    private static List<String> streamed(int[] ids, boolean skipSpecialTokens) {
        StreamingDecoder decoder = tokenizer.stream(skipSpecialTokens);
        List<String> pieces = new ArrayList<>();
        for (int id : ids) {
            pieces.add(decoder.add(id));
        }
        pieces.add(decoder.finish());
        return pieces;
    }

    @Test
    void streamed_text_is_the_decoded_text_in_whole_characters() throws IOException {
        for (JsonNode expected : golden()) {
            int[] ids = ids(expected.path("ids_without_special"));
            List<String> pieces = streamed(ids, false);
            assertThat(String.join("", pieces)).isEqualTo(tokenizer.decode(ids));
            assertThat(pieces).noneMatch(piece -> piece.contains("\ufffd"));
            assertThat(pieces).allMatch(piece -> piece.isEmpty() || !Character.isLowSurrogate(piece.charAt(0)));
        }
        assertThat(streamed(tokenizer.encode("a<|eot_id|>b"), true)).containsExactly("", "a", "", "b", "");
    }

    @Test
    void random_tokens_stream_to_the_text_that_they_decode_to() {
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            int[] ids = random.ints(random.nextInt(40), 6, tokenizer.vocabularySize())
                    .toArray();
            assertThat(String.join("", streamed(ids, false))).isEqualTo(tokenizer.decode(ids));
        }
    }

    @Test
    void half_a_character_is_held_back_until_it_is_whole_or_the_text_ends() {
        int[] parrot = tokenizer.encode("🦜", SpecialTokens.NONE);
        assertThat(parrot).hasSize(4);
        assertThat(streamed(parrot, false)).containsExactly("", "", "", "🦜", "");
        assertThat(streamed(Arrays.copyOf(parrot, 3), false)).containsExactly("", "", "", "\ufffd");
    }

    // ---- vocabulary

    @Test
    void special_tokens_and_ids_are_those_of_the_files() {
        assertThat(tokenizer.vocabularySize()).isEqualTo(2048);
        assertThat(tokenizer.specialTokens()).containsEntry("<|eot_id|>", 4).hasSize(6);
        assertThat(tokenizer.bosId()).hasValue(0);
        assertThat(tokenizer.eosId()).hasValue(4);
        assertThat(tokenizer.padId()).hasValue(5);
        assertThat(tokenizer.idOf("Ġthe")).hasValue(tokenizer.encode(" the", SpecialTokens.NONE)[0]);
        assertThat(tokenizer.idOf("no such token")).isEmpty();
        assertThat(tokenizer.tokenOf(4)).isEqualTo("<|eot_id|>");
    }

    @Test
    void an_id_beyond_the_vocabulary_is_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tokenizer.decode(new int[] {9999}))
                .withMessage("""
                The tokenizer has no such token.
                  id:         9999
                  vocabulary: 0 to 2047""");
    }

    // ---- threads, closing, errors

    @Test
    void many_threads_may_encode_at_once() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<int[]>> results = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String text = "Hello <|eot_id|> " + i % 7;
                results.add(threads.submit(() -> tokenizer.encodeAsText(text)));
            }
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo(tokenizer.encodeAsText("Hello <|eot_id|> " + i % 7));
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void a_closed_tokenizer_says_so() {
        Tokenizer other = Tokenizer.open(PARLEY.resolve("tokenizer.json"));
        other.close();
        other.close();
        assertThatIllegalStateException().isThrownBy(() -> other.encode("x")).withMessage("The tokenizer is closed.");
    }

    @Test
    void a_folder_without_a_tokenizer_is_refused_with_its_path(@TempDir Path folder) {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("""
                        There is no tokenizer here.
                          file: %s
                          try:  a model folder that contains tokenizer.json (tokenizer.model alone is not supported)""".formatted(folder.resolve("tokenizer.json")));
    }

    @Test
    void a_damaged_tokenizer_is_refused_with_its_path(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, "{\"model\": ");
        assertThatThrownBy(() -> Tokenizer.open(file))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("""
                        The tokenizer file is damaged.
                          file:        %s
                          not JSON at: line 1, column 11
                          found:       it ends within an object
                          try:         download it again""".formatted(file));
        Files.writeString(file, "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}}}");
        assertThatThrownBy(() -> Tokenizer.open(file))
                .isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith("""
                        The tokenizer library cannot read this tokenizer file.
                          file:  %s
                          found:""".formatted(file));
    }

    @Test
    void an_id_beyond_the_vocabulary_has_no_text_in_a_stream() {
        StreamingDecoder decoder = tokenizer.stream(true);
        int[] ids = tokenizer.encodeAsText("Ahoy there");
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.add(tokenizer.vocabularySize() + 7)).append(decoder.add(id));
        }
        assertThat(text.append(decoder.finish())).hasToString("Ahoy there");
        assertThat(tokenizer.knows(tokenizer.vocabularySize())).isFalse();
    }
}
