package dev.pintle.text;

/** Whether a tokenizer adds the model's special tokens around a text. */
public enum SpecialTokens {
    /** Add what the model expects around plain text, usually a leading BOS token. */
    ADD,
    /** Add nothing: the text is a rendered chat, or a fragment. */
    NONE
}
