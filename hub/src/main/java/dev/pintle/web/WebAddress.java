package dev.pintle.web;

import dev.pintle.base.Problem;
import java.net.URI;
import java.util.Set;

/** Validates service URLs given by users. */
public final class WebAddress {
    private WebAddress() {}

    /**
     * A URL with scheme and host, without trailing slashes.
     *
     * @param expected what it should be, for the message
     * @throws IllegalArgumentException if it is not one
     */
    public static URI require(String text, String expected) {
        String trimmed = text.strip().replaceAll("/+$", "");
        try {
            URI uri = URI.create(trimmed);
            if (uri.getHost() != null && Set.of("http", "https").contains(String.valueOf(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // reported below
        }
        throw Problem.of("The address of the service is not valid.")
                .fact("expected", expected)
                .fact("but was", trimmed.isEmpty() ? "none" : trimmed)
                .toIllegalArgument();
    }
}
