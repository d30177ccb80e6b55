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
 * Why packing pays.
 *
 * oneDNN multiplies 16-bit matrices in tiles, for which the weight must lie in memory in the order of the tiles. A weight
 * as checkpoints store it is brought into that order at every call: for many rows that is little beside the arithmetic,
 * for the one row of a decoding step it is three quarters of the time. Packed once, the weight is read at the speed of
 * memory. Products are the same to the bit, since the sums run in the same order.
 *
 * The packed product takes many rows through a kernel that is slower than the one for weights as stored, but not for 64 at
 * a time; so rows go through in pieces of that size. libtorch's functions for this have no C++ interface and are called
 * through its dispatcher.
 */
/** A 16-bit weight `[out, in]` in the order in which the processor's products read it. */
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

    /** Functions of libtorch and the arguments that are always the same. */
    private static final class Functions {
        // a handle is a view into what owns it, which the garbage collector must not take
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

        /** A list without elements, of the type that an argument has. */
        private static IValue emptyListFor(OperatorHandle function, long argument) {
            Type.TypePtr type =
                    function.schema().arguments().getPointer(argument).type();
            return new IValue(new GenericList(type.get().containedType(0)));
        }
    }

    /** Whether products with few rows are faster with this weight packed, on this processor. */
    public static boolean suits(Tensor weight) {
        return weight.dtype() == DType.BF16
                && weight.device().equals(Device.CPU)
                && weight.shape().rank() == 2
                && weight.shape().elements() >= WORTH_PACKING
                && HalfProducts.hasInstructions()
                && Functions.REORDER != null
                && Functions.LINEAR != null;
    }

    /** Packs a weight that {@link #suits}, in as many bytes of memory of its own. {@link #release} gives them back. */
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
     * @param x `[…, in]` BF16 on the processor
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
                // toTensor gives a view into the stack; the copy shares the elements
                return new org.bytedeco.pytorch.Tensor(stack.get(0).toTensor());
            }
        };
        TensorScope.current();
        return Tensor.wrap(LibTorch.call("packed linear", call, x));
    }

    /** Gives the memory back. No product may be running. */
    public void release() {
        weight.deallocate();
    }
}
