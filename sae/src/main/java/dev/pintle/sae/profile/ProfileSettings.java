package dev.pintle.sae.profile;

import dev.pintle.text.Role;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How texts are read for a profile.
 *
 * @param window maximum number of tokens per sequence; longer texts are split, and each piece starts a new sequence
 * @param tokensAtOnce approximate number of tokens per batch
 * @param contextsKept number of contexts kept per latent
 * @param before tokens shown before a peak
 * @param after tokens shown after it
 * @param specialTokens whether special tokens count; autoencoders are rarely trained on them
 * @param mostTokens reading stops after about this many; 0 for all
 * @param roles whose tokens count in conversations; all of a plain text counts. Without the system role, what the
 *     template writes before the first other message does not count either, since that may include a default system
 *     prompt
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
    /** Copies the set. */
    public ProfileSettings {
        roles = Set.copyOf(roles);
    }

    /** Counts the tokens of all roles. */
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

    /**
     * The roles of some names.
     *
     * @param names {@code all} alone for every role; none for all but system, on which autoencoders are rarely trained
     * @throws IllegalArgumentException listing the roles
     */
    public static Set<Role> roles(List<String> names) {
        if (names.isEmpty()) {
            return EnumSet.complementOf(EnumSet.of(Role.SYSTEM));
        }
        return names.equals(List.of("all"))
                ? EnumSet.allOf(Role.class)
                : names.stream().map(Role::parse).collect(Collectors.toCollection(() -> EnumSet.noneOf(Role.class)));
    }

    /** A copy that stops after about this many tokens. */
    public ProfileSettings upTo(long tokens) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, specialTokens, tokens, roles);
    }

    /** A copy with special tokens counted or not. */
    public ProfileSettings withSpecialTokens(boolean counted) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, counted, mostTokens, roles);
    }

    /** A copy with another window. */
    public ProfileSettings withWindow(int tokens) {
        return new ProfileSettings(tokens, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens, roles);
    }

    /** A copy that counts only these roles' tokens. */
    public ProfileSettings withRoles(Set<Role> whose) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens, whose);
    }

    boolean allRoles() {
        return roles.size() == Role.values().length;
    }
}
