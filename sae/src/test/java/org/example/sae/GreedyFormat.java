package org.example.sae;

import dev.pintle.sae.SaeFiles;
import dev.pintle.sae.SaeFormat;

/** A format that claims files of others. */
public final class GreedyFormat implements SaeFormat {
    @Override
    public String name() {
        return "Greedy";
    }

    @Override
    public String layout() {
        return "any file with greedy";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.names().contains("greedy");
    }

    @Override
    public Draft read(SaeFiles files) {
        throw files.refused(this, "The format only claims files.", "file", files.path());
    }
}
