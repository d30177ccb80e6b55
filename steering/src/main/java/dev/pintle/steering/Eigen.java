package dev.pintle.steering;

import java.util.Arrays;
import java.util.Random;

/*
 * The leading eigenvector of a symmetric positive semidefinite matrix, such as a Gram or covariance matrix.
 *
 * Small matrices are solved by Jacobi rotations, which are exact up to rounding however close the eigenvalues are.
 * Larger ones by randomised block power iteration (Halko, Martinsson and Tropp 2011, arXiv:0909.4061): a few random
 * columns are multiplied by the matrix until the leading eigenpair converges, at a rate given by the ratio of the first
 * eigenvalue to the first one outside the block.
 */
/** The leading eigenvector of a positive semidefinite matrix. */
final class Eigen {
    /** Up to this size, all eigenvectors are computed. */
    static final int EXACT = 256;

    private static final int SWEEPS = 60;
    private static final int BLOCK = 8;
    private static final int ROUNDS = 500;

    private Eigen() {}

    /**
     * An eigenvector of length 1, and its eigenvalue as a fraction of the trace.
     *
     * @param vector zero if the matrix is zero
     */
    record Leading(double[] vector, double share) {}

    static Leading leading(double[][] matrix) {
        double trace = 0;
        for (int i = 0; i < matrix.length; i++) {
            trace += matrix[i][i];
        }
        if (!(trace > 0)) {
            return new Leading(new double[matrix.length], Double.NaN);
        }
        return matrix.length <= EXACT ? jacobi(matrix, trace) : randomised(matrix, trace, ROUNDS);
    }

    /** As {@link #leading}, to a few digits, for statistics over many resamples. */
    static Leading roughly(double[][] matrix) {
        double trace = 0;
        for (int i = 0; i < matrix.length; i++) {
            trace += matrix[i][i];
        }
        return trace > 0 ? randomised(matrix, trace, 12) : new Leading(new double[matrix.length], Double.NaN);
    }

    private static Leading jacobi(double[][] matrix, double trace) {
        int n = matrix.length;
        double[][] a = new double[n][];
        double[][] v = new double[n][n];
        for (int i = 0; i < n; i++) {
            a[i] = matrix[i].clone();
            v[i][i] = 1; // rows of v are eigenvectors
        }
        for (int sweep = 0; sweep < SWEEPS && offDiagonal(a) > 1e-30 * trace * trace; sweep++) {
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    if (Math.abs(a[p][q]) > 1e-300) {
                        rotate(a, v, p, q);
                    }
                }
            }
        }
        int best = 0;
        for (int i = 1; i < n; i++) {
            best = a[i][i] > a[best][best] ? i : best;
        }
        return new Leading(v[best], a[best][best] / trace);
    }

    private static double offDiagonal(double[][] a) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = i + 1; j < a.length; j++) {
                sum += a[i][j] * a[i][j];
            }
        }
        return sum;
    }

    private static void rotate(double[][] a, double[][] v, int p, int q) {
        double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        double t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        double c = 1 / Math.sqrt(t * t + 1);
        double s = t * c;
        for (int k = 0; k < a.length; k++) {
            double kp = a[k][p];
            double kq = a[k][q];
            a[k][p] = c * kp - s * kq;
            a[k][q] = s * kp + c * kq;
        }
        turn(a[p], a[q], c, s);
        turn(v[p], v[q], c, s);
    }

    private static void turn(double[] p, double[] q, double c, double s) {
        for (int k = 0; k < p.length; k++) {
            double kp = p[k];
            double kq = q[k];
            p[k] = c * kp - s * kq;
            q[k] = s * kp + c * kq;
        }
    }

    private static Leading randomised(double[][] matrix, double trace, int rounds) {
        int n = matrix.length;
        int width = Math.min(BLOCK, n);
        Random random = new Random(42);
        double[][] block = new double[width][n]; // rows span the subspace
        for (double[] row : block) {
            Arrays.setAll(row, i -> random.nextGaussian());
        }
        orthonormalise(block, random);
        double[] leading = block[0];
        double value = 0;
        for (int round = 0; round < rounds; round++) {
            double[][] image = new double[width][];
            for (int i = 0; i < width; i++) {
                image[i] = times(matrix, block[i]);
            }
            double[][] small = new double[width][width];
            for (int i = 0; i < width; i++) {
                for (int j = 0; j <= i; j++) {
                    small[i][j] = dot(block[i], image[j]);
                    small[j][i] = small[i][j];
                }
            }
            Leading inside = jacobi(small, Math.max(traceOf(small), Double.MIN_NORMAL));
            double[] next = combined(inside.vector(), block);
            double quotient = inside.share() * traceOf(small);
            double[] residual = combined(inside.vector(), image);
            double off = 0;
            for (int i = 0; i < n; i++) {
                double r = residual[i] - quotient * next[i];
                off += r * r;
            }
            leading = next;
            value = quotient;
            if (Math.sqrt(off) <= 1e-11 * quotient) {
                break;
            }
            block = image;
            orthonormalise(block, random);
        }
        return new Leading(leading, value / trace);
    }

    private static double traceOf(double[][] a) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i][i];
        }
        return sum;
    }

    private static double[] combined(double[] weights, double[][] rows) {
        double[] sum = new double[rows[0].length];
        for (int r = 0; r < rows.length; r++) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += weights[r] * rows[r][i];
            }
        }
        return sum;
    }

    /** Gram-Schmidt, applied twice; a row that vanishes is redrawn. */
    private static void orthonormalise(double[][] rows, Random random) {
        for (int r = 0; r < rows.length; r++) {
            for (int attempt = 0; attempt < 3; attempt++) {
                double before = Math.sqrt(dot(rows[r], rows[r]));
                for (int again = 0; again < 2; again++) {
                    for (int earlier = 0; earlier < r; earlier++) {
                        double part = dot(rows[r], rows[earlier]);
                        for (int i = 0; i < rows[r].length; i++) {
                            rows[r][i] -= part * rows[earlier][i];
                        }
                    }
                }
                double norm = Math.sqrt(dot(rows[r], rows[r]));
                if (norm > 1e-12 * before && norm > 0) {
                    for (int i = 0; i < rows[r].length; i++) {
                        rows[r][i] /= norm;
                    }
                    break;
                }
                Arrays.setAll(rows[r], i -> random.nextGaussian());
            }
        }
    }

    static double[] times(double[][] matrix, double[] vector) {
        double[] product = new double[matrix.length];
        Arrays.setAll(product, i -> dot(matrix[i], vector));
        return product;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
