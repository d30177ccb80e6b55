package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/*
 * Lexically scoped native memory.
 *
 * A tensor's memory belongs to libtorch and is reference-counted there; a Java Tensor holds one reference. If
 * references were left to the garbage collector, a forward pass would keep gigabytes alive until Java runs out of heap,
 * which does not happen, because a Tensor is only a few bytes on the heap. So each thread has a stack of scopes, every
 * tensor is registered in the innermost open scope, and closing a scope drops its references. A result that must
 * outlive its scope is passed outward explicitly (keep), or to a longer-lived owner (adopt): a loaded model's weights,
 * a KV cache.
 */
/**
 * The lexical owner of native memory: every tensor created while a scope is open on this thread is released when the scope closes.
 *
 * <pre>{@code
 * try (TensorScope scope = TensorScope.open("score prompts")) {
 *     return scope.keep(weights.times(2));
 * }
 * }</pre>
 *
 * Creating a tensor without an open scope is an error rather than a leak.
 */
public final class TensorScope implements AutoCloseable {
    private static final ThreadLocal<Deque<TensorScope>> OPEN = ThreadLocal.withInitial(ArrayDeque::new);

    private final String name;
    private final boolean lexical;
    private final List<Tensor> tensors = new ArrayList<>();
    private boolean closed;

    private TensorScope(String name, boolean lexical) {
        this.name = name;
        this.lexical = lexical;
    }

    /**
     * Opens a scope on this thread, nested in those already open.
     *
     * @param name its purpose, shown in errors
     */
    public static TensorScope open(String name) {
        LibTorch.load();
        Deque<TensorScope> stack = OPEN.get();
        TensorScope scope = new TensorScope(name, true);
        stack.push(scope);
        return scope;
    }

    /**
     * An owner outside any thread's stack, for long-lived tensors such as weights and caches. It only holds what it
     * adopts, and may be closed by any thread.
     */
    public static TensorScope owner(String name) {
        return new TensorScope(name, false);
    }

    /** The purpose of the scope. */
    public String name() {
        return name;
    }

    /**
     * Passes a tensor of this scope to the enclosing one.
     *
     * @return the same tensor
     * @throws IllegalStateException if this is the thread's outermost scope
     */
    public Tensor keep(Tensor tensor) {
        TensorScope outer = null;
        boolean found = false;
        for (TensorScope scope : OPEN.get()) { // innermost first
            if (found) {
                outer = scope;
                break;
            }
            found = scope == this;
        }
        if (outer == null) {
            throw new IllegalStateException(Problem.of("There is no outer scope to keep the tensor in.")
                    .fact("scope", name)
                    .fact("try", "open a scope around this one, or copy the values to the heap")
                    .toString());
        }
        return outer.adopt(tensor);
    }

    /**
     * Takes over a tensor from the scope that holds it.
     *
     * @return the same tensor
     */
    public Tensor adopt(Tensor tensor) {
        if (closed) {
            throw new IllegalStateException("The scope is closed and cannot hold a tensor.\n  scope: " + name);
        }
        tensor.moveTo(this);
        synchronized (tensors) {
            tensors.add(tensor);
        }
        return tensor;
    }

    static TensorScope current() {
        TensorScope scope = OPEN.get().peek();
        if (scope == null) {
            throw new IllegalStateException(Problem.of("No tensor scope is open on this thread.")
                    .fact("thread", Thread.currentThread().getName())
                    .fact("try", "try (TensorScope scope = TensorScope.open(\"what for\")) { … }")
                    .toString());
        }
        return scope;
    }

    void add(Tensor tensor) {
        tensors.add(tensor);
    }

    /**
     * Releases every tensor still held.
     *
     * @throws IllegalStateException if a scope opened later on this thread is still open, or if called on another
     *     thread
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (lexical) {
            Deque<TensorScope> stack = OPEN.get();
            if (stack.peek() != this) {
                TensorScope innermost = stack.peek();
                throw new IllegalStateException(
                        Problem.of("Scopes close in the reverse order of opening, on their own thread.")
                                .fact("closing", name)
                                .fact("still open", innermost == null ? "none on this thread" : innermost.name)
                                .toString());
            }
            stack.pop();
        }
        closed = true;
        synchronized (tensors) {
            for (Tensor tensor : tensors) {
                tensor.releaseFrom(this);
            }
            tensors.clear();
        }
    }

    @Override
    public String toString() {
        return "TensorScope(" + name + ")";
    }
}
