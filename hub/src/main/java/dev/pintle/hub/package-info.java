/**
 * Where models come from: folders, the model that travels with Pintle, and the Hugging Face hub with its cache.
 *
 * <p>{@link dev.pintle.hub.ModelFolders} finds what is here and never asks the network; {@link dev.pintle.hub.HubClient}
 * fetches.
 */
@NullMarked
package dev.pintle.hub;

import org.jspecify.annotations.NullMarked;
