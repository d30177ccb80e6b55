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
 * Numbers overflow in two ways. An infinity or NaN in the residual stream spreads until every logit is NaN. A residual stream
 * that is finite but longer than the square root of the largest number has a square that is not, so each norm after it gives
 * zeros, and every logit is the same number. Both show in what is known of a chosen token anyway: the logarithm of its
 * probability is not finite, or that of a uniform choice. The second may be chance, so the row's tokens are run once more, alone,
 * with a look at each place; that run also tells where it began. It costs nothing until then.
 */
/** Tells whether a chosen token means that the numbers of its row have overflowed, and where. */
final class Overflow {
    private static final double UNIFORM = 1e-5; // relative to the logarithm of the probability
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

    /** What went wrong where the row can go no further; empty where its numbers are sound. */
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
                                ? "The numbers of the model overflowed: all logits of a token are the same."
                                : "The numbers of the model overflowed: the logits of a token are not finite.")
                .fact("row", row.index())
                .fact("token", "number " + (tokens.length - prompt + 1) + " of the answer");
        return Optional.of(
                watch.place == null
                        ? problem.fact("first at", "the logits; the residual stream is finite everywhere")
                                .fact(
                                        "try",
                                        "fp32 where a 16-bit product may have overflowed, or another copy of the"
                                                + " checkpoint")
                        : placed(problem, watch, watch.place, acting));
    }

    /** Where a run over tokens overflows; empty where it does not. */
    Optional<Problem> in(int[] tokens) {
        List<Hook> acting = all(List.of());
        Watch watch = watched(tokens, tokens.length, 0, acting);
        Problem problem = Problem.of("The numbers of the model overflowed.");
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
        problem = problem.fact("made by", NanCheck.cause(place));
        for (Hook hook : before.subList(0, Math.min(SHOWN, before.size()))) {
            problem = problem.fact("added before", described(hook));
        }
        return problem.fact(
                "try",
                (before.isEmpty() ? "" : "a smaller strength, ")
                        + "another copy of the checkpoint, or fp32 where a 16-bit sum may have overflowed");
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

    /** The first place where an activation was no number, or too long for its norm. */
    private static final class Watch {
        private @Nullable HookPoint place;
        private int position;
        private boolean afterHooks;
    }

    /** Looks at every place, before or after all hooks there. */
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
