package dev.pintle.sae.profile;

import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Prompt;
import dev.pintle.steering.Role;
import dev.pintle.steering.TokenizedPrompt;
import dev.pintle.text.Message;
import java.util.List;
import java.util.stream.IntStream;

/** One text of a collection. */
public sealed interface Document {
    /** Its token ids as the model reads them. */
    int[] tokens(LanguageModel model);

    /** Whose words each token is; empty for a text that is nobody's. */
    List<Role> roles(LanguageModel model);

    /** What makes it the same document when a collection is read again. */
    String content();

    /** A text as it is; special tokens written in it are text. */
    record Plain(String text) implements Document {
        @Override
        public int[] tokens(LanguageModel model) {
            return model.tokenizer().encode(model.tokenizer().asText(text));
        }

        @Override
        public List<Role> roles(LanguageModel model) {
            return List.of();
        }

        @Override
        public String content() {
            return text;
        }
    }

    /** A conversation, written in the model's chat template. */
    record Chat(List<Message> messages) implements Document {
        @Override
        public int[] tokens(LanguageModel model) {
            return tokenized(model).ids();
        }

        @Override
        public List<Role> roles(LanguageModel model) {
            TokenizedPrompt tokens = tokenized(model);
            return IntStream.range(0, tokens.length()).mapToObj(tokens::role).toList();
        }

        private TokenizedPrompt tokenized(LanguageModel model) {
            List<Message> safe = messages.stream()
                    .map(m -> new Message(m.role(), model.tokenizer().asText(m.content())))
                    .toList();
            return new Prompt(safe, Prompt.Ending.CLOSED).tokenized(model);
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
