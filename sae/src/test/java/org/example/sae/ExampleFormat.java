package org.example.sae;

import dev.pintle.sae.LatentMatrix;
import dev.pintle.sae.SaeFiles;
import dev.pintle.sae.SaeFormat;
import dev.pintle.sae.SaeOrigin;
import dev.pintle.sae.Sparsity;
import dev.pintle.sae.Weights;
import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Set;

/** A format as somebody else would write it, in a package of their own: tensors {@code read}, {@code write} and two biases. */
public final class ExampleFormat implements SaeFormat {
    @Override
    public String name() {
        return "Example";
    }

    @Override
    public String layout() {
        return "any file with read, read_bias, write, write_bias";
    }

    @Override
    public boolean recognises(SaeFiles files) {
        return files.names().contains("read") && files.names().contains("write");
    }

    @Override
    public Draft read(SaeFiles files) {
        files.requireKeys(this, Set.of("read", "read_bias", "write", "write_bias"), Set.of("greedy"));
        LatentMatrix encoder = files.matrix("read", LatentMatrix.Axes.LATENTS_FIRST);
        Weights weights = Weights.plain(
                        encoder,
                        files.vector("read_bias", encoder.dSae()),
                        files.decoder("write", LatentMatrix.Axes.LATENTS_FIRST, encoder),
                        files.vector("write_bias", encoder.dModel()))
                .with(new Sparsity.TopK(2));
        HookPoint at = HookPoint.residPost(3);
        return new Draft(
                new SaeOrigin(files.shortName(), files.path(), name(), at, at.toString(), "parley-7m", List.of()),
                weights);
    }
}
