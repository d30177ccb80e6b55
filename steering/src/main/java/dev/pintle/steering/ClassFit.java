package dev.pintle.steering;

import dev.pintle.base.Digest;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SharedPrefixReader.Readings;
import dev.pintle.steering.SharedPrefixReader.Sequence;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the directions of two classes of texts: every activation relative to the midpoint of the class means. */
final class ClassFit {
    private static final int POSITIVE = 0;
    private static final int NEGATIVE = 1;

    private final LanguageModel model;
    private final DiffMean method;
    private final List<HookPoint> points;
    private final Progress progress;
    private final List<Sequence> sequences = new ArrayList<>();

    ClassFit(LanguageModel model, DiffMean method, List<HookPoint> points, Progress progress) {
        this.model = model;
        this.method = method;
        this.points = points;
        this.progress = progress;
        for (int i = 0; i < method.positive().size(); i++) {
            sequences.add(sequence(method.positive().get(i), POSITIVE, i));
        }
        for (int i = 0; i < method.negative().size(); i++) {
            sequences.add(sequence(method.negative().get(i), NEGATIVE, i));
        }
        requireApart();
    }

    private Sequence sequence(Prompt prompt, int side, int index) {
        try {
            TokenizedPrompt tokens = prompt.tokenized(model.text());
            Comparisons.requireLength(model, tokens.length());
            return new Sequence(tokens.ids(), method.positions().in(tokens), side == NEGATIVE);
        } catch (PintleException e) {
            throw new PintleException(e.problem().fact("text", shown(side, index)), e);
        }
    }

    private static String shown(int side, int index) {
        return (side == POSITIVE ? "positive " : "negative ") + (index + 1);
    }

    private int sideOf(int sequence) {
        return sequence < method.positive().size() ? POSITIVE : NEGATIVE;
    }

    /** A text that is read identically in both classes says nothing about their difference. */
    private void requireApart() {
        Map<String, Integer> read = new HashMap<>();
        int positives = method.positive().size();
        for (int i = 0; i < sequences.size(); i++) {
            int[] at = sequences.get(i).positions();
            int[] past = Arrays.copyOf(sequences.get(i).ids(), at[at.length - 1] + 1);
            String key = new Digest().add(past).add(at).hex();
            if (sideOf(i) == POSITIVE) {
                read.putIfAbsent(key, i);
            } else if (read.containsKey(key)) {
                throw Problem.of("Both classes contain a text that is the same up to where it is read.")
                        .fact("text", shown(POSITIVE, read.get(key)) + " and " + shown(NEGATIVE, i - positives))
                        .fact("positions", method.positionsName())
                        .fact("it reads", model.tokenizer().decode(past, false))
                        .fact("try", "removing it from one of them, or positions after the difference")
                        .toException();
            }
        }
    }

    /** Reads all texts twice: the first pass computes the midpoint that the directions are relative to. */
    FitRead read(long seed) {
        SharedPrefixReader reader = new SharedPrefixReader(model, points);
        long started = System.nanoTime();
        double[][][] sums = new double[2][points.size()][model.config().dModel()];
        double[] norms = new double[points.size()];
        long[] counts = new long[2];
        overChunks(reader, (index, rows, normSums) -> {
            int side = sideOf(index);
            counts[side] += rows.get(0).size(0);
            for (int point = 0; point < points.size(); point++) {
                norms[point] += normSums[point];
                add(rows.get(point).toDoubles(), sums[side][point]);
            }
        });
        FitRead read = FitRead.begin(model, points, counts[0] + counts[1], method.aggregation(), seed);
        try (TensorScope scope = TensorScope.open("midpoints")) {
            System.arraycopy(norms, 0, read.norms(), 0, norms.length);
            List<Tensor> midpoints = new ArrayList<>();
            for (int point = 0; point < points.size(); point++) {
                midpoints.add(
                        midpoint(sums[POSITIVE][point], counts[POSITIVE], sums[NEGATIVE][point], counts[NEGATIVE]));
            }
            overChunks(reader, (index, rows, normSums) -> {
                int side = sideOf(index);
                // both classes have the same total weight, whatever their sizes
                double weight = (counts[0] + counts[1]) / 2.0 / counts[side];
                for (int point = 0; point < points.size(); point++) {
                    Tensor d = rows.get(point).minus(midpoints.get(point)).times((side == POSITIVE ? 1 : -1) * weight);
                    long[] units = new long[d.shape().intSize(0)];
                    Arrays.fill(units, index);
                    read.streams().get(point).add(units, d);
                }
            });
            double seconds = (System.nanoTime() - started) / 1e9;
            return read.done(sequences.size(), hash(), normed(), reader.report(seconds));
        } catch (RuntimeException e) {
            read.close();
            throw e;
        }
    }

    private String hash() {
        Digest hash = new Digest();
        sequences.forEach(sequence -> hash.add(sequence.ids()));
        return hash.hex();
    }

    private long normed() {
        return sequences.stream()
                .filter(Sequence::norms)
                .mapToLong(sequence -> sequence.ids().length - 1L)
                .sum();
    }

    /** Adds each row of a matrix to a sum. */
    private static void add(double[] flat, double[] sum) {
        for (int i = 0; i < flat.length; i++) {
            sum[i % sum.length] += flat[i];
        }
    }

    private static Tensor midpoint(double[] up, long ups, double[] down, long downs) {
        double[] midpoint = new double[up.length];
        Arrays.setAll(midpoint, i -> (up[i] / ups + down[i] / downs) / 2);
        return Tensor.of(midpoint, 1, midpoint.length);
    }

    private interface Receiver {
        /** @param rows one per hook point: `[positions, dModel]`, or `[1, dModel]` if the positions are averaged */
        void accept(int index, List<Tensor> rows, double[] normSums);
    }

    private void overChunks(SharedPrefixReader reader, Receiver receiver) {
        long rowBytes = 8L * model.config().dModel() * points.size();
        int from = 0;
        while (from < sequences.size()) {
            long bytes = 0;
            int to = from;
            while (to < sequences.size() && (to == from || bytes <= VectorFit.CHUNK_BYTES)) {
                bytes += sequences.get(to).positions().length * rowBytes;
                to++;
            }
            try (TensorScope scope = TensorScope.open("read texts")) {
                Readings readings = reader.read(sequences.subList(from, to));
                for (int i = from; i < to; i++) {
                    try (TensorScope inner = TensorScope.open("rows of a text")) {
                        receiver.accept(i, rows(readings, i - from), readings.normSums()[i - from]);
                    }
                }
            }
            from = to;
            progress.at("reading prompts", from, sequences.size());
        }
    }

    private List<Tensor> rows(Readings readings, int sequence) {
        List<Tensor> rows = new ArrayList<>();
        for (int point = 0; point < points.size(); point++) {
            Tensor all = readings.rows(sequence, point);
            rows.add(method.positions().averaged() ? all.mean(0, true) : all);
        }
        return rows;
    }
}
