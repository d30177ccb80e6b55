package dev.pintle.sae.corpus;

import dev.pintle.text.Message;
import dev.pintle.text.ModelText;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import java.util.List;
import java.util.stream.IntStream;

/** One text of a collection: plain text or a conversation. */
public sealed interface Document {
    /** Its token ids as the model reads them. */
    int[] tokens(ModelText words);

    /** The role of each token; empty for a plain text. */
    List<Role> roles(ModelText words);

    /** The content that identifies the document when a collection is read again. */
    String content();

    /** A plain text; special tokens spelled out in it are treated as ordinary text. */
    record Plain(String text) implements Document {
        @Override
        public int[] tokens(ModelText words) {
            return words.tokenizer().encode(words.tokenizer().asText(text));
        }

        @Override
        public List<Role> roles(ModelText words) {
            return List.of();
        }

        @Override
        public String content() {
            return text;
        }
    }

    /** A conversation, rendered with the model's chat template. */
    record Chat(List<Message> messages) implements Document {
        @Override
        public int[] tokens(ModelText words) {
            return tokenized(words).ids();
        }

        @Override
        public List<Role> roles(ModelText words) {
            TokenizedPrompt tokens = tokenized(words);
            return IntStream.range(0, tokens.length()).mapToObj(tokens::role).toList();
        }

        private TokenizedPrompt tokenized(ModelText words) {
            List<Message> safe = messages.stream()
                    .map(m -> new Message(m.role(), words.tokenizer().asText(m.content())))
                    .toList();
            return new Prompt(safe, Prompt.Ending.CLOSED).tokenized(words);
        }

        @Override
        public String content() {
            StringBuilder content = new StringBuilder();
            messages.forEach(m ->
                    content.append(m.role()).append('\n').append(m.content()).append('\n'));
            return content.toString();
        }
    }
}
