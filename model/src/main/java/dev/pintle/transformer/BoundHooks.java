package dev.pintle.transformer;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint.Site;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The hooks of one run, by hook point, ready to be called. */
public final class BoundHooks {
    private final Map<HookPoint, List<Hook.Action>> actions = new HashMap<>();

    private final Set<Integer> seenInside = new HashSet<>();

    private BoundHooks() {}

    /**
     * Binds hooks for one run; those at the same hook point are applied in the given order.
     *
     * @throws IllegalArgumentException if a hook does not fit the model
     */
    public static BoundHooks bind(List<? extends Hook> hooks, ModelConfig config, Device device, DType dtype) {
        hooks.forEach(hook -> hook.points().forEach(point -> requireWithin(point, config)));
        BoundHooks bound = new BoundHooks();
        for (Hook hook : hooks) {
            Hook.Action action = hook.bind(config, device, dtype);
            for (HookPoint point : hook.points()) {
                bound.actions.computeIfAbsent(point, p -> new ArrayList<>()).add(action);
                if (point.site() != Site.RESID_PRE && point.site() != Site.RESID_POST) {
                    bound.seenInside.add(point.layer());
                }
            }
        }
        return bound;
    }

    /** @throws IllegalArgumentException if the model has no such layer */
    public static void requireWithin(HookPoint point, ModelConfig config) {
        if (point.layer() >= config.nLayers()) {
            throw Problem.of("The model has no such layer.")
                    .fact("hook point", point)
                    .fact("layers", "0 to " + (config.nLayers() - 1))
                    .toIllegalArgument();
        }
    }

    /** Whether any hook reads or changes something inside a block. */
    public boolean seesInside(int layer) {
        return seenInside.contains(layer);
    }

    /** Whether there are hooks at a hook point. */
    public boolean sees(Site site, int layer) {
        return actions.containsKey(new HookPoint(site, layer));
    }

    Tensor apply(Site site, int layer, Tensor activation, Layout layout) {
        if (actions.isEmpty()) {
            return activation;
        }
        HookPoint point = new HookPoint(site, layer);
        for (Hook.Action action : actions.getOrDefault(point, List.of())) {
            Tensor replaced = action.apply(point, activation, layout);
            requireAlike(replaced, activation, point);
            activation = replaced;
        }
        return activation;
    }

    /** @throws IllegalArgumentException if what a hook returned has another shape or dtype than what it was given */
    static void requireAlike(Tensor replaced, Tensor activation, HookPoint point) {
        if (replaced != activation
                && (!replaced.shape().equals(activation.shape()) || replaced.dtype() != activation.dtype())) {
            throw Problem.of("A hook returned an activation of a different shape or dtype.")
                    .fact("hook point", point)
                    .fact("expected", activation.describe())
                    .fact("but was", replaced.describe())
                    .toIllegalArgument();
        }
    }
}
