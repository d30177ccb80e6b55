package dev.pintle.sae.labels;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A single file with all labels, anywhere on the web.
 *
 * @param name the name its labels are stored under
 */
record LabelDump(URI file, String name) implements LabelSource.Wholesale {
    @Override
    public Parts parts() {
        return new Parts(List.of(file), Optional.empty());
    }
}
