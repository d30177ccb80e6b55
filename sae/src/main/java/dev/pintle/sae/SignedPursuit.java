package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.List;

/*
 * Orthogonal matching pursuit (Pati, Rezaiifar and Krishnaprasad 1993, Asilomar) over the decoder's rows.
 *
 * An encoder produces no negative latents, but a difference of activations consists of latents that go down as well as
 * latents that go up. So the encoder is left out: each step takes the row with the largest absolute correlation with
 * the residual and refits the coefficients of all rows taken so far by least squares, so that the residual is
 * orthogonal to all of them. The system is solved in double precision by a Cholesky factorisation that grows by one row
 * per step; the pursuit ends at a row that is a linear combination of the others up to rounding.
 */
/**
 * v ≈ Σ cᵢ dᵢ over a few decoder rows dᵢ, with coefficients of either sign, by least squares over the chosen rows. No
 * encoder and no bias. A term holds cᵢ in units of the row as stored, so that adding it to the latent adds the term.
 *
 * @param count maximum number of rows
 * @param enough the relative error at which to stop; 0 for none
 */
public record SignedPursuit(int count, double enough) implements Decompose {
    private static final double DEPENDENT = 1e-10;

    /** @throws IllegalArgumentException if {@code count} is below 1 or the error is negative */
    public SignedPursuit {
        Decompose.requireTerms(count);
        if (!(enough >= 0)) {
            throw Problem.of("A relative error cannot be negative.")
                    .fact("but was", enough)
                    .toIllegalArgument();
        }
    }

    @Override
    public Decomposition apply(SparseAutoencoder sae, Vec vector) {
        Fit fit = new Fit(vector);
        try (TensorScope scope = TensorScope.open("pursuit")) {
            LatentMatrix decoder = sae.weights().decoder();
            Tensor norms = decoder.norms();
            Tensor dead = norms.atMost(norms.times(0));
            while (fit.size() < Math.min(count, sae.dSae())
                    && fit.left().norm() > Math.max(enough, 1e-7) * vector.norm()) {
                int best;
                try (TensorScope inner = TensorScope.open("step")) {
                    Tensor left = Tensor.of(fit.left()).to(sae.device()).reshape(1, -1);
                    Tensor reach = decoder.products(left, null).reshape(-1).dividedBy(norms);
                    best = (int) reach.maskedFill(dead, 0).abs().argmax().item();
                }
                if (!fit.add(best, sae.decoderRow(best))) {
                    break;
                }
            }
        }
        return Decomposition.withoutBias(this, vector, fit.terms(), fit.sum(), List.of(), sae);
    }

    /** {@code signed-pursuit of 32 terms}. */
    @Override
    public String toString() {
        return "signed-pursuit of " + count + " terms";
    }

    /** Least squares over rows that arrive one by one. */
    private static final class Fit {
        private final Vec vector;
        private final List<Integer> latents = new ArrayList<>();
        private final List<Vec> rows = new ArrayList<>(); // of length 1
        private final List<Double> lengths = new ArrayList<>();
        private final List<double[]> factor = new ArrayList<>(); // Cholesky factor of the rows' Gram matrix
        private double[] coefficients = new double[0];

        Fit(Vec vector) {
            this.vector = vector;
        }

        int size() {
            return rows.size();
        }

        /** Adds a row; false if it is a linear combination of the others. */
        boolean add(int latent, Vec row) {
            double length = row.norm();
            if (length == 0 || latents.contains(latent)) {
                return false;
            }
            Vec unit = row.unit();
            int n = rows.size();
            double[] line = new double[n + 1];
            double rest = unit.dot(unit);
            for (int i = 0; i < n; i++) {
                double sum = unit.dot(rows.get(i));
                for (int j = 0; j < i; j++) {
                    sum -= line[j] * factor.get(i)[j];
                }
                line[i] = sum / factor.get(i)[i];
                rest -= line[i] * line[i];
            }
            if (rest < DEPENDENT) {
                return false;
            }
            line[n] = Math.sqrt(rest);
            latents.add(latent);
            rows.add(unit);
            lengths.add(length);
            factor.add(line);
            coefficients = solve();
            return true;
        }

        private double[] solve() {
            int n = rows.size();
            double[] x = new double[n];
            for (int i = 0; i < n; i++) { // forward
                double sum = vector.dot(rows.get(i));
                for (int j = 0; j < i; j++) {
                    sum -= factor.get(i)[j] * x[j];
                }
                x[i] = sum / factor.get(i)[i];
            }
            for (int i = n - 1; i >= 0; i--) { // and back
                for (int j = i + 1; j < n; j++) {
                    x[i] -= factor.get(j)[i] * x[j];
                }
                x[i] /= factor.get(i)[i];
            }
            return x;
        }

        Vec sum() {
            double[] sum = new double[vector.size()];
            for (int i = 0; i < rows.size(); i++) {
                for (int d = 0; d < sum.length; d++) {
                    sum[d] += coefficients[i] * rows.get(i).get(d);
                }
            }
            return Vec.of(sum);
        }

        Vec left() {
            return vector.minus(sum());
        }

        List<Term> terms() {
            int[] chosen = latents.stream().mapToInt(Integer::intValue).toArray();
            float[] values = new float[chosen.length];
            for (int i = 0; i < chosen.length; i++) {
                values[i] = (float) (coefficients[i] / lengths.get(i));
            }
            return Term.of(chosen, values);
        }
    }
}
