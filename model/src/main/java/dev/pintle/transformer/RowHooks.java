package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/*
 * Per-row hooks, combined into one hook for the batch.
 *
 * At a hook point, every row has an ordered list of hooks. Stage i holds the i-th hook of every row, so each row's
 * hooks run in that row's order. Within a stage, the additions of all rows are a single sum, h += A, with one row of A
 * per row of the batch, zero if that row adds nothing: 256 different vectors cost no more than one. A is built once for
 * all tokens of a generation. Any other hook of a stage runs on the whole batch, and only its own rows take the result.
 *
 * A hook that throws must not cost other rows their numbers. So the pass goes on without it, and tells whose hook it was.
 */
/** Combines the hooks of the rows into one hook for the batch. */
public final class RowHooks implements Hook, AutoCloseable {
    private final List<? extends List<? extends Hook>> rows;
    private final Map<HookPoint, List<Stage>> stages = new TreeMap<>();
    private final Map<Integer, RuntimeException> failures = new TreeMap<>();
    private final TensorScope owner = TensorScope.owner("vectors of the rows");

    /** The i-th hooks of all rows at one hook point, with the rows of each hook. */
    private static final class Stage {
        private final Map<Integer, Addition> additions = new LinkedHashMap<>();
        private final Map<Hook, List<Integer>> others = new LinkedHashMap<>();
        private @Nullable Tensor added; // [batch, 1, width]
    }

    /** @param rows the hooks of each row */
    public RowHooks(List<? extends List<? extends Hook>> rows) {
        this.rows = rows;
        for (int row = 0; row < rows.size(); row++) {
            Map<HookPoint, Integer> depth = new HashMap<>();
            for (Hook hook : rows.get(row)) {
                for (HookPoint point : hook.points()) {
                    int level = depth.merge(point, 1, Integer::sum) - 1;
                    List<Stage> here = stages.computeIfAbsent(point, p -> new ArrayList<>());
                    if (here.size() == level) {
                        here.add(new Stage());
                    }
                    if (hook instanceof Addition addition) {
                        here.get(level).additions.put(row, addition);
                    } else {
                        here.get(level)
                                .others
                                .computeIfAbsent(hook, h -> new ArrayList<>())
                                .add(row);
                    }
                }
            }
        }
    }

    @Override
    public Set<HookPoint> points() {
        return stages.keySet();
    }

    /** What a hook of each row has thrown, by row; what was computed for these rows since is of no use. */
    public Map<Integer, RuntimeException> failures() {
        return Collections.unmodifiableMap(failures);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        Map<Hook, Action> bound = new HashMap<>();
        for (Map.Entry<HookPoint, List<Stage>> here : stages.entrySet()) {
            for (Stage stage : here.getValue()) {
                stage.others.forEach((hook, of) -> {
                    try {
                        bound.computeIfAbsent(hook, h -> h.bind(model, device, dtype));
                    } catch (RuntimeException e) {
                        fail(of, e);
                    }
                });
                if (stage.added == null && !stage.additions.isEmpty()) {
                    stage.added = gathered(here.getKey(), stage, model, device);
                }
            }
        }
        return (point, activation, layout) -> {
            Tensor result = activation;
            for (Stage stage : stages.getOrDefault(point, List.of())) {
                result = added(stage, result, layout);
                for (Map.Entry<Hook, List<Integer>> other : stage.others.entrySet()) {
                    Action action = bound.get(other.getKey());
                    if (action != null && other.getKey() instanceof Reading reading) {
                        read(reading, other.getValue(), point, result, layout);
                    } else if (action != null) {
                        result = applied(action, other.getValue(), point, result, layout);
                    }
                }
            }
            return result;
        };
    }

    /** The activation after a hook of some rows; unchanged if the hook fails. */
    private Tensor applied(Action action, List<Integer> of, HookPoint point, Tensor before, Layout layout) {
        if (failures.keySet().containsAll(of)) {
            return before;
        }
        try {
            Tensor changed = action.apply(point, before, layout);
            BoundHooks.requireAlike(changed, before, point);
            return changed == before
                    ? before
                    : rowsOf(of, before.shape().rank(), before.device()).choose(changed, before);
        } catch (RuntimeException e) {
            fail(of, e);
            return before;
        }
    }

    private void read(Reading reading, List<Integer> of, HookPoint point, Tensor activation, Layout layout) {
        for (int row : of) {
            if (!failures.containsKey(row)) {
                try {
                    reading.read(point, activation, layout, row);
                } catch (RuntimeException e) {
                    fail(List.of(row), e);
                }
            }
        }
    }

    private void fail(List<Integer> of, RuntimeException cause) {
        of.forEach(row -> failures.putIfAbsent(row, cause));
    }

    private Tensor gathered(HookPoint point, Stage stage, ModelConfig model, Device device) {
        int width = point.width(model);
        float[] flat = new float[Math.multiplyExact(rows.size(), width)];
        stage.additions.forEach((row, addition) -> {
            addition.requireWidth(model);
            System.arraycopy(addition.added().toArray(), 0, flat, row * width, width);
        });
        return owner.adopt(Tensor.of(flat, rows.size(), 1, width).to(device));
    }

    private static Tensor added(Stage stage, Tensor activation, Layout layout) {
        Tensor vectors = stage.added;
        if (vectors == null) {
            return activation;
        }
        if (stage.additions.values().stream().allMatch(Addition::actsEverywhere)) {
            return activation.plus(vectors).to(activation.dtype());
        }
        float[] acts = new float[layout.batch() * layout.tokens()];
        boolean any = false;
        for (Map.Entry<Integer, Addition> entry : stage.additions.entrySet()) {
            int row = entry.getKey();
            for (int t = 0; t < layout.tokens(); t++) {
                int position = layout.position(row, t);
                if (position != Layout.PADDING && entry.getValue().actsOn(position, layout.promptLength(row))) {
                    acts[row * layout.tokens() + t] = 1;
                    any = true;
                }
            }
        }
        if (!any) {
            return activation;
        }
        Tensor where = Tensor.of(acts, layout.batch(), layout.tokens(), 1).to(activation.device());
        return activation.plus(vectors.times(where)).to(activation.dtype()); // [batch, tokens, dModel]
    }

    private Tensor rowsOf(List<Integer> chosen, int rank, Device device) {
        boolean[] mask = new boolean[rows.size()];
        chosen.forEach(row -> mask[row] = true);
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[0] = rows.size();
        return Tensor.of(mask, shape).to(device);
    }

    @Override
    public void close() {
        owner.close();
    }
}
