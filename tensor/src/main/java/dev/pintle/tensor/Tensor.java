package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LayoutOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A native array: a thin wrapper around a libtorch tensor, owned by the {@link TensorScope} in which it was created.
 *
 * <p>Operations allocate their result in the innermost open scope; in-place operations end in {@code InPlace} or say
 * so. Binary operations follow libtorch's broadcasting rules: sizes are matched from the innermost axis, and an axis of
 * size 1 is expanded. Operands must be on the same device. All methods throw {@link IllegalStateException} after the
 * owning scope has closed, and {@link dev.pintle.base.PintleException} if libtorch rejects the operation.
 */
public final class Tensor implements AutoCloseable {
    private static final long VECTOR_ELEMENTS = 64; // a multiple of what libtorch computes at once
    private static final long ONE_THREAD_ELEMENTS = 511 * VECTOR_ELEMENTS; // libtorch splits from 512 on

    private org.bytedeco.pytorch.@Nullable Tensor handle;
    private TensorScope scope;
    private @Nullable Shape shape;
    private @Nullable DType dtype;
    private @Nullable Device device;

    private Tensor(org.bytedeco.pytorch.Tensor handle, TensorScope scope) {
        this.handle = handle;
        this.scope = scope;
    }

    // ---------------------------------------------------------------- creation

    /**
     * FP32 values on the CPU.
     *
     * @param sizes the shape; its product must equal the number of values
     */
    public static Tensor of(float[] values, long... sizes) {
        requireCount(values.length, sizes);
        Tensor made = empty(DType.FP32, Device.CPU, sizes);
        try (FloatPointer data = made.handle().data_ptr_float()) {
            data.put(values);
        }
        return made;
    }

    /** FP64 values on the CPU. */
    public static Tensor of(double[] values, long... sizes) {
        requireCount(values.length, sizes);
        Tensor made = empty(DType.FP64, Device.CPU, sizes);
        try (DoublePointer data = made.handle().data_ptr_double()) {
            data.put(values);
        }
        return made;
    }

    /** INT64 values on the CPU. */
    public static Tensor of(long[] values, long... sizes) {
        requireCount(values.length, sizes);
        Tensor made = empty(DType.INT64, Device.CPU, sizes);
        if (values.length > 0) {
            try (LongPointer data = made.handle().data_ptr_long()) {
                data.put(values);
            }
        }
        return made;
    }

    /** INT32 values on the CPU, stored as INT64. */
    public static Tensor of(int[] values, long... sizes) {
        return of(Arrays.stream(values).asLongStream().toArray(), sizes);
    }

    /** Boolean values on the CPU. */
    public static Tensor of(boolean[] values, long... sizes) {
        requireCount(values.length, sizes);
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        Tensor made = empty(DType.BOOL, Device.CPU, sizes);
        try (Pointer data = made.handle().data_ptr();
                BytePointer view = new BytePointer(data)) {
            view.put(bytes, 0, bytes.length);
        }
        return made;
    }

    /** Raw elements on the CPU, row-major and in native byte order: the inverse of {@link #toBytes}. */
    public static Tensor ofBytes(byte[] bytes, DType dtype, long... sizes) {
        requireCount(bytes.length / dtype.bytes(), sizes);
        Tensor made = empty(dtype, Device.CPU, sizes);
        if (bytes.length > 0) {
            try (Pointer data = made.handle().data_ptr();
                    BytePointer view = new BytePointer(data)) {
                view.put(bytes, 0, Math.toIntExact(made.shape().elements() * dtype.bytes()));
            }
        }
        return made;
    }

    /** A vector `[size]` in FP32 on the CPU. */
    public static Tensor of(Vec vec) {
        return of(vec.toArray(), vec.size());
    }

    /**
     * Vectors as rows `[vectors, size]`, in FP32 on the CPU.
     *
     * @throws IllegalArgumentException if there is none, or they are not of one size
     */
    public static Tensor of(List<Vec> rows) {
        int size = rows.isEmpty() ? 0 : rows.get(0).size();
        if (rows.isEmpty() || rows.stream().anyMatch(row -> row.size() != size)) {
            throw Problem.of("Rows of a tensor are vectors of one size, at least one.")
                    .fact("but was", rows.stream().map(Vec::size).toList())
                    .toIllegalArgument();
        }
        float[] all = new float[rows.size() * size];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i).toArray(), 0, all, i * size, size);
        }
        return of(all, rows.size(), size);
    }

    /** Uninitialised memory. */
    public static Tensor empty(DType dtype, Device device, long... sizes) {
        return make("empty", dtype, device, options -> torch.empty(sizes, options, null));
    }

    /** Zeros in pinned (page-locked) host memory. */
    public static Tensor pinned(DType dtype, long... sizes) {
        try (TensorScope scope = TensorScope.open("pin memory")) {
            return scope.keep(zeros(dtype, Device.CPU, sizes).unary("pinned", org.bytedeco.pytorch.Tensor::pin_memory));
        }
    }

    /** Zeros. */
    public static Tensor zeros(DType dtype, Device device, long... sizes) {
        return make("zeros", dtype, device, options -> torch.zeros(sizes, options));
    }

    /** The integers from 0 to {@code count - 1} as INT64. */
    public static Tensor range(long count, Device device) {
        return make("range", DType.INT64, device, options -> {
            try (Scalar end = new Scalar(count)) {
                return torch.arange(end, options);
            }
        });
    }

    /**
     * Independent samples from the standard normal distribution. Reproducible for a given seed, device and libtorch
     * version.
     */
    public static Tensor randn(long seed, DType dtype, Device device, long... sizes) {
        return make("randn", dtype, device, options -> {
            torch.manual_seed(seed);
            return torch.randn(sizes, options);
        });
    }

    /** Concatenates tensors along an existing axis. All other sizes must match. */
    public static Tensor cat(List<Tensor> tensors, int axis) {
        return joined("cat", tensors, vector -> torch.cat(vector, axis));
    }

    /**
     * Matrices of equal width as a single one, `[sum of rows, width]`, that shares their memory. Matrices that are not
     * already contiguous with each other are moved.
     */
    public static Tensor together(List<Tensor> matrices) {
        Tensor first = matrices.get(0);
        long width = first.size(1);
        long rows = matrices.stream().mapToLong(matrix -> matrix.size(0)).sum();
        if (areNeighbours(matrices)) {
            return first.strided(
                    new long[] {rows, width},
                    new long[] {width, 1},
                    first.handle().storage_offset());
        }
        Tensor whole = empty(first.dtype(), first.device(), rows, width);
        try (TensorScope scope = TensorScope.open("move matrices together")) {
            long from = 0;
            for (Tensor matrix : matrices) {
                Tensor place = whole.narrow(0, from, matrix.size(0)).copyFrom(matrix);
                matrix.handle().set_data(place.handle());
                from += matrix.size(0);
            }
        }
        return whole;
    }

    private static boolean areNeighbours(List<Tensor> matrices) {
        long expected = -1;
        for (Tensor matrix : matrices) {
            try (Pointer data = matrix.handle().data_ptr()) {
                if (!matrix.handle().is_contiguous()
                        || !matrix.handle().is_alias_of(matrices.get(0).handle())
                        || (expected >= 0 && data.address() != expected)) {
                    return false;
                }
                expected = data.address()
                        + matrix.shape().elements() * matrix.dtype().bytes();
            }
        }
        return true;
    }

    /** Stacks tensors of equal shape along a new axis. */
    public static Tensor stack(List<Tensor> tensors, int axis) {
        return joined("stack", tensors, vector -> torch.stack(vector, axis));
    }

    // ---------------------------------------------------------------- properties

    /** The sizes of the axes. */
    public Shape shape() {
        Shape known = shape;
        if (known == null) {
            org.bytedeco.pytorch.Tensor h = handle();
            long[] sizes = new long[(int) h.dim()];
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = h.size(i);
            }
            known = Shape.of(sizes);
            shape = known;
        }
        return known;
    }

    /**
     * The size of one axis.
     *
     * @param axis from 0, or from -1 at the innermost
     */
    public long size(int axis) {
        return shape().size(axis);
    }

    /** The distance between neighbours along an axis, in elements. */
    public long stride(int axis) {
        return handle().stride(axis);
    }

    /** The element type. */
    public DType dtype() {
        DType known = dtype;
        if (known == null) {
            known = DType.of(handle().scalar_type());
            dtype = known;
        }
        return known;
    }

    /** The device that holds the memory. */
    public Device device() {
        Device known = device;
        if (known == null) {
            org.bytedeco.pytorch.Tensor h = handle();
            if (h.is_cpu()) {
                known = Device.CPU;
            } else {
                try (org.bytedeco.pytorch.Device d = h.device()) {
                    known = Device.cuda(d.index());
                }
            }
            device = known;
        }
        return known;
    }

    /** Shape, dtype and device: {@code [12, 768] bf16 on cpu}. */
    public String describe() {
        return handle == null
                ? "released tensor of scope " + scope.name()
                : shape() + " " + dtype() + " on " + device();
    }

    // ---------------------------------------------------------------- views that share memory

    /** The same elements in another shape; one size may be -1. Copies only if the memory layout requires it. */
    public Tensor reshape(long... sizes) {
        return unary("reshape", h -> h.reshape(sizes));
    }

    /**
     * The same bytes reinterpreted as another dtype of the same element size, or from bytes. The last axis scales
     * accordingly.
     */
    public Tensor viewAs(DType other) {
        return unary("viewAs", h -> h.view(other.scalarType()));
    }

    /** Swaps two axes. */
    public Tensor transpose(int axis, int otherAxis) {
        return unary("transpose", h -> h.transpose(axis, otherAxis));
    }

    /** {@code length} entries of an axis, starting at {@code start}. */
    public Tensor narrow(int axis, long start, long length) {
        return unary("narrow", h -> h.narrow(axis, start, length));
    }

    /** One entry of an axis, which is removed. */
    public Tensor select(int axis, long index) {
        return unary("select", h -> h.select(axis, index));
    }

    /** Inserts an axis of size 1 before {@code axis}. */
    public Tensor unsqueeze(int axis) {
        return unary("unsqueeze", h -> h.unsqueeze(axis));
    }

    /** Removes an axis of size 1. */
    public Tensor squeeze(int axis) {
        return unary("squeeze", h -> h.squeeze(axis));
    }

    /** Expands axes of size 1 to {@code sizes} without copying; -1 keeps a size. */
    public Tensor expand(long... sizes) {
        return unary("expand", h -> h.expand(sizes));
    }

    /** A view with explicit strides, in elements, starting at {@code offset}. */
    public Tensor strided(long[] sizes, long[] strides, long offset) {
        return unary("strided", h -> {
            try (LongOptional start = new LongOptional(offset)) {
                return h.as_strided(sizes, strides, start);
            }
        });
    }

    /** The same elements in row-major memory; shares memory if it already is. */
    public Tensor contiguous() {
        return unary("contiguous", h -> {
            try (org.bytedeco.pytorch.Tensor made = h.contiguous()) { // a separate reference, released independently
                return new org.bytedeco.pytorch.Tensor(made);
            }
        });
    }

    /** A copy with its own memory. */
    public Tensor copy() {
        return unary("copy", org.bytedeco.pytorch.Tensor::clone);
    }

    // ---------------------------------------------------------------- dtype and device

    /** Converts to another dtype; shares memory if it already has it. */
    public Tensor to(DType other) {
        return other == dtype() ? this : unary("to " + other, h -> h.to(other.scalarType()));
    }

    /** Moves to another device; shares memory if it already is there. */
    public Tensor to(Device other) {
        if (other.equals(device())) {
            return this;
        }
        return unary("to " + other, h -> {
            try (org.bytedeco.pytorch.Device d = other.toTorch()) {
                return h.to(d, dtype().scalarType());
            }
        });
    }

    // ---------------------------------------------------------------- arithmetic

    /** Element-wise sum; broadcasts. */
    public Tensor plus(Tensor other) {
        return binary("plus", other, org.bytedeco.pytorch.Tensor::add);
    }

    /** Adds a number to every element. */
    public Tensor plus(double number) {
        return withScalar("plus", number, org.bytedeco.pytorch.Tensor::add);
    }

    /** Element-wise difference; broadcasts. */
    public Tensor minus(Tensor other) {
        return binary("minus", other, org.bytedeco.pytorch.Tensor::sub);
    }

    /** Element-wise product; broadcasts. */
    public Tensor times(Tensor other) {
        return binary("times", other, org.bytedeco.pytorch.Tensor::mul);
    }

    /** Multiplies every element by a number. */
    public Tensor times(double number) {
        return withScalar("times", number, org.bytedeco.pytorch.Tensor::mul);
    }

    /** Element-wise quotient; broadcasts. */
    public Tensor dividedBy(Tensor other) {
        return binary("dividedBy", other, org.bytedeco.pytorch.Tensor::div);
    }

    /**
     * Adds {@code other} in place.
     *
     * @return this tensor
     */
    public Tensor plusInPlace(Tensor other) {
        return inPlace("plusInPlace", other, org.bytedeco.pytorch.Tensor::add_);
    }

    /**
     * Copies {@code other}'s elements into this tensor, converting the dtype; broadcasts.
     *
     * @return this tensor
     */
    public Tensor copyFrom(Tensor other) {
        requireNotClosed(other);
        LibTorch.call("copyFrom", () -> handle().copy_(other.handle()), this, other);
        return this;
    }

    /**
     * Copies elements from pageable host memory, converting the dtype, without waiting for what the device still has to do
     * before: {@code host} may be changed or closed as soon as this returns, and later work on the device sees the copy.
     *
     * @return this tensor
     */
    public Tensor enqueueCopy(Tensor host) {
        requireNotClosed(host);
        LibTorch.call("enqueueCopy", () -> handle().copy_(host.handle(), true), this, host);
        return this;
    }

    /**
     * Sets every element.
     *
     * @return this tensor
     */
    public Tensor fillInPlace(double number) {
        try (Scalar scalar = new Scalar(number)) {
            LibTorch.call("fillInPlace", () -> handle().fill_(scalar), this);
        }
        return this;
    }

    /** Square root. */
    public Tensor sqrt() {
        return unary("sqrt", torch::sqrt);
    }

    /** e raised to each element. */
    public Tensor exp() {
        return elementwise("exp", torch::exp);
    }

    /** Cosine of each element in radians. */
    public Tensor cos() {
        return unary("cos", torch::cos);
    }

    /** Sine of each element in radians. */
    public Tensor sin() {
        return unary("sin", torch::sin);
    }

    /** Hyperbolic tangent. */
    public Tensor tanh() {
        return elementwise("tanh", torch::tanh);
    }

    /** The maximum of each element and 0. */
    public Tensor relu() {
        return unary("relu", torch::relu);
    }

    /** x times the logistic function of x. */
    public Tensor silu() {
        return elementwise("silu", torch::silu);
    }

    /** The logistic function, 1 / (1 + exp(-x)). */
    public Tensor sigmoid() {
        return elementwise("sigmoid", torch::sigmoid);
    }

    /** Gaussian error linear unit, exact. */
    public Tensor gelu() {
        return elementwise("gelu", torch::gelu);
    }

    /** Gaussian error linear unit, tanh approximation. */
    public Tensor geluTanh() {
        return elementwise("geluTanh", h -> torch.gelu(h, "tanh"));
    }

    /** Absolute value. */
    public Tensor abs() {
        return unary("abs", torch::abs);
    }

    // ---------------------------------------------------------------- comparison and selection

    /** Whether each element is greater than a number. */
    public Tensor greaterThan(double number) {
        return withScalar("greaterThan", number, org.bytedeco.pytorch.Tensor::gt);
    }

    /** Whether each element is greater than the corresponding one; broadcasts. */
    public Tensor greaterThan(Tensor other) {
        return binary("greaterThan", other, org.bytedeco.pytorch.Tensor::gt);
    }

    /** Whether each element is less than or equal to the corresponding one; broadcasts. */
    public Tensor atMost(Tensor other) {
        return binary("atMost", other, org.bytedeco.pytorch.Tensor::le);
    }

    /** Logical and; broadcasts. */
    public Tensor and(Tensor other) {
        return binary("and", other, org.bytedeco.pytorch.Tensor::logical_and);
    }

    /** Logical not. */
    public Tensor not() {
        return unary("not", torch::logical_not);
    }

    /** This tensor with {@code number} wherever {@code mask} is true; broadcasts. */
    public Tensor maskedFill(Tensor mask, double number) {
        try (Scalar scalar = new Scalar(number)) {
            return binary("maskedFill", mask, (h, m) -> h.masked_fill(m, scalar));
        }
    }

    /** {@code whenTrue} where this mask is true, otherwise {@code whenFalse}; broadcasts. */
    public Tensor choose(Tensor whenTrue, Tensor whenFalse) {
        requireSameDevice(whenTrue);
        requireSameDevice(whenFalse);
        return op(
                "choose",
                () -> torch.where(handle(), whenTrue.handle(), whenFalse.handle()),
                this,
                whenTrue,
                whenFalse);
    }

    // ---------------------------------------------------------------- reductions

    /** Mean over an axis, which is removed unless {@code keepAxis}. */
    public Tensor mean(int axis, boolean keepAxis) {
        return reduced("mean", (h, none) -> h.mean(new long[] {axis}, keepAxis, none));
    }

    /** Sum over an axis, which is removed unless {@code keepAxis}. */
    public Tensor sum(int axis, boolean keepAxis) {
        return reduced("sum", (h, none) -> h.sum(new long[] {axis}, keepAxis, none));
    }

    /** Sum of all elements, a scalar. */
    public Tensor sum() {
        return unary("sum", torch::sum);
    }

    /** Euclidean norm over an axis, which is removed unless {@code keepAxis}. */
    public Tensor norm(int axis, boolean keepAxis) {
        return reduced("norm", (h, none) -> {
            try (Scalar two = new Scalar(2.0)) {
                return torch.linalg_vector_norm(h, two, new long[] {axis}, keepAxis, none);
            }
        });
    }

    /** Maximum over an axis, which is removed unless {@code keepAxis}. */
    public Tensor max(int axis, boolean keepAxis) {
        return unary("max", h -> torch.amax(h, new long[] {axis}, keepAxis));
    }

    /** Index of the largest element of the last axis, which is removed; the first of equal ones. */
    public Tensor argmax() {
        return unary("argmax", h -> {
            try (LongOptional last = new LongOptional(-1)) {
                return h.argmax(last, false);
            }
        });
    }

    /** The {@code k} largest elements of the last axis in descending order, with their indices. */
    public TopK topK(int k) {
        if (GpuTopK.suits(this, k)) {
            return GpuTopK.of(this, k);
        }
        T_TensorTensor_T pair = LibTorch.call("topK", () -> torch.topk(handle(), k, -1, true, true), this);
        try {
            // the pair's members live in its own memory; copies of the handles share the elements
            return new TopK(
                    wrap(new org.bytedeco.pytorch.Tensor(pair.get0())),
                    wrap(new org.bytedeco.pytorch.Tensor(pair.get1())));
        } finally {
            pair.deallocate();
        }
    }

    /**
     * The largest elements of the last axis.
     *
     * @param values `[…, k]`
     * @param indices `[…, k]` INT64
     */
    public record TopK(Tensor values, Tensor indices) {}

    /** Softmax over the last axis, computed in at least FP32 and returned in this dtype. */
    public Tensor softmax() {
        DType precise = dtype().precise();
        return reduced("softmax", precise, (h, type) -> torch.softmax(h, -1, type))
                .to(dtype());
    }

    /** Log-softmax over the last axis, in at least FP32. */
    public Tensor logSoftmax() {
        DType precise = dtype().precise();
        return reduced("logSoftmax", precise, (h, type) -> torch.log_softmax(h, -1, type));
    }

    /**
     * x / sqrt(mean(x²) + eps) · weight over the last axis.
     *
     * @param weight `[width]` in this tensor's dtype
     */
    public Tensor rmsNorm(Tensor weight, double eps) {
        requireSameDevice(weight);
        long[] width = {size(-1)};
        try (TensorOptional w = new TensorOptional(weight.handle());
                DoubleOptional e = new DoubleOptional(eps)) {
            return op("rmsNorm", () -> torch.rms_norm(handle(), width, w, e), this, weight);
        }
    }

    /**
     * (x - mean(x)) / sqrt(var(x) + eps) · weight + bias over the last axis.
     *
     * @param weight `[width]` in this tensor's dtype
     * @param bias of the same shape and dtype, or null for none
     */
    public Tensor layerNorm(Tensor weight, @Nullable Tensor bias, double eps) {
        requireSameDevice(weight);
        long[] width = {size(-1)};
        try (TensorOptional w = new TensorOptional(weight.handle());
                TensorOptional b = bias == null ? new TensorOptional() : new TensorOptional(bias.handle())) {
            return op("layerNorm", () -> torch.layer_norm(handle(), width, w, b, eps, false), this, weight);
        }
    }

    // ---------------------------------------------------------------- products and indexing

    /** Matrix product; leading axes are batch axes and broadcast. */
    public Tensor matmul(Tensor other) {
        useThreads(other, other.shape().rank() == 1 ? 1 : other.size(-1));
        return binary("matmul", other, torch::matmul);
    }

    /**
     * {@code this · weightᵀ}.
     *
     * @param weight `[out, in]`; this is `[…, in]`, the result `[…, out]`
     */
    public Tensor linear(Tensor weight) {
        if (HalfProducts.suits(this, weight)) {
            return HalfProducts.linear(this, weight, null);
        }
        if (FewRows.suits(this, weight)) {
            return FewRows.linear(this, weight, null);
        }
        if (HalfProducts.isOneRow(this, weight)) {
            return HalfProducts.oneRow(this, weight, null);
        }
        useThreads(weight, weight.size(0));
        return binary("linear", weight, torch::linear);
    }

    /**
     * {@code this · weightᵀ + bias}.
     *
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     */
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        if (bias == null) {
            return linear(weight);
        }
        requireSameDevice(bias);
        if (HalfProducts.suits(this, weight)) {
            return HalfProducts.linear(this, weight, bias);
        }
        if (FewRows.suits(this, weight)) {
            return FewRows.linear(this, weight, bias);
        }
        if (HalfProducts.isOneRow(this, weight)) {
            return HalfProducts.oneRow(this, weight, bias);
        }
        useThreads(weight, weight.size(0));
        return ternaryOptional("linear", weight, bias, torch::linear);
    }

    /**
     * {@link #linear(Tensor, Tensor) linear} for rows of different sequences: on the CPU, a row's bits do not depend on the
     * other rows.
     *
     * @param weight `[out, in]`; this is `[…, in]`, the result `[…, out]`
     * @param bias `[out]`, or null for none
     */
    public Tensor linearOfRows(Tensor weight, @Nullable Tensor bias) {
        if (!device().equals(Device.CPU)) {
            return linear(weight, bias);
        }
        if (FewRows.suitsAnyNumber(this, weight)) {
            return FewRows.linear(this, weight, bias);
        }
        if (HalfRows.suits(this, weight)) {
            return HalfRows.linear(this, weight, bias);
        }
        RowProducts.Kind kind = new RowProducts.Kind(weight.size(1), weight.size(0), weight.dtype(), false);
        return RowProducts.apply(this, kind, rows -> rows.linear(weight, bias));
    }

    /**
     * {@code this · weightᵀ} of 16-bit matrices with FP32 accumulation and result, on a GPU.
     *
     * @param weight `[out, in]` in this tensor's dtype; this is `[n, in]`, the result `[n, out]` FP32
     */
    public Tensor linearToFp32(Tensor weight) {
        requireSameDevice(weight);
        return op(
                "linearToFp32",
                () -> {
                    try (org.bytedeco.pytorch.Tensor turned = weight.handle().t()) {
                        return torch.mm(handle(), turned, ScalarType.Float);
                    }
                },
                this,
                weight);
    }

    /**
     * Writes {@code this · weightᵀ + bias} into existing memory without allocating, for use in CUDA graph capture.
     *
     * @param weight `[out, in]` in this tensor's dtype; this is `[n, in]`
     * @param bias `[out]` in this tensor's dtype, or null for none
     * @param to `[n, out]`, in this tensor's dtype, or in FP32 on a GPU without a bias; rows may be strided
     * @return {@code to}
     */
    public Tensor linearInto(Tensor weight, @Nullable Tensor bias, Tensor to) {
        requireSameDevice(weight);
        requireSameDevice(to);
        LibTorch.call(
                "linearInto",
                () -> {
                    try (org.bytedeco.pytorch.Tensor turned = weight.handle().t()) {
                        if (bias != null) {
                            return torch.addmm_out(to.handle(), bias.handle(), handle(), turned);
                        }
                        return to.dtype() == dtype()
                                ? torch.mm_out(to.handle(), handle(), turned)
                                : torch.mm_out(to.handle(), handle(), turned, ScalarType.Float);
                    }
                },
                this,
                weight,
                to);
        return to;
    }

    /** Rows of this matrix `[rows, …]` selected by INT64 indices of any shape `[i…]`; the result is `[i…, …]`. */
    public Tensor rows(Tensor indices) {
        return binary("rows", indices, torch::embedding);
    }

    /** Entries of an axis selected by INT64 indices `[n]`, in that order. */
    public Tensor indexSelect(int axis, Tensor indices) {
        return binary("indexSelect", indices, (h, i) -> h.index_select(axis, i));
    }

    /** Entries of the last axis selected by INT64 indices of the same rank. */
    public Tensor gather(Tensor indices) {
        return binary("gather", indices, (h, i) -> h.gather(-1, i));
    }

    /** A copy with {@code values} written at INT64 indices of the last axis; both have this tensor's rank. */
    public Tensor scatter(Tensor indices, Tensor values) {
        requireSameDevice(values);
        return op("scatter", () -> handle().scatter(-1, indices.handle(), values.handle()), this, indices, values);
    }

    /** Row-major indices of the non-zero elements, ascending, `[count]` INT64. NaN counts as non-zero. */
    public Tensor nonZero() {
        return unary("nonZero", h -> {
            try (org.bytedeco.pytorch.Tensor flat = h.reshape(-1);
                    org.bytedeco.pytorch.Tensor places = flat.nonzero()) {
                return places.squeeze(1);
            }
        });
    }

    /**
     * Scaled dot-product attention: softmax(q·kᵀ·scale + mask)·v, with the softmax in FP32. This is q `[batch, nHeads,
     * tokens, dHead]`.
     *
     * @param key `[batch, nKvHeads, slots, dHead]`; nHeads must be a multiple of nKvHeads (grouped-query attention)
     * @param value `[batch, nKvHeads, slots, dHead]`
     * @param mask BOOL, true where a query may attend, broadcasting to `[batch, nHeads, tokens, slots]`; null for all
     * @param causal whether query i attends to slots 0 to i only; then mask must be null
     * @return `[batch, nHeads, tokens, dHead]`
     */
    public Tensor attend(Tensor key, Tensor value, @Nullable Tensor mask, boolean causal, double scale) {
        boolean grouped = size(1) != key.size(1);
        if (HalfProducts.attendsInFp32(this)) {
            return HalfProducts.attend(this, key, value, mask, causal, scale);
        }
        if (grouped && attendsGroupwise(mask, causal)) {
            // query heads that share keys become queries of one head, so the keys are read once for all of them
            long[] shape = shape().toArray();
            return reshape(shape[0], key.size(1), shape[1] / key.size(1), shape[3])
                    .attend(key, value, mask, false, scale)
                    .reshape(shape);
        }
        if (device().equals(Device.CPU)) {
            Threads.forSpread(4.0 * shape().elements() * key.size(2));
        }
        return op(
                "attend",
                () -> {
                    try (TensorOptional m = mask == null ? new TensorOptional() : new TensorOptional(mask.handle());
                            DoubleOptional s = new DoubleOptional(scale)) {
                        return torch.scaled_dot_product_attention(
                                handle(), key.handle(), value.handle(), m, 0, causal, s, grouped);
                    }
                },
                this,
                key,
                value);
    }

    /** Whether this is one query per head attending to the same slots in all heads, on the CPU. */
    private boolean attendsGroupwise(@Nullable Tensor mask, boolean causal) {
        boolean sameForHeads = mask == null || mask.shape().rank() < 3 || mask.size(-3) == 1;
        return device().equals(Device.CPU) && size(2) == 1 && !causal && sameForHeads;
    }

    // ---------------------------------------------------------------- copies to the heap

    /** All elements in row-major order, as FP32. */
    public float[] toFloats() {
        // the fence keeps the tensor from being garbage-collected while its memory is read through a raw pointer
        Tensor dense = onHeapOrder(DType.FP32);
        float[] values = new float[Math.toIntExact(dense.shape().elements())];
        if (values.length > 0) {
            try (FloatPointer data = dense.handle().data_ptr_float()) {
                data.get(values);
            }
        }
        Reference.reachabilityFence(dense);
        return values;
    }

    /** All elements in row-major order, as FP64. */
    public double[] toDoubles() {
        Tensor dense = onHeapOrder(DType.FP64);
        double[] values = new double[Math.toIntExact(dense.shape().elements())];
        if (values.length > 0) {
            try (DoublePointer data = dense.handle().data_ptr_double()) {
                data.get(values);
            }
        }
        Reference.reachabilityFence(dense);
        return values;
    }

    /** All elements in row-major order, as INT64. */
    public long[] toLongs() {
        Tensor dense = onHeapOrder(DType.INT64);
        long[] values = new long[Math.toIntExact(dense.shape().elements())];
        if (values.length > 0) {
            try (LongPointer data = dense.handle().data_ptr_long()) {
                data.get(values);
            }
        }
        Reference.reachabilityFence(dense);
        return values;
    }

    /** All elements in row-major order, as INT32. */
    public int[] toInts() {
        Tensor dense = onHeapOrder(DType.INT32);
        int[] values = new int[Math.toIntExact(dense.shape().elements())];
        if (values.length > 0) {
            try (IntPointer data = dense.handle().data_ptr_int()) {
                data.get(values);
            }
        }
        Reference.reachabilityFence(dense);
        return values;
    }

    /** The raw bytes, row-major and in native byte order. */
    public byte[] toBytes() {
        Tensor dense = to(Device.CPU).contiguous();
        byte[] bytes = new byte
                [Math.toIntExact(dense.shape().elements() * dense.dtype().bytes())];
        if (bytes.length > 0) {
            try (Pointer data = dense.handle().data_ptr();
                    BytePointer view = new BytePointer(data)) {
                view.get(bytes, 0, bytes.length);
            }
        }
        Reference.reachabilityFence(dense);
        return bytes;
    }

    /** A vector `[size]` on the heap, as FP32. */
    public Vec toVec() {
        if (shape().rank() != 1) {
            throw Problem.of("Only a tensor with one axis is a vector.")
                    .fact("but was", describe())
                    .toIllegalArgument();
        }
        return Vec.of(toFloats());
    }

    /** The rows of a tensor `[rows, size]` as vectors on the heap, in FP32. */
    public List<Vec> toVecs() {
        if (shape().rank() != 2) {
            throw Problem.of("Only a tensor with two axes has vectors as rows.")
                    .fact("but was", describe())
                    .toIllegalArgument();
        }
        int width = shape().intSize(1);
        float[] all = toFloats();
        return IntStream.range(0, shape().intSize(0))
                .mapToObj(row -> Vec.of(Arrays.copyOfRange(all, row * width, (row + 1) * width)))
                .toList();
    }

    /** The single element of a one-element tensor. */
    public double item() {
        if (shape().elements() != 1) {
            throw Problem.of("Only a tensor with one element is a number.")
                    .fact("but was", describe())
                    .toIllegalArgument();
        }
        return handle().item_double();
    }

    // ---------------------------------------------------------------- memory

    /** Releases this tensor before its scope closes. Views of it stay valid. */
    @Override
    public void close() {
        if (handle != null) {
            handle.deallocate();
            handle = null;
        }
    }

    void releaseFrom(TensorScope closing) {
        if (scope == closing) {
            close();
        }
    }

    void moveTo(TensorScope owner) {
        handle();
        scope = owner;
    }

    /**
     * The libtorch tensor.
     *
     * @throws IllegalStateException once released
     */
    org.bytedeco.pytorch.Tensor handle() {
        org.bytedeco.pytorch.Tensor live = handle;
        if (live == null) {
            throw new IllegalStateException(Problem.of("The tensor was used after it was released.")
                    .fact("scope", scope.name())
                    .fact("try", "scope.keep(tensor) to pass it to the enclosing scope")
                    .toString());
        }
        return live;
    }

    static Tensor wrap(org.bytedeco.pytorch.Tensor handle) {
        TensorScope scope = TensorScope.current();
        Tensor tensor = new Tensor(handle, scope);
        scope.add(tensor);
        return tensor;
    }

    // ---------------------------------------------------------------- internals

    private interface Unary {
        org.bytedeco.pytorch.Tensor apply(org.bytedeco.pytorch.Tensor h);
    }

    private interface Binary {
        org.bytedeco.pytorch.Tensor apply(org.bytedeco.pytorch.Tensor h, org.bytedeco.pytorch.Tensor other);
    }

    private interface WithScalar {
        org.bytedeco.pytorch.Tensor apply(org.bytedeco.pytorch.Tensor h, Scalar scalar);
    }

    private interface WithType {
        org.bytedeco.pytorch.Tensor apply(org.bytedeco.pytorch.Tensor h, ScalarTypeOptional type);
    }

    private interface WithOptional {
        org.bytedeco.pytorch.Tensor apply(
                org.bytedeco.pytorch.Tensor h, org.bytedeco.pytorch.Tensor other, TensorOptional optional);
    }

    private interface WithOptions {
        org.bytedeco.pytorch.Tensor apply(TensorOptions options);
    }

    private interface WithVector {
        org.bytedeco.pytorch.Tensor apply(TensorVector vector);
    }

    private static Tensor op(String name, Supplier<org.bytedeco.pytorch.Tensor> body, Tensor... operands) {
        TensorScope.current();
        return wrap(LibTorch.call(name, body, operands));
    }

    private Tensor unary(String name, Unary body) {
        return op(name, () -> body.apply(handle()), this);
    }

    /*
     * A transcendental function: libtorch computes most elements with vector instructions and the last few of each
     * thread's share one by one, with other roundings. So that an element's bits depend neither on the number of threads
     * nor on where it lies, the CPU gets pieces that one thread computes, and a sequence whose width leaves a rest is on
     * its own.
     */
    private Tensor elementwise(String name, Unary body) {
        long count = shape().elements();
        if (count == 0 || shape().rank() == 0 || !device().equals(Device.CPU)) {
            return unary(name, body);
        }
        boolean even = size(-1) % VECTOR_ELEMENTS == 0;
        long sequence = even ? count : count / size(0);
        if (sequence == count && count <= ONE_THREAD_ELEMENTS) {
            return unary(name, body);
        }
        try (TensorScope scope = TensorScope.open(name)) {
            Tensor flat = reshape(count);
            List<Tensor> parts = new ArrayList<>();
            for (long start = 0; start < count; start += sequence) {
                for (long at = 0; at < sequence; at += ONE_THREAD_ELEMENTS) {
                    parts.add(flat.narrow(0, start + at, Math.min(ONE_THREAD_ELEMENTS, sequence - at))
                            .unary(name, body));
                }
            }
            return scope.keep(cat(parts, 0).reshape(shape().toArray()));
        }
    }

    private Tensor binary(String name, Tensor other, Binary body) {
        requireSameDevice(other);
        return op(name, () -> body.apply(handle(), other.handle()), this, other);
    }

    private Tensor withScalar(String name, double number, WithScalar body) {
        try (Scalar scalar = new Scalar(number)) {
            return op(name, () -> body.apply(handle(), scalar), this);
        }
    }

    private Tensor reduced(String name, WithType body) {
        try (ScalarTypeOptional none = new ScalarTypeOptional()) {
            return op(name, () -> body.apply(handle(), none), this);
        }
    }

    private Tensor reduced(String name, DType dtype, WithType body) {
        try (ScalarTypeOptional type = new ScalarTypeOptional(dtype.scalarType())) {
            return op(name, () -> body.apply(handle(), type), this);
        }
    }

    private Tensor ternaryOptional(String name, Tensor other, Tensor optional, WithOptional body) {
        requireSameDevice(other);
        try (TensorOptional last = new TensorOptional(optional.handle())) {
            return op(name, () -> body.apply(handle(), other.handle(), last), this, other, optional);
        }
    }

    private Tensor inPlace(String name, Tensor other, Binary body) {
        requireSameDevice(other);
        LibTorch.call(name, () -> body.apply(handle(), other.handle()), this, other);
        return this;
    }

    private static Tensor joined(String name, List<Tensor> tensors, WithVector body) {
        org.bytedeco.pytorch.Tensor[] handles =
                tensors.stream().map(Tensor::handle).toArray(org.bytedeco.pytorch.Tensor[]::new);
        try (TensorVector vector = new TensorVector(handles)) {
            return op(name, () -> body.apply(vector), tensors.toArray(Tensor[]::new));
        }
    }

    private static Tensor make(String name, DType dtype, Device device, WithOptions body) {
        LibTorch.load();
        TensorScope.current();
        try (ScalarTypeOptional type = new ScalarTypeOptional(dtype.scalarType());
                org.bytedeco.pytorch.Device d = device.toTorch();
                DeviceOptional where = new DeviceOptional(d);
                TensorOptions bare = new TensorOptions();
                TensorOptions typed = bare.dtype(type);
                TensorOptions options = typed.device(where)) {
            return op(name, () -> body.apply(options));
        }
    }

    /** Maps the bytes of a file `[count]` without reading them. Writes are private to this process. */
    static Tensor map(String path, long count) {
        try (BoolOptional shared = new BoolOptional(false);
                LongOptional size = new LongOptional(count);
                ScalarTypeOptional type = new ScalarTypeOptional(ScalarType.Byte);
                LayoutOptional layout = new LayoutOptional();
                DeviceOptional device = new DeviceOptional();
                BoolOptional pinned = new BoolOptional()) {
            return op("map", () -> torch.from_file(path, shared, size, type, layout, device, pinned));
        }
    }

    private void useThreads(Tensor other, long columns) {
        if (device().equals(Device.CPU) && other.shape().rank() > 0) {
            boolean isHalf = other.dtype() == DType.BF16 || other.dtype() == DType.FP16;
            Threads.forProduct(
                    2.0 * shape().elements() * columns,
                    isHalf ? other.shape().elements() * other.dtype().bytes() : 0);
        }
    }

    private Tensor onHeapOrder(DType type) {
        return to(Device.CPU).to(type).contiguous();
    }

    private void requireSameDevice(Tensor other) {
        if (!device().equals(other.device())) {
            throw Problem.of("The tensors are on different devices.")
                    .fact("one", describe())
                    .fact("other", other.describe())
                    .fact("try", "move one with .to(device)")
                    .toIllegalArgument();
        }
    }

    private static void requireNotClosed(Tensor tensor) {
        tensor.handle();
    }

    private static void requireCount(long count, long[] sizes) {
        if (Shape.of(sizes).elements() != count) {
            throw Problem.of("The number of values does not match the shape.")
                    .fact("values", count)
                    .fact("shape", Arrays.toString(sizes))
                    .toIllegalArgument();
        }
    }

    /** Shape, dtype and device. */
    @Override
    public String toString() {
        return "Tensor " + describe();
    }
}
