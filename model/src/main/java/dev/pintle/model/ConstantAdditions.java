package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Recognises interventions that amount to adding the same vector to a row's residual stream at every generated token.
 */
final class ConstantAdditions {
    private final ModelConfig config;
    private final List<Hook> onAllRows;
    private final int newTokens;

    /** @param newTokens maximum number of tokens a row generates */
    ConstantAdditions(ModelConfig config, List<Hook> onAllRows, int newTokens) {
        this.config = config;
        this.onAllRows = onAllRows;
        this.newTokens = newTokens;
    }

    /** The first hook that is anything else; empty if there is none. */
    Optional<Hook> firstOther(List<GenerationRequest> requests) {
        for (GenerationRequest request : requests) {
            for (Hook hook : hooksOf(request)) {
                if (!(hook instanceof Addition addition)
                        || addition.at().site() != HookPoint.Site.RESID_POST
                        || !isConstant(addition, request.prompt().length)) {
                    return Optional.of(hook);
                }
            }
        }
        return Optional.empty();
    }

    private List<Hook> hooksOf(GenerationRequest request) {
        List<Hook> hooks = new ArrayList<>(onAllRows);
        hooks.addAll(request.hooks());
        return hooks;
    }

    /**
     * The summed vectors by layer, `[rows, dModel]` in FP32 on the CPU, for requests that have
     * {@link #firstOther no other hook}.
     */
    Map<Integer, Tensor> byLayer(List<GenerationRequest> requests) {
        Map<Integer, float[]> sums = new TreeMap<>();
        for (int row = 0; row < requests.size(); row++) {
            GenerationRequest request = requests.get(row);
            for (Hook hook : hooksOf(request)) {
                Addition addition = (Addition) hook;
                if (addition.actsOn(request.prompt().length, request.prompt().length)) {
                    float[] sum = sums.computeIfAbsent(
                            addition.at().layer(), layer -> new float[requests.size() * config.dModel()]);
                    float[] vector = addition.added().toArray();
                    for (int i = 0; i < vector.length; i++) {
                        sum[row * config.dModel() + i] += vector[i];
                    }
                }
            }
        }
        Map<Integer, Tensor> tensors = new TreeMap<>();
        sums.forEach((layer, sum) -> tensors.put(layer, Tensor.of(sum, requests.size(), config.dModel())));
        return tensors;
    }

    private boolean isConstant(Addition addition, int promptLength) {
        boolean first = addition.actsOn(promptLength, promptLength);
        for (int i = 1; i < newTokens; i++) {
            if (addition.actsOn(promptLength + i, promptLength) != first) {
                return false;
            }
        }
        return true;
    }
}
