package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.server.serving.Reads;
import dev.pintle.steering.Capture;
import dev.pintle.steering.Capture.Captured;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import java.util.Arrays;
import java.util.Set;

/**
 * Each token's largest latents: `[n, top]` activations, and as many indices. A token with fewer active latents is padded
 * with index -1. Activations are encoded once the answer has ended, all tokens together.
 *
 * @param name of the autoencoder, as the client called it
 */
record TopLatents(Capture hook, SparseAutoencoder sae, String name, int top, Reads reads) implements Kept {
    /** @param point where the autoencoder reads */
    static TopLatents of(HookPoint point, Tokens tokens, SparseAutoencoder sae, Reduce.Latents asked, Reads reads) {
        int top = Math.min(asked.count(), sae.dSae());
        return new TopLatents(new Capture(Set.of(point), tokens), sae, asked.autoencoder(), top, reads);
    }

    @Override
    public int[] positions(HookPoint point) {
        return hook.at(point).positions();
    }

    @Override
    public Numbers numbers(HookPoint point) throws InterruptedException {
        Captured captured = hook.at(point);
        int n = captured.positions().length;
        int[] indices = new int[n * top];
        float[] values = new float[n * top];
        Arrays.fill(indices, -1);
        if (n > 0) {
            try (Reads.Turn turn = reads.begin();
                    TensorScope scope = TensorScope.open("latents of a capture")) {
                SparseLatents latents = sae.encodeTop(
                        Tensor.of(captured.values(), n, captured.width()).to(sae.device()), top);
                for (int t = 0; t < n; t++) {
                    for (int entry = 0; entry < latents.count(t); entry++) {
                        indices[t * top + entry] = latents.latent(t, entry);
                        values[t * top + entry] = latents.activation(t, entry);
                    }
                }
            }
        }
        ObjectNode reduced = Json.object();
        reduced.putObject("latents").put("sae", name).put("top", top);
        return new Numbers(new long[] {n, top}, values, indices, reduced);
    }
}
