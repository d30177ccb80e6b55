package dev.pintle.tensor;

import dev.pintle.base.Problem;
import dev.pintle.tensor.BlockFormat.Unpacked;
import dev.pintle.tensor.CudaKernel.Grid;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/*
 * Few rows are multiplied by a kernel that reads the integers and scales; for many, a piece of the weight at a time is decoded to
 * 16 bits and multiplied by libtorch, which is faster as soon as arithmetic and not memory is the limit.
 */
/**
 * A quantised weight `[out, in]` on a GPU, in tiles whose integers and scales are those of its {@link BlockFormat}; activations are
 * BF16 or FP16. Rows of a product with few rows have the same bits however many there are.
 */
public final class TiledWeight {
    /** Up to so many rows are multiplied as they are; above, decoding the weight is faster. */
    public static final int FEW_ROWS = 48;

    /** Elements of a weight that are decoded at a time. */
    public static final long PIECE = 1L << 26;

    private static final int WARPS = 8; // per thread block, as in the source
    private static final int STAGES = 2; // tiles in a warp's ring
    private static final int EIGHT = 8; // rows of a tensor core's tile
    private static final int PART_TILES = 4; // that one thread packs at a time, of 16 rows each
    private static final int ROWS_AT_ONCE = 4096; // that are packed before they are uploaded
    private static final double FLOPS_PER_ELEMENT = 60; // that packing takes
    private static final int OLDEST = 80; // compute capability with tensor cores for BF16
    private static final Map<Key, Kernels> KERNELS = new ConcurrentHashMap<>();

    private final Tensor bytes; // UINT8 [out / 16, bytes of 16 rows] on the GPU
    private final TileFormat format;
    private final int out;
    private final int in;

    private record Key(TileFormat format, int tiles, DType dtype, Device device) {}

    /** @param blocks that run concurrently */
    private record Kernels(CudaKernel linear, CudaKernel wide, CudaKernel decode, int blocks) {}

    private TiledWeight(Tensor bytes, TileFormat format, int out, int in) {
        this.bytes = bytes;
        this.format = format;
        this.out = out;
        this.in = in;
    }

    /** Whether a weight can be tiled: whole tiles of 16 rows and 256 columns, in order, of a format with integers. */
    public static boolean suits(QuantisedWeight weight) {
        return isWhole(weight.out())
                && weight.in() % TileFormat.COLUMNS == 0
                && weight.hasOrderedColumns()
                && TileFormat.of(weight.format()).isPresent();
    }

    /** Bytes that a weight of a format and size takes on a GPU; empty if it cannot be tiled. */
    public static OptionalLong bytes(BlockFormat blocks, long out, long in) {
        Optional<TileFormat> format = TileFormat.of(blocks);
        return out % TileFormat.ROWS == 0 && in % TileFormat.COLUMNS == 0 && format.isPresent()
                ? OptionalLong.of(out
                        / TileFormat.ROWS
                        * (in / TileFormat.COLUMNS)
                        * format.get().tileBytes())
                : OptionalLong.empty();
    }

    /** Whether so many rows are whole tiles. */
    public static boolean isWhole(int rows) {
        return rows % TileFormat.ROWS == 0;
    }

    /** Why weights cannot be tiled for activations of a dtype, as a clause; empty if they can. */
    public static Optional<String> obstacle(DType dtype, Device device) {
        if (dtype != DType.BF16 && dtype != DType.FP16) {
            return Optional.of("the kernels compute in bf16 or fp16, not " + dtype);
        }
        return CudaProgram.capability(device) < OLDEST
                ? Optional.of("the GPU's compute capability is below 8.0")
                : Optional.empty();
    }

    /**
     * Copies a weight to a GPU.
     *
     * @param weight that {@link #suits}
     * @param owner owns the copy
     */
    public static TiledWeight of(QuantisedWeight weight, Device device, TensorScope owner) {
        if (!suits(weight)) {
            throw Problem.of("This weight cannot be stored in tiles.")
                    .fact("expected", "a format with integers, rows a multiple of 16, columns of 256 and in order")
                    .fact("but was", weight.format() + " [" + weight.out() + ", " + weight.in() + "]")
                    .toIllegalArgument();
        }
        TileFormat format = TileFormat.of(weight.format()).orElseThrow();
        int stripe = Math.toIntExact((long) weight.in() / TileFormat.COLUMNS * format.tileBytes()); // of 16 rows
        Tensor bytes = owner.adopt(Tensor.empty(DType.UINT8, device, weight.out() / TileFormat.ROWS, stripe));
        for (int from = 0; from < weight.out(); from += ROWS_AT_ONCE) {
            byte[] tiles = pack(weight, format, from, Math.min(weight.out(), from + ROWS_AT_ONCE), stripe);
            try (TensorScope scope = TensorScope.open("upload tiles")) {
                bytes.narrow(0, from / TileFormat.ROWS, tiles.length / stripe)
                        .copyFrom(Tensor.ofBytes(tiles, DType.UINT8, tiles.length / stripe, stripe));
            }
        }
        return new TiledWeight(bytes, format, weight.out(), weight.in());
    }

    /**
     * Weights of one format and width as a single one, one below the other, that shares their memory. Those that are not
     * contiguous with each other are moved.
     *
     * @param owner owns the memory
     */
    public static TiledWeight together(List<TiledWeight> weights, TensorScope owner) {
        TiledWeight first = weights.get(0);
        Tensor bytes =
                owner.adopt(Tensor.together(weights.stream().map(w -> w.bytes).toList()));
        return new TiledWeight(
                bytes, first.format, weights.stream().mapToInt(w -> w.out).sum(), first.in);
    }

    /**
     * Some rows of this weight, sharing its memory.
     *
     * @param from a multiple of 16, as is {@code count}
     * @param owner owns the view
     */
    public TiledWeight rows(int from, int count, TensorScope owner) {
        Tensor some = owner.adopt(bytes.narrow(0, from / TileFormat.ROWS, count / TileFormat.ROWS));
        return new TiledWeight(some, format, count, in);
    }

    /** The tiles of some rows. */
    static byte[] pack(QuantisedWeight weight, TileFormat format, int from, int to, int stripe) {
        int stripes = (to - from) / TileFormat.ROWS;
        byte[] tiles = new byte[Math.multiplyExact(stripes, stripe)];
        int parts = (stripes + PART_TILES - 1) / PART_TILES;
        Workers.share(parts, FLOPS_PER_ELEMENT * (to - from) * weight.in(), part -> {
            Unpacked[] rows = new Unpacked[TileFormat.ROWS];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = weight.format().room(weight.in());
            }
            byte[] one = new byte[stripe];
            for (int s = part * PART_TILES; s < Math.min(stripes, (part + 1) * PART_TILES); s++) {
                for (int i = 0; i < rows.length; i++) {
                    weight.read(from + s * TileFormat.ROWS + i, rows[i]);
                }
                Arrays.fill(one, (byte) 0);
                format.write(rows, weight.in(), one);
                System.arraycopy(one, 0, tiles, s * stripe, stripe);
            }
        });
        return tiles;
    }

    /** Storage format of the weight that this is a copy of. */
    public BlockFormat format() {
        return format.blocks();
    }

    /** Rows of the weight: the width of a product. */
    public int out() {
        return out;
    }

    /** Elements of a row. */
    public int in() {
        return in;
    }

    /** Bytes on the GPU. */
    public long size() {
        return bytes.shape().elements();
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]` BF16 or FP16
     * @param bias `[out]` in x's dtype, or null for none
     * @return `[…, out]` in x's dtype
     */
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = out;
        Tensor to = Tensor.empty(x.dtype(), x.device(), shape);
        linearInto(x.contiguous().reshape(-1, in), bias, to.reshape(-1, out), null);
        return to;
    }

    /**
     * Writes the same into existing memory.
     *
     * @param x `[n, in]`, contiguous
     * @param to `[n, out]`, in x's dtype or, for few rows, FP32; its rows may be parts of longer ones
     * @param piece memory for a decoded piece of the weight, {@link #PIECE} elements in x's dtype; null to allocate it if needed
     */
    public void linearInto(Tensor x, @Nullable Tensor bias, Tensor to, @Nullable Tensor piece) {
        if (x.size(0) <= FEW_ROWS || to.dtype() != x.dtype()) {
            fewInto(x, bias, to);
        } else {
            manyInto(x, bias, to, piece);
        }
    }

    /** The same with the kernel for few rows, which allocates nothing, however many there are. */
    public void fewInto(Tensor x, @Nullable Tensor bias, Tensor to) {
        int rows = Math.toIntExact(x.size(0));
        int tiles = rows <= EIGHT ? 1 : 2; // more need too many registers
        Kernels kernels = kernels(tiles, x);
        int blocks = Math.min(out / TileFormat.ROWS, kernels.blocks);
        CudaKernel kernel = to.dtype() == DType.FP32 ? kernels.wide : kernels.linear;
        kernel.launch(
                new Grid(blocks, (rows + tiles * EIGHT - 1) / (tiles * EIGHT), 1),
                WARPS * 32,
                to,
                Math.toIntExact(to.stride(0)),
                bytes,
                bias,
                x,
                rows,
                in,
                out);
    }

    private void manyInto(Tensor x, @Nullable Tensor bias, Tensor to, @Nullable Tensor piece) {
        int atOnce = (int) Math.max(1, Math.min(out, PIECE / in) / TileFormat.ROWS) * TileFormat.ROWS;
        try (TensorScope scope = TensorScope.open("product in pieces")) {
            Tensor room = piece != null ? piece : Tensor.empty(x.dtype(), x.device(), (long) atOnce * in);
            for (int from = 0; from < out; from += atOnce) {
                int count = Math.min(atOnce, out - from);
                Tensor values = room.narrow(0, 0, (long) count * in).reshape(count, in);
                decodeInto(from, values);
                x.linearInto(values, bias == null ? null : bias.narrow(0, from, count), to.narrow(1, from, count));
            }
        }
    }

    /**
     * Some rows, rounded to a 16-bit dtype.
     *
     * @param from a multiple of 16, as is {@code count}
     * @return `[count, in]`
     */
    public Tensor decoded(int from, int count, DType dtype) {
        Tensor to = Tensor.empty(dtype, bytes.device(), count, in);
        decodeInto(from, to);
        return to;
    }

    private void decodeInto(int from, Tensor to) {
        int tiles = to.shape().intSize(0) / TileFormat.ROWS;
        long warps = (long) tiles * (in / TileFormat.COLUMNS);
        kernels(1, to)
                .decode
                .launch(Grid.of((warps + WARPS - 1) / WARPS), WARPS * 32, to, bytes, from / TileFormat.ROWS, tiles, in);
    }

    private Kernels kernels(int tiles, Tensor like) {
        return KERNELS.computeIfAbsent(new Key(format, tiles, like.dtype(), like.device()), key -> {
            int blocks = key.format.bits() == 4 ? 2 : 3; // per processor; measured
            Map<String, Integer> macros = new HashMap<>(key.format.macros());
            macros.put("NT", key.tiles);
            macros.put("STAGES", STAGES);
            macros.put("BLOCKS_PER_SM", blocks);
            macros.put("BF16", key.dtype == DType.BF16 ? 1 : 0);
            String source = CudaProgram.halves() + CudaProgram.source(TiledWeight.class, "cuda/tiled.cu");
            CudaProgram program = CudaProgram.compile("tiled.cu", source, macros, key.device);
            int ring = WARPS * STAGES * key.format.tileBytes();
            return new Kernels(
                    program.kernel("linear", ring),
                    program.kernel("linear_wide", ring),
                    program.kernel("decode"),
                    blocks * CudaProgram.processors(key.device));
        });
    }
}
