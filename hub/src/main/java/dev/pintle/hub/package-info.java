/**
 * Where models come from: folders, the embedded model, and the Hugging Face hub with its cache.
 *
 * <p>{@link dev.pintle.hub.ModelFolders} finds local models and never accesses the network; {@link
 * dev.pintle.hub.HubClient} downloads.
 */
@NullMarked
package dev.pintle.hub;

import org.jspecify.annotations.NullMarked;
