package dev.pintle.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Methods to fit vectors with, and layers. */
@HelpSection.In(HelpSection.FITTING)
public final class FittingOptions {
    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            completionCandidates = Candidates.PairMethods.class,
            description = "Methods to fit with: ${COMPLETION-CANDIDATES}.")
    private List<String> methods = new ArrayList<>();

    @Option(
            names = "--layer",
            split = ",",
            paramLabel = "L",
            description = "Layers (0-based) to fit and steer, or to take from vector files; FROM-TO for a range.")
    private List<String> layers = new ArrayList<>();

    /** The methods; none if none are named. */
    public List<String> methods() {
        return methods;
    }

    /** The layers, as {@link LayerList} reads them; none if none are named. */
    public List<String> layers() {
        return layers;
    }
}
