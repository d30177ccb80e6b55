package dev.pintle.tensor;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch_cuda;

/**
 * GPU work captured once as a CUDA graph and replayed with a single call, so a step of hundreds of kernels costs the
 * CPU microseconds. Kernels read and write the memory they were captured with, which must not move.
 */
public final class CudaGraph implements AutoCloseable {
    private final Device device;
    private final CUDAStream stream;
    private final CUgraphExec_st executable;

    private CudaGraph(Device device, CUDAStream stream, CUgraphExec_st executable) {
        this.device = device;
        this.stream = stream;
        this.executable = executable;
    }

    /**
     * Captures the kernels that {@code work} launches. It must not allocate, copy to or from the host, or synchronise.
     * It is run once beforehand, because libraries create their per-stream workspace on first use.
     *
     * @throws dev.pintle.base.PintleException if the work cannot be captured
     */
    public static CudaGraph record(Device device, Runnable work) {
        CUDAStream before = torch_cuda.getCurrentCUDAStream((byte) device.index());
        CUDAStream own = torch_cuda.getStreamFromPool(false, (byte) device.index());
        try (CUgraph_st graph = new CUgraph_st();
                CUstream_st raw = own.stream()) {
            before.synchronize();
            torch_cuda.setCurrentCUDAStream(own);
            try {
                work.run();
                own.synchronize();
                capture(raw, graph, work);
            } finally {
                torch_cuda.setCurrentCUDAStream(before);
            }
            CUgraphExec_st executable = new CUgraphExec_st();
            CudaCalls.runtime("cudaGraphInstantiate", cudart.cudaGraphInstantiate(executable, graph, 0));
            cudart.cudaGraphDestroy(graph);
            return new CudaGraph(device, own, executable);
        } finally {
            before.close();
        }
    }

    private static void capture(CUstream_st stream, CUgraph_st graph, Runnable work) {
        CudaCalls.runtime(
                "cudaStreamBeginCapture",
                cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal));
        int ended = cudart.cudaErrorUnknown;
        try {
            work.run();
        } finally {
            ended = cudart.cudaStreamEndCapture(stream, graph);
        }
        CudaCalls.runtime("cudaStreamEndCapture", ended);
    }

    /** Replays the work once, after everything submitted to libtorch's current stream. */
    public void launch() {
        try (CUDAStream current = torch_cuda.getCurrentCUDAStream((byte) device.index());
                CUstream_st raw = current.stream()) {
            CudaCalls.runtime("cudaGraphLaunch", cudart.cudaGraphLaunch(executable, raw));
        }
    }

    @Override
    public void close() {
        cudart.cudaGraphExecDestroy(executable);
        stream.close();
    }

    /** An event in the current stream that the CPU can wait for. */
    public static final class Mark implements AutoCloseable {
        private final CUevent_st event = new CUevent_st();
        private final Device device;

        /** Creates an unrecorded event. */
        public Mark(Device device) {
            this.device = device;
            CudaCalls.runtime("cudaEventCreate", cudart.cudaEventCreateWithFlags(event, cudart.cudaEventDisableTiming));
        }

        /** Records the event after all work submitted so far. */
        public void set() {
            try (CUDAStream current = torch_cuda.getCurrentCUDAStream((byte) device.index());
                    CUstream_st raw = current.stream()) {
                CudaCalls.runtime("cudaEventRecord", cudart.cudaEventRecord(event, raw));
            }
        }

        /** Waits for the work submitted before it. */
        public void await() {
            CudaCalls.runtime("cudaEventSynchronize", cudart.cudaEventSynchronize(event));
        }

        @Override
        public void close() {
            cudart.cudaEventDestroy(event);
        }
    }
}
