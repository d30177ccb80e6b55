package dev.pintle.evaluation.weights;

import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.model.LanguageModel;
import dev.pintle.text.Tokenizer;
import dev.pintle.transformer.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Weights that are compared. They are loaded when their turn comes.
 *
 * @param name what results call them
 * @param folder of their configuration and tokenizer
 * @param load loads them
 */
public record ModelWeights(String name, Path folder, Supplier<LanguageModel> load) {
    private static final String CONFIG = "config.json";

    /**
     * Checks that these and other weights are of one model as far as their files can tell: sizes and vocabulary. Ids without
     * a token in one of the two are not compared: files pad vocabularies in different ways.
     *
     * @throws dev.pintle.base.PintleException with what differs
     */
    void requireSameModel(ModelWeights other) {
        ModelConfig ours = config();
        ModelConfig theirs = other.config();
        List<String> differences = new ArrayList<>();
        differ(differences, "layers", ours.nLayers(), theirs.nLayers());
        differ(differences, "dModel", ours.dModel(), theirs.dModel());
        differ(differences, "vocabulary", ours.dVocab(), theirs.dVocab());
        if (!differences.isEmpty()) {
            throw Problem.of("The two are not weights of one model.")
                    .fact("a", name)
                    .fact("b", other.name)
                    .fact("differ in", String.join("; ", differences))
                    .toException();
        }
        try (Tokenizer one = Tokenizer.open(folder);
                Tokenizer another = Tokenizer.open(other.folder)) {
            requireSameTokens(one, another, other, ours.dVocab());
        }
    }

    private ModelConfig config() {
        ConfigReader reader = ConfigReader.open(folder.resolve(CONFIG));
        return Families.of(reader).config(reader);
    }

    private static void differ(List<String> differences, String what, int ours, int theirs) {
        if (ours != theirs) {
            differences.add(what + " (" + ours + " and " + theirs + ")");
        }
    }

    private void requireSameTokens(Tokenizer one, Tokenizer another, ModelWeights other, int dVocab) {
        int differing = 0;
        int first = -1;
        for (int id = 0; id < dVocab; id++) {
            if (one.knows(id) && another.knows(id) && !one.tokenOf(id).equals(another.tokenOf(id))) {
                differing++;
                first = first < 0 ? id : first;
            }
        }
        if (differing > 0) {
            throw Problem.of("The two have different vocabularies, so their predictions cannot be compared.")
                    .fact("a", name)
                    .fact("b", other.name)
                    .fact("differ in", differing + " of " + dVocab + " tokens")
                    .fact("first", "id " + first + ", " + one.tokenOf(first) + " and " + another.tokenOf(first))
                    .toException();
        }
    }
}
