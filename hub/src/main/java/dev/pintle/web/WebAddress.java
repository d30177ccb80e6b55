package dev.pintle.web;

import dev.pintle.base.Problem;
import java.net.URI;
import java.util.Set;

/** Addresses of services as users give them. */
public final class WebAddress {
    private WebAddress() {}

    /**
     * An address with scheme and host, without slashes at its end.
     *
     * @param expected what it should be, for the message
     * @throws IllegalArgumentException if it is none
     */
    public static URI require(String text, String expected) {
        String trimmed = text.strip().replaceAll("/+$", "");
        try {
            URI uri = URI.create(trimmed);
            if (uri.getHost() != null && Set.of("http", "https").contains(String.valueOf(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw Problem.of("The address of the service cannot be used.")
                .fact("expected", expected)
                .fact("but was", trimmed.isEmpty() ? "none" : trimmed)
                .toIllegalArgument();
    }
}
