package dev.pintle.model;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.Route.Kind;
import dev.pintle.transformer.Transformer;
import dev.pintle.transformer.cpu.HeapBlocks;
import dev.pintle.transformer.gpu.Fusing;
import dev.pintle.transformer.gpu.RowProgram;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Decides how tokens are computed, once before a pass or a generation begins. */
final class Routes {
    private final ModelConfig config;
    private final Device device;
    private final Optional<String> notOnHeap;
    private final Optional<String> notFused;
    private final Optional<String> notRecorded;

    Routes(Transformer transformer, ModelConfig config, Device device, DType dtype) {
        this.config = config;
        this.device = device;
        this.notOnHeap =
                device.equals(Device.CPU) ? HeapBlocks.obstacle(transformer) : Optional.of("the device is " + device);
        this.notFused = Fusing.obstacle(transformer, config, device, dtype);
        this.notRecorded = Fusing.obstacleToRecording(transformer, config, device, dtype);
    }

    /** Whether passes are computed on the Java heap; blocks whose attention pattern a hook looks at are not even then. */
    boolean onHeap() {
        return notOnHeap.isEmpty();
    }

    /** Whether passes are fused; blocks that a hook looks into are computed plainly even then. */
    boolean fuses() {
        return notFused.isEmpty();
    }

    /** Whether decoding steps can be recorded. */
    boolean records() {
        return notRecorded.isEmpty();
    }

    /** How a pass over a prompt is computed with these hooks. */
    Route ofPass(Collection<? extends Hook> hooks) {
        if (onHeap()) {
            return unlessSeen(hooks, Kind.HEAP, "hooks look at the attention pattern of", Routes::isPattern);
        }
        if (fuses()) {
            return unlessSeen(hooks, Kind.FUSED, "hooks look inside", Routes::isInside);
        }
        return new Route(Kind.PLAIN, device.equals(Device.CPU) ? notOnHeap.orElseThrow() : notFused.orElseThrow());
    }

    private static boolean isPattern(Site site) {
        return site == Site.ATTN_PATTERN;
    }

    private static boolean isInside(Site site) {
        return site.isOfBlocks() && site != Site.RESID_PRE && site != Site.RESID_POST;
    }

    /** A kind of computation that blocks are left out of in which hooks look at certain sites. */
    private Route unlessSeen(Collection<? extends Hook> hooks, Kind kind, String why, Predicate<Site> sites) {
        List<Integer> plain = hooks.stream()
                .flatMap(hook -> hook.points().stream())
                .filter(point -> sites.test(point.site()))
                .map(HookPoint::layer)
                .distinct()
                .sorted()
                .toList();
        if (plain.size() == config.nLayers()) {
            return new Route(Kind.PLAIN, why + " every block");
        }
        return new Route(
                kind,
                plain.isEmpty()
                        ? (kind == Kind.HEAP ? "the model is small" : "the kernels support every block")
                        : why
                                + (plain.size() == 1 ? " block " : " only some blocks: ")
                                + plain.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }

    /** How the steps after the prompts are computed. */
    Route ofSteps(List<GenerationRequest> requests, List<Hook> hooks) {
        List<Hook> all = new ArrayList<>(hooks);
        for (GenerationRequest request : requests) {
            all.addAll(request.hooks());
            List<? extends Hook> twin = request.reporting().twin();
            all.addAll(twin == null ? List.of() : twin);
        }
        Route pass = ofPass(all);
        if (!records()) {
            return fuses() ? new Route(pass.kind(), pass.why() + ", and " + notRecorded.orElseThrow()) : pass;
        }
        for (GenerationRequest request : requests) {
            int promptLength = request.prompt().length;
            int newTokens = Math.min(request.decoding().maxNewTokens(), config.maxPositions());
            List<? extends Hook> twin = request.reporting().twin();
            Optional<String> obstacle = RowProgram.obstacle(
                            config, joined(hooks, request.hooks()), promptLength, newTokens)
                    .or(() -> twin == null
                            ? Optional.empty()
                            : RowProgram.obstacle(config, joined(hooks, twin), promptLength, newTokens));
            if (obstacle.isPresent()) {
                return new Route(pass.kind(), "not recorded: " + obstacle.get());
            }
        }
        return new Route(Kind.RECORDED, "hooks change nothing but single activations between blocks");
    }

    private static List<Hook> joined(List<Hook> first, List<? extends Hook> second) {
        List<Hook> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }
}
