package dev.pintle.library;

import dev.pintle.sae.labels.LabelLibrary;
import java.util.Collection;
import java.util.Map;

/** Labels of one autoencoder's latents, from a file, a profile or a service, by {@link Library#labels}. */
public interface Labels {
    /** The source, as the library keeps it: a path, {@code profile:NAME} or {@code neuronpedia:MODEL/SOURCE}. */
    String name();

    /** Labels of some latents. A service is asked for those that are not kept yet, unless offline; a failure is part of the result. */
    LabelLibrary.Lookup lookup(Collection<Integer> latents);

    /** All labels that are kept on this machine, by latent. */
    Map<Integer, String> kept();

    /**
     * Latents whose kept labels contain every word of a text in any form ("pirate" finds "pirates").
     *
     * @return labels by latent, best match first
     */
    Map<Integer, String> search(String words, int most);
}
