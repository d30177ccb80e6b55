package dev.pintle.model;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/*
 * Activations overflow in two ways. An infinity or NaN in the residual stream propagates until every logit is NaN. A
 * finite residual stream whose squared norm overflows makes every subsequent RMS norm return zeros, so that all logits
 * are equal. Both show in the log-probability of the chosen token, which is computed anyway: it is not finite, or
 * exactly that of a uniform distribution. The latter may be chance, so the row's tokens are rerun on their own with a
 * check at every hook point, which also finds where the overflow started. Until then, this costs nothing.
 */
/** Detects from a chosen token whether its row has overflowed, and where. */
final class Overflow {
    private static final double UNIFORM = 1e-5; // relative to the log-probability
    private static final int SHOWN = 3;

    private final ForwardPass forward;
    private final ModelConfig config;
    private final DType precise;
    private final List<Hook> hooks;
    private final Set<GenerationRow> sound = new HashSet<>();

    Overflow(ForwardPass forward, ModelConfig config, DType dtype, List<Hook> hooks) {
        this.forward = forward;
        this.config = config;
        this.precise = dtype.precise();
        this.hooks = hooks;
    }

    /** The problem if the row has overflowed; empty if it can continue. */
    Optional<Problem> behind(Choice choice, GenerationRow row) {
        boolean finite = Double.isFinite(choice.logProbability());
        double uniform = -Math.log(config.dVocab());
        if (finite
                && (Math.abs(choice.logProbability() - uniform) > -UNIFORM * uniform
                        || config.dVocab() == 1
                        || sound.contains(row))) {
            return Optional.empty();
        }
        int[] tokens = row.tokens();
        int prompt = row.request().prompt().length;
        List<Hook> acting = all(row.request().hooks());
        Watch watch = watched(tokens, prompt, row.index(), acting);
        if (finite && watch.place == null) {
            sound.add(row);
            return Optional.empty();
        }
        Problem problem = Problem.of(
                        finite
                                ? "The model's activations overflowed: all logits of a token are equal."
                                : "The model's activations overflowed: the logits of a token are not finite.")
                .fact("row", row.index())
                .fact("token", "number " + (tokens.length - prompt + 1) + " of the answer");
        return Optional.of(
                watch.place == null
                        ? problem.fact("first at", "the logits; the residual stream is finite everywhere")
                                .fact(
                                        "try",
                                        "fp32 if a 16-bit product may have overflowed, or another copy of the"
                                                + " checkpoint")
                        : placed(problem, watch, watch.place, acting));
    }

    /** Where a run over tokens overflows; empty if it does not. */
    Optional<Problem> in(int[] tokens) {
        List<Hook> acting = all(List.of());
        Watch watch = watched(tokens, tokens.length, 0, acting);
        Problem problem = Problem.of("The model's activations overflowed.");
        return watch.place == null ? Optional.empty() : Optional.of(placed(problem, watch, watch.place, acting));
    }

    private static Problem placed(Problem begun, Watch watch, HookPoint place, List<Hook> acting) {
        Problem problem = begun.fact("first at", place + ", position " + watch.position);
        if (watch.afterHooks) {
            List<Hook> there = acting.stream()
                    .filter(hook -> hook.points().contains(place))
                    .toList();
            for (Hook hook : there.subList(0, Math.min(SHOWN, there.size()))) {
                problem = problem.fact("added there", described(hook));
            }
            return problem.fact("try", "a smaller strength");
        }
        List<Hook> before = acting.stream()
                .filter(hook -> hook.points().stream().anyMatch(point -> point.compareTo(place) <= 0))
                .toList();
        problem = problem.fact("suspect", NanCheck.cause(place));
        for (Hook hook : before.subList(0, Math.min(SHOWN, before.size()))) {
            problem = problem.fact("added before", described(hook));
        }
        return problem.fact(
                "try",
                (before.isEmpty() ? "" : "a smaller strength, ")
                        + "another copy of the checkpoint, or fp32 if a 16-bit sum may have overflowed");
    }

    private static String described(Hook hook) {
        return hook instanceof Addition addition
                ? String.format(
                        Locale.ROOT,
                        "a vector of length %.4g at %s",
                        addition.added().norm(),
                        addition.at())
                : Excerpt.of(String.valueOf(hook));
    }

    private List<Hook> all(List<? extends Hook> ofTheRow) {
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(ofTheRow);
        all.removeIf(NanCheck.class::isInstance);
        return all;
    }

    private Watch watched(int[] tokens, int promptLength, int sequence, List<Hook> acting) {
        Watch watch = new Watch();
        List<Hook> watching = new ArrayList<>();
        watching.add(new Watcher(watch, false));
        watching.addAll(acting);
        watching.add(new Watcher(watch, true));
        try (TensorScope scope = TensorScope.open("look for the overflow")) {
            forward.run(TokenBatch.of(tokens), RunOptions.lastLogits(), watching, new int[] {promptLength}, new int[] {
                sequence
            });
        }
        return watch;
    }

    /** The first hook point where an activation was not finite, or its squared norm overflowed. */
    private static final class Watch {
        private @Nullable HookPoint place;
        private int position;
        private boolean afterHooks;
    }

    /** Checks every hook point, before or after all other hooks there. */
    private final class Watcher implements Hook {
        private final Watch watch;
        private final boolean afterHooks;

        Watcher(Watch watch, boolean afterHooks) {
            this.watch = watch;
            this.afterHooks = afterHooks;
        }

        @Override
        public Set<HookPoint> points() {
            Set<HookPoint> points = new TreeSet<>(Set.of(HookPoint.embed()));
            for (int layer = 0; layer < config.nLayers(); layer++) {
                for (HookPoint.Site site : forward.sites(layer)) {
                    if (site.hasWidthOfModel()) {
                        points.add(new HookPoint(site, layer));
                    }
                }
            }
            return points;
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            return (point, activation, layout) -> {
                if (watch.place == null) {
                    look(point, activation, layout);
                }
                return activation;
            };
        }

        private void look(HookPoint point, Tensor activation, Layout layout) {
            try (TensorScope scope = TensorScope.open("look at an activation")) {
                Tensor wide = activation.to(precise);
                double[] squares = wide.times(wide).sum(-1, false).toDoubles(); // [1 * tokens]
                for (int t = 0; t < squares.length && watch.place == null; t++) {
                    if (!Double.isFinite(squares[t])) {
                        watch.place = point;
                        watch.position = layout.position(0, layout.tokens() - squares.length + t);
                        watch.afterHooks = afterHooks;
                    }
                }
            }
        }
    }
}
