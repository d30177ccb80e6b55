package dev.pintle.library.steer;

import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.SteeringVector;
import java.util.List;

/** Where a specification's vectors and autoencoders are found. */
public interface SteeringSources {
    /**
     * The vectors of a name: one, or one a layer.
     *
     * @param name a name, or {@code sha256:} and the hash of a file
     * @throws dev.pintle.base.PintleException if there is none
     */
    List<SteeringVector> vectors(String name);

    /**
     * An open autoencoder, which stays open as long as what was resolved is in use.
     *
     * @throws dev.pintle.base.PintleException if there is none
     */
    SparseAutoencoder autoencoder(String name);
}
