package dev.pintle.sae;

import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.Problem;
import java.util.Locale;

/** Whether an autoencoder belongs to a model. */
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
        if (!force
                && !trainedOn.isEmpty()
                && !comparable(trainedOn).equals(comparable(model.id().name()))) {
            throw Problem.of("The autoencoder was trained on another model.")
                    .fact("autoencoder", sae.name() + ", for " + trainedOn)
                    .fact("model", model.id())
                    .fact("try", "an autoencoder of this model, or --force to use it all the same")
                    .toException();
        }
    }

    /** A name without its organisation, spelling and the {@code Meta-} that some of Llama's repositories carry. */
    private static String comparable(String name) {
        String last = name.replace('\\', '/').replaceAll("/+$", "").toLowerCase(Locale.ROOT);
        return last.substring(last.lastIndexOf('/') + 1).replaceFirst("^meta-", "");
    }
}
