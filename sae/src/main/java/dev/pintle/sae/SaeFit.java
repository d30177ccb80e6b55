package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelNames;
import dev.pintle.steering.SteeringVector;
import dev.pintle.transformer.HookPoint;

/** Checks that an autoencoder belongs to a model. */
final class SaeFit {
    private SaeFit() {}

    static void require(SparseAutoencoder sae, LanguageModel model, boolean force) {
        HookPoint at = sae.at();
        if (sae.dModel() != model.config().dModel()
                || (at != null && at.layer() >= model.config().nLayers())) {
            throw Problem.of("The autoencoder does not fit the model.")
                    .fact("autoencoder", sae.name() + ", " + sae.dModel() + " wide" + (at == null ? "" : ", at " + at))
                    .fact(
                            "model",
                            model.id() + ", dModel = " + model.config().dModel() + ", "
                                    + model.config().nLayers() + " layers")
                    .toException();
        }
        String trainedOn = sae.origin().model();
        if (ModelNames.areCopies(trainedOn, model.id().name())) {
            model.tell(Problem.of("The autoencoder was trained on other weights of this model, as their names say.")
                    .fact("autoencoder", sae.name() + ", for " + trainedOn)
                    .fact("model", model.id())
                    .fact("try", "pintle compare-models --sae, to see how many latents differ"));
        } else if (!force && differ(trainedOn, model.id().name())) {
            throw Problem.of("The autoencoder was trained on a different model.")
                    .fact("autoencoder", sae.name() + ", for " + sae.origin().model())
                    .fact("model", model.id())
                    .fact("try", "an autoencoder of this model, or --force to use this one anyway")
                    .toException();
        }
    }

    static void require(SparseAutoencoder sae, SteeringVector vector, boolean force) {
        HookPoint at = sae.at();
        if (!force && at != null && !at.equals(vector.at())) {
            throw Problem.of("The vector and the autoencoder read different places.")
                    .fact("vector", vector.at())
                    .fact("autoencoder", at)
                    .fact("try", "fitting the vector at " + at + ", or --force to decompose it anyway")
                    .toException();
        }
        String fittedOn = vector.origin().model().name();
        boolean other = differ(sae.origin().model(), fittedOn)
                && !ModelNames.areCopies(sae.origin().model(), fittedOn);
        if (!force && other) {
            throw Problem.of("The vector and the autoencoder belong to different models.")
                    .fact("vector", fittedOn)
                    .fact("autoencoder", sae.origin().model())
                    .fact("try", "an autoencoder of the vector's model, or --force to use this one anyway")
                    .toException();
        }
    }

    /** Whether two names are both known and refer to different models. */
    static boolean differ(String one, String other) {
        return !one.isEmpty() && !other.isEmpty() && !ModelNames.plain(one).equals(ModelNames.plain(other));
    }
}
