package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.transformer.HookPoint;
import java.util.Locale;

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
        if (!force && differ(sae.origin().model(), model.id().name())) {
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
        if (!force && differ(sae.origin().model(), fittedOn)) {
            throw Problem.of("The vector and the autoencoder belong to different models.")
                    .fact("vector", fittedOn)
                    .fact("autoencoder", sae.origin().model())
                    .fact("try", "an autoencoder of the vector's model, or --force to use this one anyway")
                    .toException();
        }
    }

    /** Whether two names are both known and refer to different models. */
    static boolean differ(String one, String other) {
        return !one.isEmpty() && !other.isEmpty() && !comparable(one).equals(comparable(other));
    }

    /**
     * A name without its organisation, in lower case, and without the {@code Meta-} that some Llama repositories
     * prepend. TransformerLens calls GPT-2's smallest model {@code gpt2-small}; its repository is {@code gpt2}.
     */
    private static String comparable(String name) {
        String last = name.replace('\\', '/').replaceAll("/+$", "").toLowerCase(Locale.ROOT);
        return last.substring(last.lastIndexOf('/') + 1)
                .replaceFirst("^meta-", "")
                .replaceFirst("^gpt2-small$", "gpt2");
    }
}
