/**
 * The text of a model: chats become prompts, prompts become token ids, token ids become text again.
 *
 * <p>{@link dev.pintle.text.ChatTemplate} renders messages with the template that came with the model, exactly as
 * Hugging Face transformers does. {@link dev.pintle.text.Tokenizer} is the Hugging Face tokenizer itself.
 *
 * <pre>{@code
 * Path folder = Path.of("models/parley-7m");
 * ChatTemplate template = ChatTemplate.load(folder);
 * try (Tokenizer tokenizer = Tokenizer.open(folder)) {
 *     String prompt = template.render(List.of(Message.user("Tell me about the whale.")), ChatOptions.forAnswer());
 *     int[] ids = tokenizer.encode(prompt, SpecialTokens.NONE); // the template has already written the BOS token
 * }
 * }</pre>
 *
 * <p>{@link dev.pintle.text.ModelText} is both of a model; a {@link dev.pintle.text.Prompt} tokenized with it knows whose words
 * each token is.
 *
 * <p>A message may contain the text of a special token, such as {@code <|eot_id|>}. Rendered and encoded as above it
 * becomes that token, as in transformers. Pass the message through {@link dev.pintle.text.Tokenizer#asText} first and it
 * stays text.
 */
@NullMarked
package dev.pintle.text;

import org.jspecify.annotations.NullMarked;
