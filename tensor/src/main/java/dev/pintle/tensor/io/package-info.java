/**
 * Files that hold tensors. Every reader validates what a file says before it trusts it, maps instead of copying, and
 * never executes anything.
 *
 * <p>{@link dev.pintle.tensor.io.Checkpoint} is what most have in common: {@link dev.pintle.tensor.io.SafeTensors},
 * {@link dev.pintle.tensor.io.TorchCheckpoint} (.pth, .pt), {@link dev.pintle.tensor.io.Gguf} and
 * {@link dev.pintle.tensor.io.Npz}; {@link dev.pintle.tensor.io.Npy} holds a single array. A file that cannot be trusted
 * ends in a {@link dev.pintle.base.PintleException} that names it. Every writer shows either the whole file or what was
 * there before.
 */
@NullMarked
package dev.pintle.tensor.io;

import org.jspecify.annotations.NullMarked;
