package dev.pintle.transformer.cpu;

import static dev.pintle.transformer.HookPoint.Site.ATTN_K;
import static dev.pintle.transformer.HookPoint.Site.ATTN_OUT;
import static dev.pintle.transformer.HookPoint.Site.ATTN_Q;
import static dev.pintle.transformer.HookPoint.Site.ATTN_V;
import static dev.pintle.transformer.HookPoint.Site.ATTN_Z;
import static dev.pintle.transformer.HookPoint.Site.MLP_OUT;
import static dev.pintle.transformer.HookPoint.Site.MLP_POST;
import static dev.pintle.transformer.HookPoint.Site.MLP_PRE;
import static dev.pintle.transformer.HookPoint.Site.RESID_MID;
import static dev.pintle.transformer.HookPoint.Site.RESID_POST;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.FloatMath;
import dev.pintle.tensor.HeapWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Workers;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.HeadCache;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Pass;
import dev.pintle.transformer.RopeTables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One block of one pass. Arrays are `[batch · tokens, width]`. */
final class BlockRun {
    private static final int LEAST_TILE = 4; // the matrix product computes four rows at once
    private static final int LARGEST_TILE = 32;

    private final ModelConfig config;
    private final DType dtype;
    private final HeapBlock block;
    private final int layer;
    private final Attention attention;
    private final Pass pass;
    private final RopeTables.@Nullable HeapTable table; // null for no rotation
    private final int batch;
    private int tokens;
    private int skipped; // tokens of the pass before those that are still needed
    private float[] resid;
    private float[] q;
    private float[] k;
    private float[] v;
    private float[] z = {};
    private float[] attnOut = {};
    private float[] mid = {};
    private float[] gate = {};
    private float[] active = {};
    private float[] inside = {};
    private float[] mlpOut = {};
    private HeadCache[] heads = {}; // [batch · nKvHeads], unless each row has one token in the pass

    /** The steps of a block; each is computed token by token, and attention only needs the keys and values before it. */
    private enum Step {
        PROJECT(ATTN_Q, ATTN_K, ATTN_V),
        TURN(),
        ATTEND(ATTN_Z),
        OUT(ATTN_OUT),
        ADD_ATTENTION(RESID_MID),
        GATE_AND_UP(MLP_PRE),
        ACTIVATE(MLP_POST),
        DOWN(MLP_OUT),
        ADD_MLP();

        private final List<Site> sites; // between this step and the next

        Step(Site... sites) {
            this.sites = List.of(sites);
        }
    }

    /** @param before `[batch, tokens, dModel]` */
    BlockRun(ModelConfig config, DType dtype, HeapBlock block, Tensor before, Pass pass) {
        this.config = config;
        this.dtype = dtype;
        this.block = block;
        this.attention = block.parts().attention();
        this.layer = attention.layer();
        this.pass = pass;
        this.table = attention.rope() == null ? null : pass.heapTable(attention.rope());
        this.batch = (int) before.size(0);
        this.tokens = (int) before.size(1);
        this.resid = before.toFloats();
        this.q = new float[rows() * config.nHeads() * config.dHead()];
        this.k = new float[rows() * config.nKvHeads() * config.dHead()];
        this.v = new float[k.length];
    }

    private int rows() {
        return batch * tokens;
    }

    /** The residual stream after the block, `[batch, tokens or 1, dModel]`. */
    Tensor after() {
        if (pass.rows() != null && tokens == 1) {
            allocate();
            compute(Step.PROJECT, Step.ADD_MLP);
        } else {
            compute(Step.PROJECT, Step.TURN);
            remember();
            if (pass.needsOnlyLast(layer)) {
                skipped = tokens - 1;
                resid = lastOf(resid);
                q = lastOf(q);
                tokens = 1;
            }
            allocate();
            compute(Step.ATTEND, Step.ADD_MLP);
        }
        return pass.hook(RESID_POST, layer, tensor(mid, batch, tokens, config.dModel()));
    }

    private void allocate() {
        z = new float[q.length];
        attnOut = new float[resid.length];
        mid = new float[resid.length];
        gate = new float[rows() * block.gate().out()];
        active = new float[gate.length];
        inside = new float[gate.length];
        mlpOut = new float[resid.length];
    }

    private float[] lastOf(float[] x) {
        int width = x.length / rows();
        float[] last = new float[batch * width];
        for (int row = 0; row < batch; row++) {
            System.arraycopy(x, (row * tokens + tokens - 1) * width, last, row * width, width);
        }
        return last;
    }

    /** Computes steps tile by tile, as many in a row as no hook looks between. */
    private void compute(Step from, Step to) {
        List<Step> together = new ArrayList<>();
        for (Step step : EnumSet.range(from, to)) {
            together.add(step);
            boolean seen = step.sites.stream().anyMatch(site -> pass.isSeen(site, layer));
            if (seen || step == to) {
                List<Step> steps = List.copyOf(together);
                share(steps.size(), (first, count) -> {
                    for (Step one : steps) {
                        compute(one, first, count);
                    }
                });
                together.clear();
                if (seen) {
                    hook(step);
                }
            }
        }
    }

    private void hook(Step step) {
        switch (step) {
            case PROJECT -> {
                q = hooked(ATTN_Q, q, config.nHeads(), config.dHead());
                k = hooked(ATTN_K, k, config.nKvHeads(), config.dHead());
                v = hooked(ATTN_V, v, config.nKvHeads(), config.dHead());
            }
            case ATTEND -> z = hooked(ATTN_Z, z, config.nHeads(), config.dHead());
            case OUT -> attnOut = hooked(ATTN_OUT, attnOut, config.dModel());
            case ADD_ATTENTION -> mid = hooked(RESID_MID, mid, config.dModel());
            case GATE_AND_UP -> gate = hooked(MLP_PRE, gate, block.gate().out());
            case ACTIVATE -> inside = hooked(MLP_POST, inside, block.gate().out());
            case DOWN -> mlpOut = hooked(MLP_OUT, mlpOut, config.dModel());
            default -> throw new IllegalStateException("No hook looks after " + step + ".");
        }
    }

    private float[] hooked(Site site, float[] x, long... axes) {
        long[] shape = new long[2 + axes.length];
        shape[0] = batch;
        shape[1] = tokens;
        System.arraycopy(axes, 0, shape, 2, axes.length);
        return pass.isSeen(site, layer)
                ? pass.hook(site, layer, tensor(x, shape)).toFloats()
                : x;
    }

    private void compute(Step step, int first, int count) {
        switch (step) {
            case PROJECT -> {
                float[] normed = normed(block.attnNorm(), resid, first, count);
                multiply(block.qkv().get(0), normed, first, count, q);
                multiply(block.qkv().get(1), normed, first, count, k);
                multiply(block.qkv().get(2), normed, first, count, v);
            }
            case TURN -> {
                turn(block.ofQueries(), q, config.nHeads(), first, count);
                turn(block.ofKeys(), k, config.nKvHeads(), first, count);
            }
            case ATTEND -> attend(first, count);
            case OUT -> {
                block.out().multiply(z, first, count, attnOut, first);
                roundRows(attnOut, first, count);
                normalise(block.attnPost(), attnOut, first, count);
            }
            case ADD_ATTENTION -> sum(resid, attnOut, mid, first, count);
            case GATE_AND_UP -> {
                float[] normed = normed(block.mlpNorm(), mid, first, count);
                multiply(block.gate(), normed, first, count, gate);
                multiply(block.up(), normed, first, count, inside);
            }
            case ACTIVATE ->
                activate(
                        first * block.gate().out(),
                        (first + count) * block.gate().out());
            case DOWN -> {
                block.down().multiply(inside, first, count, mlpOut, first);
                roundRows(mlpOut, first, count);
                normalise(block.mlpPost(), mlpOut, first, count);
            }
            case ADD_MLP -> sum(mid, mlpOut, mid, first, count);
        }
    }

    /** Multiplies the up projection by the activation function of the gate. */
    private void activate(int from, int to) {
        if (block.parts().mlp().activation() == Activation.SILU) {
            FloatMath.sigmoid(gate, active, from, to); // x times a logistic function of x
        } else {
            for (int i = from; i < to; i++) {
                float x = gate[i];
                active[i] = 1.5957692f * (x + 0.044715f * x * x * x); // 2 √(2/π) (x + 0.044715 x³)
            }
            FloatMath.sigmoid(active, active, from, to); // (1 + tanh(y)) / 2 is the logistic function of 2y
        }
        for (int i = from; i < to; i++) {
            active[i] *= gate[i];
        }
        round(active, from, to);
        for (int i = from; i < to; i++) {
            inside[i] *= active[i];
        }
        round(inside, from, to);
    }

    /** The rows of a tile, normalised, on their own. */
    private float[] normed(HeapNorm norm, float[] x, int first, int count) {
        int width = config.dModel();
        float[] normed = new float[count * width];
        for (int row = 0; row < count; row++) {
            norm.apply(x, (first + row) * width, normed, row * width);
        }
        round(normed, 0, normed.length);
        return normed;
    }

    /** Multiplies the rows of a tile into their place in {@code to}. */
    private void multiply(HeapWeight weight, float[] tile, int first, int count, float[] to) {
        weight.multiply(tile, 0, count, to, first);
        round(to, first * weight.out(), (first + count) * weight.out());
    }

    private void normalise(@Nullable HeapNorm norm, float[] x, int first, int count) {
        for (int row = first; row < first + count && norm != null; row++) {
            norm.apply(x, row * config.dModel(), x, row * config.dModel());
            round(x, row * config.dModel(), (row + 1) * config.dModel());
        }
    }

    private void roundRows(float[] x, int first, int count) {
        int width = x.length / rows();
        round(x, first * width, (first + count) * width);
    }

    private void sum(float[] a, float[] b, float[] to, int first, int count) {
        for (int i = first * config.dModel(); i < (first + count) * config.dModel(); i++) {
            to[i] = a[i] + b[i];
        }
        roundRows(to, first, count);
    }

    /** Normalises and rotates heads. */
    private void turn(@Nullable HeapNorm norm, float[] x, int heads, int first, int count) {
        int dHead = config.dHead();
        int half = attention.rope() == null ? 0 : attention.rope().rotated() / 2;
        for (int row = first; row < first + count; row++) {
            int position = Math.max(0, pass.layout().position(row / tokens, row % tokens));
            for (int head = 0; head < heads; head++) {
                int at = (row * heads + head) * dHead;
                if (norm != null) {
                    norm.apply(x, at, x, at);
                    round(x, at, at + dHead);
                }
                for (int i = 0; i < half && table != null; i++) {
                    float cos = table.cos()[position * half + i];
                    float sin = table.sin()[position * half + i];
                    float a = x[at + i];
                    float b = x[at + half + i];
                    x[at + i] = a * cos - b * sin;
                    x[at + half + i] = b * cos + a * sin;
                }
            }
        }
        roundRows(x, first, count);
    }

    /** Stores the keys and values of the pass, and collects those to attend to. */
    private void remember() {
        KvRows kept = pass.rows();
        if (kept != null) {
            heads = kept.put(layer, tokens, k, v);
            return;
        }
        KvCache cache = pass.cache();
        if (cache == null) {
            heads = emptyHeads();
            putFresh();
            return;
        }
        int nKvHeads = config.nKvHeads();
        KvCache.Entry all = pass.remember(
                layer,
                tensor(k, batch, tokens, nKvHeads, config.dHead()).transpose(1, 2),
                tensor(v, batch, tokens, nKvHeads, config.dHead()).transpose(1, 2));
        HeadCache[] before = cache.heads(layer, tokens);
        if (before == null && cache.slots() > tokens) {
            heads = copied(all);
        } else {
            heads = before == null ? emptyHeads() : before;
            putFresh();
        }
        cache.keep(layer, heads);
    }

    private HeadCache[] emptyHeads() {
        HeadCache[] empty = new HeadCache[batch * config.nKvHeads()];
        Arrays.setAll(empty, at -> new HeadCache(config.dHead(), tokens));
        return empty;
    }

    /** Stores the keys and values of the pass's own tokens. */
    private void putFresh() {
        int nKvHeads = config.nKvHeads();
        Workers.share(heads.length, k.length, at -> {
            int row = at / nKvHeads;
            for (int t = 0; t < tokens; t++) {
                int position = pass.layout().position(row, t);
                if (position != Layout.PADDING) {
                    int token = row * tokens + t;
                    heads[at].put(position, k, v, (token * nKvHeads + at % nKvHeads) * config.dHead());
                }
            }
        });
    }

    /** @param all keys and values `[batch, nKvHeads, slots, dHead]` */
    private HeadCache[] copied(KvCache.Entry all) {
        int slots = (int) all.keys().size(2);
        float[] keys = all.keys().toFloats();
        float[] values = all.values().toFloats();
        HeadCache[] copies = new HeadCache[batch * config.nKvHeads()];
        Workers.share(copies.length, (double) keys.length, at -> {
            HeadCache head = new HeadCache(config.dHead(), slots);
            for (int slot = 0; slot < slots; slot++) {
                int position = pass.slotPosition(at / config.nKvHeads(), slot);
                if (position != Layout.PADDING) {
                    head.put(position, keys, values, (at * slots + slot) * config.dHead());
                }
            }
            copies[at] = head;
        });
        return copies;
    }

    private void attend(int first, int count) {
        attendRows(first, count);
        roundRows(z, first, count);
    }

    private void attendRows(int first, int count) {
        KvRows kept = pass.rows();
        for (int row = first; row < first + count; row++) {
            if (kept != null && heads.length == 0) { // one token a row
                kept.attend(attention, row, q, k, v, z);
                continue;
            }
            int position = pass.layout().position(row / tokens, skipped + row % tokens);
            int shared = config.nHeads() / config.nKvHeads();
            for (int head = 0; head < config.nHeads() && position != Layout.PADDING; head++) {
                HeadCache seen = heads[row / tokens * config.nKvHeads() + head / shared];
                seen.attend(attention, head, position, q, (row * config.nHeads() + head) * config.dHead(), z);
            }
        }
    }

    /** Calls {@code body} for tiles of the rows. */
    private void share(int steps, Tile body) {
        int rows = rows();
        int each = (rows + Workers.count() - 1) / Workers.count();
        int tile = Math.min(LARGEST_TILE, (each + LEAST_TILE - 1) / LEAST_TILE * LEAST_TILE);
        double flops = 2.0 * rows * config.blockWeights() * steps / Step.values().length;
        Workers.share((rows + tile - 1) / tile, flops, i -> body.compute(i * tile, Math.min(tile, rows - i * tile)));
    }

    private Tensor tensor(float[] x, long... shape) {
        return Tensor.of(x, shape).to(dtype);
    }

    /** Rounds to the model's dtype. */
    private void round(float[] x, int from, int to) {
        if (dtype == DType.BF16) {
            FloatMath.roundToBf16(x, from, to);
        }
    }

    @FunctionalInterface
    private interface Tile {
        void compute(int first, int count);
    }
}
