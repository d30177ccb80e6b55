package dev.pintle.sae.profile;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Effects of latents: the tokens whose logits a decoder row raises and lowers most when unembedded directly (W_U d,
 * without the final norm), and the latents with the most similar decoder rows. Needs no text.
 */
final class EffectsStage {
    private static final int TOKENS = 10;
    private static final int NEAREST = 8;
    private static final int MOST_AT_ONCE = 1024;
    private static final long BLOCK_BYTES = 128L << 20;
    private static final int COLUMNS = 8192;

    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final @Nullable ProfileStore store;

    /** @param store null to compute without keeping */
    EffectsStage(LanguageModel model, SparseAutoencoder sae, @Nullable ProfileStore store) {
        this.model = model;
        this.sae = sae;
        this.store = store;
    }

    /** Processes latents in order and stores them block by block; returns whether all are done. */
    boolean run(Profiler.Listener listener) {
        ProfileStore kept = Objects.requireNonNull(store);
        Set<Integer> known = new HashSet<>(kept.pieces().keySet());
        int dSae = sae.dSae();
        int from = kept.effectsDone();
        long widest = Math.max(COLUMNS, model.config().dVocab());
        int atOnce = (int) Math.max(1, Math.min(MOST_AT_ONCE, BLOCK_BYTES / (4 * widest)));
        for (; from < dSae && listener.at("effects", from, dSae); from += atOnce) {
            int count = Math.min(atOnce, dSae - from);
            Map<Integer, Effects> effects = block(from, count);
            Map<Integer, String> fresh = new HashMap<>();
            for (Effects one : effects.values()) {
                IntStream.concat(Arrays.stream(one.promoted()), Arrays.stream(one.suppressed()))
                        .filter(known::add)
                        .forEach(id -> fresh.put(id, piece(id)));
            }
            kept.putEffects(effects, fresh);
        }
        if (from >= dSae) {
            listener.at("effects", dSae, dSae);
        }
        return from >= dSae;
    }

    /** Vocabularies are padded, and a padding id has no text. */
    String piece(int id) {
        return id < model.tokenizer().vocabularySize() ? model.tokenizer().decode(new int[] {id}) : "";
    }

    Map<Integer, Effects> block(int from, int count) {
        try (TensorScope scope = TensorScope.open("effects of latents")) {
            Tensor rows = sae.decoderRows(from, count);
            Tensor logits = model.directLogits(rows.to(model.device())); // [count, dVocab]
            int tokens = (int) Math.min(TOKENS, logits.size(-1));
            Tensor.TopK up = logits.topK(tokens);
            Tensor.TopK down = logits.times(-1).topK(tokens);
            int[] upIds = up.indices().toInts();
            float[] ups = up.values().toFloats();
            int[] downIds = down.indices().toInts();
            float[] downs = down.values().times(-1).toFloats();
            List<List<Neighbour>> nearest = nearest(rows, from, count);
            Map<Integer, Effects> effects = new HashMap<>();
            for (int i = 0; i < count; i++) {
                int a = i * tokens;
                int b = a + tokens;
                List<Neighbour> near = nearest.get(i);
                float[] cosines = new float[near.size()];
                for (int n = 0; n < cosines.length; n++) {
                    cosines[n] = near.get(n).cosine();
                }
                effects.put(
                        from + i,
                        new Effects(
                                Arrays.copyOfRange(upIds, a, b),
                                Arrays.copyOfRange(ups, a, b),
                                Arrays.copyOfRange(downIds, a, b),
                                Arrays.copyOfRange(downs, a, b),
                                near.stream().mapToInt(Neighbour::latent).toArray(),
                                cosines));
            }
            return effects;
        }
    }

    private record Neighbour(int latent, float cosine) {}

    private List<List<Neighbour>> nearest(Tensor rows, int from, int count) {
        List<List<Neighbour>> nearest = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            nearest.add(new ArrayList<>());
        }
        Tensor mine = unit(rows);
        for (int start = 0; start < sae.dSae(); start += COLUMNS) {
            int width = Math.min(COLUMNS, sae.dSae() - start);
            try (TensorScope scope = TensorScope.open("cosines")) {
                Tensor cosines = mine.matmul(unit(sae.decoderRows(start, width)).transpose(0, 1)); // [count, width]
                int k = Math.min(NEAREST + 1, width);
                Tensor.TopK top = cosines.topK(k);
                int[] latents = top.indices().toInts();
                float[] values = top.values().toFloats();
                for (int i = 0; i < latents.length; i++) {
                    int latent = start + latents[i];
                    if (latent != from + i / k) {
                        nearest.get(i / k).add(new Neighbour(latent, values[i]));
                    }
                }
            }
        }
        for (int i = 0; i < count; i++) {
            List<Neighbour> all = nearest.get(i);
            all.sort(Comparator.comparingDouble((Neighbour n) -> -n.cosine()).thenComparingInt(Neighbour::latent));
            nearest.set(i, List.copyOf(all.subList(0, Math.min(NEAREST, all.size()))));
        }
        return nearest;
    }

    private static Tensor unit(Tensor rows) {
        return rows.dividedBy(rows.norm(-1, true).plus(1e-30)); // a dead row has no direction
    }
}
