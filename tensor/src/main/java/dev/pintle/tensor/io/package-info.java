/**
 * Tensor file formats. Every reader validates a file before trusting it, memory-maps instead of copying, and never
 * executes anything from a file.
 *
 * <p>{@link dev.pintle.tensor.io.Checkpoint} is the common interface: {@link dev.pintle.tensor.io.SafeTensors}, {@link
 * dev.pintle.tensor.io.TorchCheckpoint} (.pth, .pt), {@link dev.pintle.tensor.io.Gguf} and {@link
 * dev.pintle.tensor.io.Npz}; {@link dev.pintle.tensor.io.Npy} holds a single array. A file that cannot be trusted is
 * reported as a {@link dev.pintle.base.PintleException} that names it. All writes are atomic.
 */
@NullMarked
package dev.pintle.tensor.io;

import org.jspecify.annotations.NullMarked;
