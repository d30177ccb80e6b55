package dev.pintle.cli;

/** Which tokens are steered, in words. */
final class SteeredTokens {
    private SteeredTokens() {}

    /** @param name as {@link dev.pintle.steering.Tokens#parse} reads it */
    static String words(String name) {
        return switch (name) {
            case "all" -> "every token of prompt and answer";
            case "last" -> "the prompt's last token";
            case "prompt" -> "the prompt's tokens";
            case "generated" ->
                "generated tokens, from the first one's own position on (that one is predicted at the prompt's last"
                        + " token, which is not steered)";
            case "generated+1" -> "from the prompt's last token on, where the first token of the answer is predicted";
            default -> "tokens " + name;
        };
    }
}
