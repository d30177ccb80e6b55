package dev.pintle.sae.profile;

import dev.pintle.text.Role;
import java.util.EnumSet;
import java.util.Set;

/**
 * How texts are read for a profile.
 *
 * @param window most tokens the model reads at once; longer texts are cut, each piece beginning anew
 * @param tokensAtOnce about how many tokens go through the model together
 * @param contextsKept how many contexts are kept of each latent
 * @param before tokens shown before a peak
 * @param after tokens shown after it
 * @param specialTokens whether special tokens count; autoencoders are rarely made for them
 * @param mostTokens reading stops after about so many; 0 for all
 * @param roles whose words count in conversations; a plain text counts whole. Without the system's, what the template writes before
 *     the first words of anybody else, where defaults for the system stand, does not count either
 */
public record ProfileSettings(
        int window,
        int tokensAtOnce,
        int contextsKept,
        int before,
        int after,
        boolean specialTokens,
        long mostTokens,
        Set<Role> roles) {
    /** Keeps a copy. */
    public ProfileSettings {
        roles = Set.copyOf(roles);
    }

    /** With everybody's words counted. */
    public ProfileSettings(
            int window,
            int tokensAtOnce,
            int contextsKept,
            int before,
            int after,
            boolean specialTokens,
            long mostTokens) {
        this(window, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens, EnumSet.allOf(Role.class));
    }

    /** Windows of 256 tokens, 2,048 at once, eight contexts of 14 and 6 tokens, special tokens left out, all texts. */
    public static ProfileSettings usual() {
        return new ProfileSettings(256, 2048, 8, 14, 6, false, 0);
    }

    /** The same, ending after about so many tokens. */
    public ProfileSettings upTo(long tokens) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, specialTokens, tokens, roles);
    }

    /** The same with special tokens counted or not. */
    public ProfileSettings withSpecialTokens(boolean counted) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, counted, mostTokens, roles);
    }

    /** The same with another window. */
    public ProfileSettings withWindow(int tokens) {
        return new ProfileSettings(tokens, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens, roles);
    }

    /** The same with these roles' words alone. */
    public ProfileSettings withRoles(Set<Role> whose) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens, whose);
    }

    boolean allRoles() {
        return roles.size() == Role.values().length;
    }
}
