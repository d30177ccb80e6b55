package dev.pintle.tensor;

import java.util.Objects;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OperatorHandleOptional;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Type;
import org.jspecify.annotations.Nullable;

/*
 * Why packing pays off.
 *
 * oneDNN multiplies 16-bit matrices in tiles and needs the weight in tile order. A weight in checkpoint layout is
 * reordered on every call: with many rows this is cheap compared with the arithmetic, but for the single row of a
 * decoding step it takes three quarters of the time. Once packed, the weight is read at memory speed. The products are
 * bit-identical, because the summation order is the same.
 *
 * For many rows the packed product uses a kernel that is slower than the one for plain weights, but not for 64 rows at
 * a time, so rows are processed in chunks of that size. libtorch has no C++ interface for these functions; they are
 * called through its dispatcher.
 */
/** A 16-bit weight `[out, in]` in the memory order of the CPU's matrix kernels. */
public final class PackedWeight {
    private static final int ROWS_AT_ONCE = 64;
    private static final long WORTH_PACKING = 1L << 16;

    private final IValue weight;
    private final long out;
    private final long in;

    private PackedWeight(IValue weight, long out, long in) {
        this.weight = weight;
        this.out = out;
        this.in = in;
    }

    /** libtorch functions and their constant arguments. */
    private static final class Functions {
        // a handle is a view into its owner, which must not be garbage-collected
        private static final OperatorHandleOptional FOUND_REORDER = find("mkldnn::_reorder_linear_weight");
        private static final OperatorHandleOptional FOUND_LINEAR = find("mkldnn::_linear_pointwise");
        private static final @Nullable OperatorHandle REORDER = handle(FOUND_REORDER);
        private static final @Nullable OperatorHandle LINEAR = handle(FOUND_LINEAR);
        private static final IValue NONE = new IValue();
        private static final IValue ONE_ROW = new IValue(1L);
        private static final IValue NO_FUNCTION = new IValue("none");
        private static final @Nullable IValue NO_SCALARS = LINEAR == null ? null : emptyListFor(LINEAR, 4);

        private static OperatorHandleOptional find(String name) {
            try (BytePointer text = new BytePointer(name);
                    BytePointer overload = new BytePointer("");
                    OperatorName operator = new OperatorName(text, overload)) {
                return Dispatcher.singleton().findOp(operator);
            }
        }

        private static @Nullable OperatorHandle handle(OperatorHandleOptional found) {
            return found.has_value() ? found.get() : null;
        }

        /** An empty list of an argument's type. */
        private static IValue emptyListFor(OperatorHandle function, long argument) {
            Type.TypePtr type =
                    function.schema().arguments().getPointer(argument).type();
            return new IValue(new GenericList(type.get().containedType(0)));
        }
    }

    /** Whether products with few rows are faster with this weight packed, on this CPU. */
    public static boolean suits(Tensor weight) {
        return weight.dtype() == DType.BF16
                && weight.device().equals(Device.CPU)
                && weight.shape().rank() == 2
                && weight.shape().elements() >= WORTH_PACKING
                && HalfProducts.hasInstructions()
                && Functions.REORDER != null
                && Functions.LINEAR != null;
    }

    /**
     * Packs a weight for which {@link #suits} holds, in as many bytes of its own memory. {@link #release} frees it.
     */
    public static PackedWeight of(Tensor weight) {
        Threads.forReading(weight.shape().elements() * weight.dtype().bytes());
        IValue packed = LibTorch.call(
                "pack",
                () -> {
                    try (IValue plain = new IValue(weight.handle());
                            IValueVector stack = new IValueVector(plain, Functions.ONE_ROW)) {
                        Dispatcher.singleton().callBoxed(Objects.requireNonNull(Functions.REORDER), stack);
                        return new IValue(stack.get(0));
                    }
                },
                weight);
        return new PackedWeight(packed, weight.size(0), weight.size(1));
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]` BF16 on the CPU
     * @param bias `[out]`, or null for none
     * @return `[…, out]`
     */
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        long rows = x.shape().elements() / in;
        Threads.forReading(
                Math.max(out * in, rows * Math.max(in, out)) * x.dtype().bytes());
        if (rows <= ROWS_AT_ONCE) {
            return product(x, bias);
        }
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = out;
        try (TensorScope scope = TensorScope.open("packed product")) {
            Tensor flat = x.reshape(rows, in);
            Tensor result = Tensor.empty(x.dtype(), Device.CPU, rows, out);
            for (long start = 0; start < rows; start += ROWS_AT_ONCE) {
                long count = Math.min(ROWS_AT_ONCE, rows - start);
                try (Tensor part = product(flat.narrow(0, start, count), bias)) {
                    result.narrow(0, start, count).copyFrom(part);
                }
            }
            return scope.keep(result.reshape(shape));
        }
    }

    /** The same for rows of different sequences: a row's bits do not depend on the other rows. */
    public Tensor linearOfRows(Tensor x, @Nullable Tensor bias) {
        return RowProducts.apply(x, new RowProducts.Kind(in, out, DType.BF16, true), rows -> linear(rows, bias));
    }

    private Tensor product(Tensor x, @Nullable Tensor bias) {
        Supplier<org.bytedeco.pytorch.Tensor> call = () -> {
            try (IValue input = new IValue(x.handle());
                    IValue added = bias == null ? new IValue() : new IValue(bias.handle());
                    IValueVector stack = new IValueVector(
                            input,
                            weight,
                            added,
                            Functions.NO_FUNCTION,
                            Objects.requireNonNull(Functions.NO_SCALARS),
                            Functions.NONE)) {
                Dispatcher.singleton().callBoxed(Objects.requireNonNull(Functions.LINEAR), stack);
                // toTensor returns a view into the stack; the copy shares the elements
                return new org.bytedeco.pytorch.Tensor(stack.get(0).toTensor());
            }
        };
        TensorScope.current();
        return Tensor.wrap(LibTorch.call("packed linear", call, x));
    }

    /** Frees the memory. No product may be in progress. */
    public void release() {
        weight.deallocate();
    }
}
