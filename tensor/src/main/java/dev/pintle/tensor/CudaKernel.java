package dev.pintle.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUlaunchAttribute;
import org.bytedeco.cuda.cudart.CUlaunchConfig;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch_cuda;
import org.jspecify.annotations.Nullable;

/** A kernel of a {@link CudaProgram}. */
public final class CudaKernel {
    private static final int SLOT = 8;
    private static final ThreadLocal<Launch> LAUNCHES = ThreadLocal.withInitial(Launch::new);

    private final String name;
    private final CUfunc_st function;
    private final Device device;
    private final boolean overlaps;
    private final int sharedBytes;

    CudaKernel(String name, CUfunc_st function, Device device, boolean overlaps, int sharedBytes) {
        this.name = name;
        this.function = function;
        this.device = device;
        this.overlaps = overlaps;
        this.sharedBytes = sharedBytes;
    }

    /** The launch grid. */
    public record Grid(int x, int y, int z) {
        /** A one-dimensional grid. */
        public static Grid of(long x) {
            return new Grid(Math.toIntExact(x), 1, 1);
        }
    }

    /**
     * Launches on libtorch's current stream. The kernel must execute {@code griddepcontrol.wait} before reading what
     * earlier kernels wrote, because it may start before they have finished.
     *
     * @param threads per block
     * @param arguments in the kernel's order: a Tensor for its memory, null for a null pointer, Integer, Float
     */
    public void launch(Grid grid, int threads, @Nullable Object... arguments) {
        Launch launch = LAUNCHES.get();
        try (CUDAStream current = torch_cuda.getCurrentCUDAStream((byte) device.index());
                CUstream_st stream = current.stream()) {
            for (int i = 0; i < arguments.length; i++) {
                put(launch.buffer, i * SLOT, arguments[i]);
            }
            launch.config
                    .gridDimX(grid.x())
                    .gridDimY(grid.y())
                    .gridDimZ(grid.z())
                    .blockDimX(threads)
                    .sharedMemBytes(sharedBytes)
                    .hStream(stream)
                    .numAttrs(overlaps ? 1 : 0);
            CudaCalls.driver(
                    name, cudart.cuLaunchKernelEx(launch.config, function, launch.slots, (PointerPointer<?>) null));
        }
    }

    /** The argument memory of a launch; reused, because allocating it takes longer than launching. */
    private static final class Launch {
        private static final int MAX_ARGUMENTS = 24;

        private final BytePointer values = new BytePointer((long) SLOT * MAX_ARGUMENTS);
        private final PointerPointer<Pointer> slots = new PointerPointer<>(MAX_ARGUMENTS);
        private final ByteBuffer buffer = values.asByteBuffer().order(ByteOrder.nativeOrder());
        private final CUlaunchAttribute overlap = new CUlaunchAttribute(); // the configuration only holds its address
        private final CUlaunchConfig config = new CUlaunchConfig();

        private Launch() {
            for (int i = 0; i < MAX_ARGUMENTS; i++) {
                slots.put(i, values.getPointer((long) i * SLOT));
            }
            overlap.id(cudart.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
            overlap.value().programmaticStreamSerializationAllowed(1);
            config.blockDimY(1).blockDimZ(1).attrs(overlap);
        }
    }

    private static void put(ByteBuffer buffer, int at, @Nullable Object argument) {
        if (argument == null) {
            buffer.putLong(at, 0);
        } else if (argument instanceof Tensor tensor) {
            try (Pointer data = tensor.handle().data_ptr()) {
                buffer.putLong(at, data.address());
            }
        } else if (argument instanceof Integer number) {
            buffer.putInt(at, number);
        } else if (argument instanceof Float number) {
            buffer.putFloat(at, number);
        } else {
            throw new IllegalArgumentException("A kernel takes tensors, ints and floats, not " + argument.getClass());
        }
    }
}
