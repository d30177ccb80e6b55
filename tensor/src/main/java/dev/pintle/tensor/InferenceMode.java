package dev.pintle.tensor;

/**
 * Leaves out libtorch's bookkeeping for gradients on this thread while it is open. Tensors made meanwhile can be read anywhere, but
 * written in place only while a mode is open.
 */
public final class InferenceMode implements AutoCloseable {
    private final org.bytedeco.pytorch.InferenceMode guard;

    private InferenceMode() {
        guard = new org.bytedeco.pytorch.InferenceMode();
    }

    /** Begins; modes may be nested and end in reverse order, on their own thread. */
    public static InferenceMode begin() {
        LibTorch.load();
        return new InferenceMode();
    }

    @Override
    public void close() {
        guard.deallocate();
    }
}
