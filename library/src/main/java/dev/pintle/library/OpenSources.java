package dev.pintle.library;

import dev.pintle.library.steer.SteeringSources;
import dev.pintle.library.steer.VectorRef;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A library's vectors and autoencoders for steering one model. Autoencoders are opened when first named, and stay open
 * until this is closed. May be used by several threads.
 */
public final class OpenSources implements SteeringSources, AutoCloseable {
    private final Library library;
    private final Device device;
    private final int blocks;
    private final boolean files;
    private final Map<String, SparseAutoencoder> open = new LinkedHashMap<>(); // guarded by this

    /**
     * @param device of the model
     * @param blocks the model's number of blocks
     * @param files whether a vector or an autoencoder may also be the name of a file
     */
    OpenSources(Library library, Device device, int blocks, boolean files) {
        this.library = library;
        this.device = device;
        this.blocks = blocks;
        this.files = files;
    }

    @Override
    public List<SteeringVector> vectors(String name) {
        VectorHints hints = VectorHints.none().blocks(blocks);
        if (!files && !name.startsWith(VectorRef.HASH)) {
            library.requireVector(name);
        }
        return library.vectors(name, hints);
    }

    @Override
    public synchronized SparseAutoencoder autoencoder(String name) {
        SparseAutoencoder known = open.get(name);
        if (known == null) {
            known = SparseAutoencoder.load(library.autoencoderFile(name, files), device, DType.FP32);
            open.put(name, known);
        }
        return known;
    }

    /** Names of the autoencoders that are open. */
    public synchronized List<String> openAutoencoders() {
        return List.copyOf(open.keySet());
    }

    @Override
    public synchronized void close() {
        open.values().forEach(SparseAutoencoder::close);
        open.clear();
    }
}
