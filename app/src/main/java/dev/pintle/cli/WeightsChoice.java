package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.weights.ModelWeights;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Weights as a command line names them: a model, and how it is loaded, as in {@code parley-7m,quantise=int4}.
 *
 * @param text as typed
 * @param model its name, folder or file
 * @param options how it is loaded
 */
record WeightsChoice(String text, String model, LoadOptions options) {
    private static final Pattern LAST = Pattern.compile("(.*),([A-Za-z-]+)=([^,=/\\\\]*)"); // a path may have commas
    private static final String DTYPE = "dtype";
    private static final String DEVICE = "device";
    private static final String QUANTISE = "quantise";

    /** @throws IllegalArgumentException for another setting than dtype, device and quantise, one given twice, or a wrong value */
    static WeightsChoice parse(String text) {
        Map<String, String> given = new LinkedHashMap<>();
        String model = text;
        for (Matcher last = LAST.matcher(model); last.matches(); last = LAST.matcher(model)) {
            if (!Set.of(DTYPE, DEVICE, QUANTISE).contains(last.group(2))
                    || given.put(last.group(2), last.group(3)) != null) {
                throw Problem.of("This is not a setting of weights, or it is given twice.")
                        .fact("weights", text)
                        .fact("expected", "NAME[,dtype=bf16][,device=cpu][,quantise=int4]")
                        .fact("but was", last.group(2))
                        .toIllegalArgument();
            }
            model = last.group(1);
        }
        LoadOptions options = LoadOptions.of(
                        Device.parse(given.getOrDefault(DEVICE, "best")),
                        DType.parse(given.getOrDefault(DTYPE, "fp32"), DType.MODELS))
                .quantising(Quantisation.parse(given.getOrDefault(QUANTISE, "none")));
        return new WeightsChoice(text, model, options);
    }

    /**
     * The weights, to be loaded later.
     *
     * @param loaded is told of the model when it is loaded
     */
    ModelWeights in(Library library, PrintWriter err, Consumer<LanguageModel> loaded) {
        ModelWeights weights =
                library.weights(text, model, options.telling(note -> err.println(text + ": Note: " + note)));
        return new ModelWeights(text, weights.folder(), () -> {
            LanguageModel one = weights.load().get();
            loaded.accept(one);
            return one;
        });
    }
}
