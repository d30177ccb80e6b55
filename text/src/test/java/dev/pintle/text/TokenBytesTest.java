package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TokenBytesTest {
    @Test
    void the_bytes_of_a_texts_tokens_are_the_texts() {
        try (Tokenizer tokenizer = Tokenizer.open(Golden.parley())) {
            TokenBytes bytes = new TokenBytes(tokenizer);
            for (String text :
                    new String[] {"The whale is blue.", "caf\u00e9 \u2014 \u9be8 \ud83d\udc0b!", "a\nb\tc  d"}) {
                ByteArrayOutputStream all = new ByteArrayOutputStream();
                for (int id : tokenizer.encode(text, SpecialTokens.NONE)) {
                    all.writeBytes(bytes.of(id));
                }
                assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo(text);
            }
        }
    }

    @Test
    void an_id_without_a_token_has_no_bytes() {
        try (Tokenizer tokenizer = Tokenizer.open(Golden.parley())) {
            assertThat(new TokenBytes(tokenizer).of(1_000_000)).isEmpty();
        }
    }
}
