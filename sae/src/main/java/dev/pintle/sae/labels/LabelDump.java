package dev.pintle.sae.labels;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * One file with all labels, somewhere on the web.
 *
 * @param name under which it is kept
 */
record LabelDump(URI file, String name) implements LabelSource.Wholesale {
    @Override
    public Parts parts() {
        return new Parts(List.of(file), Optional.empty());
    }
}
