package dev.pintle.text;

/** Whether a tokenizer puts the model's own tokens around a text. */
public enum SpecialTokens {
    /** Add what the model expects around a bare text, usually a BOS token before it. */
    ADD,
    /** Add nothing: the text is a rendered chat, or the middle of something. */
    NONE
}
