package dev.pintle.sae;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Npz;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TorchCheckpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers for small checkpoints, their arithmetic in double precision and loops, and files of them. */
final class Samples {
    static final int D = 6;
    static final int L = 12;

    /** Encoder and decoder, a row a latent. */
    static final double[][] ENC = rows(1, L, D, 0.6);

    static final double[][] DEC = rows(2, L, D, 0.6);
    static final double[] B_ENC = row(3, L, 0, 0.3);
    static final double[] B_DEC = row(4, D, 0, 0.5);

    /** Activations of some tokens. */
    static final double[][] X = rows(5, 9, D, 1.2);

    private Samples() {}

    static double[] row(long seed, int size, double mean, double deviation) {
        return numbers(TinySae.random(seed, size, mean, deviation));
    }

    private static double[] numbers(Vec vec) {
        double[] numbers = new double[vec.size()];
        Arrays.setAll(numbers, vec::get);
        return numbers;
    }

    static double[][] rows(long seed, int rows, int columns, double deviation) {
        double[] flat = row(seed, rows * columns, 0, deviation);
        double[][] all = new double[rows][];
        Arrays.setAll(all, i -> Arrays.copyOfRange(flat, i * columns, (i + 1) * columns));
        return all;
    }

    // ---------------------------------------------------------------- plain arithmetic

    /** W x + b with a row of W for each latent. */
    static double[] encoded(double[][] w, double[] x, double[] b) {
        double[] z = b.clone();
        for (int i = 0; i < z.length; i++) {
            for (int j = 0; j < x.length; j++) {
                z[i] += w[i][j] * x[j];
            }
        }
        return z;
    }

    /** The sum of f times rows, plus b. */
    static double[] decoded(double[] f, double[][] w, double[] b) {
        double[] sum = b.clone();
        for (int i = 0; i < f.length; i++) {
            for (int j = 0; j < sum.length; j++) {
                sum[j] += f[i] * w[i][j];
            }
        }
        return sum;
    }

    static double[] minus(double[] a, double[] b) {
        double[] all = a.clone();
        Arrays.setAll(all, i -> a[i] - b[i]);
        return all;
    }

    static double[] times(double[] a, double factor) {
        return Arrays.stream(a).map(v -> v * factor).toArray();
    }

    static double[] relu(double[] z) {
        return Arrays.stream(z).map(v -> Math.max(v, 0)).toArray();
    }

    static double[] jump(double[] z, double... threshold) {
        double[] f = z.clone();
        Arrays.setAll(f, i -> z[i] > threshold[threshold.length == 1 ? 0 : i] && z[i] > 0 ? z[i] : 0);
        return f;
    }

    static double[] topK(double[] z, int k) {
        double[] sorted = z.clone();
        Arrays.sort(sorted);
        double smallest = sorted[sorted.length - k];
        double[] f = z.clone();
        Arrays.setAll(f, i -> z[i] >= smallest ? Math.max(z[i], 0) : 0);
        return f;
    }

    static double norm(double[] x) {
        return Math.sqrt(Arrays.stream(x).map(v -> v * v).sum());
    }

    /** What a format says latents are, and what it decodes them to. */
    interface Arithmetic {
        double[] latents(double[] x);

        double[] reconstruction(double[] x);
    }

    /** Compares encoding, decoding and reconstruction of {@link #X}. */
    static void assertComputes(SparseAutoencoder sae, Arithmetic expected, double tolerance) {
        try (TensorScope scope = TensorScope.open("compare")) {
            Tensor x = matrix(X, false);
            Tensor f = sae.encode(x);
            double[][] latents = Arrays.stream(X).map(expected::latents).toArray(double[][]::new);
            double[][] back = Arrays.stream(X).map(expected::reconstruction).toArray(double[][]::new);
            assertThatTensor(f).as("latents").isCloseTo(matrix(latents, false), tolerance);
            assertThatTensor(sae.reconstruct(x)).as("reconstruction").isCloseTo(matrix(back, false), tolerance);
            assertThatTensor(sae.decode(f, x)).as("decoded").isCloseTo(matrix(back, false), tolerance);
        }
    }

    // ---------------------------------------------------------------- files

    static Tensor vector(double... numbers) {
        return Tensor.of(Vec.of(numbers));
    }

    /** A matrix, turned or not. */
    static Tensor matrix(double[][] rows, boolean turned) {
        float[] flat = new float[rows.length * rows[0].length];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) rows[i / rows[0].length][i % rows[0].length];
        }
        Tensor matrix = Tensor.of(flat, rows.length, rows[0].length);
        return turned ? matrix.transpose(0, 1).contiguous() : matrix;
    }

    /** Name and tensor by turns. */
    static Map<String, Tensor> tensors(Object... pairs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            tensors.put((String) pairs[i], (Tensor) pairs[i + 1]);
        }
        return tensors;
    }

    static Path write(Path file, Map<String, Tensor> tensors) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String name = file.toString();
        if (name.endsWith(".safetensors")) {
            SafeTensors.write(file, tensors, Map.of());
        } else if (name.endsWith(".npz")) {
            Npz.write(file, tensors);
        } else {
            TorchCheckpoint.write(file, tensors);
        }
        return file;
    }

    static Path write(Path file, String text) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static SparseAutoencoder load(Path path) {
        return SparseAutoencoder.load(path, Device.CPU, DType.FP32);
    }

    static SparseAutoencoder loadHalf(Path path) {
        return SparseAutoencoder.load(path, Device.CPU, DType.BF16);
    }
}
