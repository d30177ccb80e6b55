/**
 * What latents do on a collection of texts: how often each fires, on which tokens, in which contexts, and which tokens
 * it promotes.
 *
 * <p>{@link dev.pintle.sae.profile.Profiler} reads the texts once and stores what it finds in a file;
 * {@link dev.pintle.sae.profile.LatentProfile} reads it.
 */
@NullMarked
package dev.pintle.sae.profile;

import org.jspecify.annotations.NullMarked;
