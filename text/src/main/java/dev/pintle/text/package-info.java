/**
 * Text handling of a model: chats become prompts, prompts become token ids, and token ids become text again.
 *
 * <p>{@link dev.pintle.text.ChatTemplate} renders messages with the model's own template, exactly as Hugging Face
 * transformers does. {@link dev.pintle.text.Tokenizer} wraps the Hugging Face tokenizer.
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
 * <p>{@link dev.pintle.text.ModelText} combines a model's tokenizer and template; a {@link dev.pintle.text.Prompt}
 * tokenized with it knows the role of each token.
 *
 * <p>A message may contain the text of a special token, such as {@code <|eot_id|>}. Rendered and encoded as above, it
 * becomes that token, as in transformers. To keep it as text, pass the message through
 * {@link dev.pintle.text.Tokenizer#asText} first.
 */
@NullMarked
package dev.pintle.text;

import org.jspecify.annotations.NullMarked;
