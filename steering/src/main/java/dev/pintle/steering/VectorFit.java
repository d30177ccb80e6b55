package dev.pintle.steering;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.Vec;

/** Reads the activations of a method's pairs and averages their directions. */
final class VectorFit {
    private final LanguageModel model;
    private final HookPoint at;
    private final SteeringMethod method;

    VectorFit(LanguageModel model, HookPoint at, SteeringMethod method) {
        this.model = model;
        this.at = at;
        this.method = method;
    }

    SteeringVector run() {
        Directions directions = Directions.read(model, at, method);
        double[] mean = directions.mean(method.normalisesDirections());
        Vec raw = Vec.of(mean);
        if (raw.norm() == 0 || !raw.isFinite()) {
            throw Problem.of("The prompts leave no direction: their activations do not differ.")
                    .fact("hook point", at)
                    .fact("method", method.name())
                    .fact("pairs", method.pairs().size())
                    .fact("try", "prompts that differ in more than padding, or a later layer")
                    .toException();
        }
        return new SteeringVector(
                raw.unit(),
                at,
                new SteeringVector.Origin(
                        model.id(),
                        method.name(),
                        method.pairs().size(),
                        directions.count(),
                        raw.norm(),
                        directions.meanActivationNorm(),
                        model.dtype().toString(),
                        model.device().toString()));
    }
}
