package dev.pintle.sae.profile;

import dev.pintle.sae.profile.LatentFacts.Effect;
import dev.pintle.sae.profile.LatentFacts.TopToken;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A label derived from a profile's counts, without any service:
 * {@code tokens such as " ye", " aye"; promotes " th", "'"}.
 */
final class OwnLabel {
    private static final double ONE_TOKEN = 0.7;
    private static final int NAMED = 4;
    private static final int PROMOTED = 3;

    private OwnLabel() {}

    /** The label; empty if the latent never fired. */
    static String of(List<TopToken> tokens, List<Effect> promoted) {
        if (tokens.isEmpty()) {
            return "";
        }
        String seen = tokens.get(0).share() >= ONE_TOKEN
                ? "the token " + quoted(tokens.get(0).text())
                : "tokens such as "
                        + tokens.stream()
                                .limit(NAMED)
                                .map(token -> quoted(token.text()))
                                .collect(Collectors.joining(", "));
        String written = promoted.stream()
                .limit(PROMOTED)
                .map(effect -> quoted(effect.token()))
                .collect(Collectors.joining(", "));
        return written.isEmpty() ? seen : seen + "; promotes " + written;
    }

    /** A piece in quotes, with line breaks and tabs escaped. */
    static String quoted(String piece) {
        return "\""
                + piece.replace("\\", "\\\\")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                        .replace("\t", "\\t") + "\"";
    }
}
