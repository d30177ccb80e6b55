package dev.pintle.sae.profile;

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
 */
public record ProfileSettings(
        int window, int tokensAtOnce, int contextsKept, int before, int after, boolean specialTokens, long mostTokens) {

    /** Windows of 256 tokens, 2,048 at once, eight contexts of 14 and 6 tokens, special tokens left out, all texts. */
    public static ProfileSettings usual() {
        return new ProfileSettings(256, 2048, 8, 14, 6, false, 0);
    }

    /** The same, ending after about so many tokens. */
    public ProfileSettings upTo(long tokens) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, specialTokens, tokens);
    }

    /** The same with special tokens counted or not. */
    public ProfileSettings withSpecialTokens(boolean counted) {
        return new ProfileSettings(window, tokensAtOnce, contextsKept, before, after, counted, mostTokens);
    }

    /** The same with another window. */
    public ProfileSettings withWindow(int tokens) {
        return new ProfileSettings(tokens, tokensAtOnce, contextsKept, before, after, specialTokens, mostTokens);
    }
}
