package dev.pintle.server.openai;

import dev.pintle.steering.Capture;
import dev.pintle.steering.Capture.Captured;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.Reading;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads activations token by token and keeps less of them, so that long captures take little memory. */
abstract class Folding implements Kept, Reading {
    private final Capture all; // says what is read
    private final Tokens tokens;
    private final Map<HookPoint, List<Integer>> positions = new HashMap<>();

    Folding(Set<HookPoint> points, Tokens tokens) {
        this.all = new Capture(points, tokens);
        this.tokens = tokens;
    }

    /**
     * Takes the activation of the next token.
     *
     * @param shape of it
     */
    abstract void fold(HookPoint point, int position, float[] activation, long[] shape);

    @Override
    public Reading hook() {
        return this;
    }

    @Override
    public Set<HookPoint> points() {
        return all.points();
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return all.actsOn(position, promptLength);
    }

    @Override
    public void read(HookPoint point, Tensor activation, Layout layout, int row) {
        Capture pass = new Capture(Set.of(point), tokens);
        pass.read(point, activation, layout, row);
        Captured captured = pass.at(point);
        long[] shape = Arrays.copyOfRange(captured.shape(), 1, captured.shape().length);
        for (int i = 0; i < captured.positions().length; i++) {
            int position = captured.positions()[i];
            positions.computeIfAbsent(point, p -> new ArrayList<>()).add(position);
            fold(point, position, captured.row(i), shape);
        }
    }

    @Override
    public int[] positions(HookPoint point) {
        return positions.getOrDefault(point, List.of()).stream()
                .mapToInt(position -> position)
                .toArray();
    }
}
