package dev.pintle.transformer;

/**
 * Keys and values of some consecutive tokens of one sequence, after all layers, on the Java heap. It never changes, so any
 * number of rows may begin with it.
 */
public final class KvPart {
    private static final int HEADER = 16 + Integer.BYTES; // of an array, and a reference to it

    private final HeadCache.Part[][] heads; // [nLayers][nKvHeads]
    private final int tokens;

    KvPart(HeadCache.Part[][] heads, int tokens) {
        this.heads = heads;
        this.tokens = tokens;
    }

    /** Number of tokens. */
    public int tokens() {
        return tokens;
    }

    HeadCache.Part head(int layer, int kvHead) {
        return heads[layer][kvHead];
    }

    /** Size in bytes of a part with so many tokens. */
    public static long bytes(ModelConfig config, int tokens) {
        long heads = (long) config.nLayers() * config.nKvHeads();
        return KvRows.bytes(config, tokens) + heads * (tokens + 4) * HEADER;
    }
}
