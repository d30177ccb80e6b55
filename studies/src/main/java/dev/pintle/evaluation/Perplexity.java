package dev.pintle.evaluation;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.Arrays;

/** How surprising a model finds a text: exp of the mean negative log-probability of its tokens. */
public final class Perplexity {
    private Perplexity() {}

    /**
     * @param model the judge: for fluency, the model without steering
     * @param prompt ids before the text; at least one
     * @param text ids of the text
     * @return 1 for a text the model was sure of, dVocab for one it finds as likely as noise; NaN for an empty text
     */
    public static double of(LanguageModel model, int[] prompt, int[] text) {
        if (text.length == 0) {
            return Double.NaN;
        }
        int[] all = Arrays.copyOf(prompt, prompt.length + text.length);
        System.arraycopy(text, 0, all, prompt.length, text.length);
        try (TensorScope scope = TensorScope.open("perplexity")) {
            Tensor logits = model.run(TokenBatch.of(all), RunOptions.allLogits(), new int[] {prompt.length})
                    .logits()
                    .select(0, 0)
                    .narrow(0, prompt.length - 1L, text.length); // [text, dVocab], each predicting the next token
            Tensor targets = Tensor.of(text, text.length, 1).to(model.device());
            double[] logProbabilities = logits.logSoftmax().gather(targets).toDoubles();
            return Math.exp(-Arrays.stream(logProbabilities).average().orElse(0));
        }
    }
}
