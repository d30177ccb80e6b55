package dev.pintle.sae.profile;

import dev.pintle.chat.ChatOptions;
import dev.pintle.chat.Message;
import dev.pintle.chat.SpecialTokens;
import dev.pintle.model.LanguageModel;
import java.util.List;

/** One text of a collection. */
public sealed interface Document {
    /** Its token ids as the model reads them. */
    int[] tokens(LanguageModel model);

    /** What makes it the same document when a collection is read again. */
    String content();

    /** A text as it is; special tokens written in it are text. */
    record Plain(String text) implements Document {
        @Override
        public int[] tokens(LanguageModel model) {
            return model.tokenizer().encode(model.tokenizer().asText(text));
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
            List<Message> safe = messages.stream()
                    .map(m -> new Message(m.role(), model.tokenizer().asText(m.content())))
                    .toList();
            String text = model.chatTemplate().render(safe, ChatOptions.messagesOnly());
            return model.tokenizer().encode(text, SpecialTokens.NONE);
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
