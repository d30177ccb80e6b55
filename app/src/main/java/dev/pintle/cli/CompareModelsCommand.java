package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.evaluation.weights.ModelComparison;
import dev.pintle.evaluation.weights.ModelDifference;
import dev.pintle.evaluation.weights.ModelWeights;
import dev.pintle.figure.Theme;
import dev.pintle.library.Library;
import dev.pintle.sae.SparseAutoencoder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle compare-models}. */
@Command(
        name = "compare-models",
        mixinStandardHelpOptions = true,
        description = {
            "Measures what is lost between two sets of weights of one model, such as a model and its quantised copy: the"
                    + " residual stream by layer, predictions of the next token, perplexity, and latents.",
            "A is loaded, run and closed before B is, so memory holds one of them at a time; A's activations wait in the"
                    + " temporary folder. Tokens are those of A's tokenizer, and B must have the same."
        },
        footer = {
            "",
            "The first token of each passage is left out: its residual stream is often an attention sink, far longer than"
                    + " others.",
            "  pintle compare-models parley-7m parley-7m,quantise=int4",
            "  pintle compare-models org/name,dtype=bf16 org/name-GGUF:Q4_K_M --texts texts.jsonl --figure loss.svg"
        })
final class CompareModelsCommand implements Callable<Integer> {
    private static final String SPELLING = "NAME[,dtype=D][,device=D][,quantise=Q]";

    @Parameters(
            index = "0",
            paramLabel = "A",
            description = SPELLING + ": the weights to measure against; names as for --model of other commands, and"
                    + " values as for --dtype (default: fp32), --device and --quantise.")
    private String a = "";

    @Parameters(index = "1", paramLabel = "B", description = "The other weights, spelled likewise.")
    private String b = "";

    @Mixin
    private ComparedTexts texts = new ComparedTexts();

    @Mixin
    private SaeChoice sae = new SaeChoice();

    @Option(names = "--force", description = "Accept an autoencoder trained on another model than A.")
    private boolean force;

    @Option(names = "--figure", paramLabel = "FILE", description = "Draw the errors by layer to a .svg or .png file.")
    private @Nullable Path figure;

    @Option(names = "--dark", description = "Draw the figure with the dark theme.")
    private boolean dark;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        PrintWriter err = command.commandLine().getErr();
        WeightsChoice first = WeightsChoice.parse(a);
        WeightsChoice second = WeightsChoice.parse(b);
        if (figure != null) {
            OutputFile.require(figure, ".svg", ".png");
        }
        Library library = Session.library(command);
        Map<String, Object> setups = new LinkedHashMap<>();
        ModelWeights ofA =
                first.in(library, err, model -> setups.put("a", Setup.of(model).fields()));
        ModelWeights ofB =
                second.in(library, err, model -> setups.put("b", Setup.of(model).fields()));
        try (ComparedTexts.Opened read = texts.open(ofA.folder(), err);
                SparseAutoencoder coder =
                        sae.isNamed() ? sae.load(first.options().device()) : null) {
            ModelComparison comparison = texts.compare(read);
            ModelDifference found = (coder == null ? comparison : comparison.withLatents(coder, force))
                    .run(ofA, ofB, ProgressLine.of(command));
            if (figure != null) {
                found.figure().write(figure, dark ? Theme.DARK : Theme.LIGHT);
            }
            if (json) {
                Setup setup = Setup.withoutModel();
                setups.forEach(setup::with);
                if (coder != null) {
                    setup.autoencoder(coder);
                }
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("setup", setup.fields());
                fields.put("texts", read.name());
                fields.putAll(found.fields());
                out.println(Json.text(fields));
            } else {
                new DifferenceTable(out).print(found, read.name(), coder);
            }
        }
        return 0;
    }
}
