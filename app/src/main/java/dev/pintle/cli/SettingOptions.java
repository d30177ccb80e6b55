package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.Sweep;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The settings that a sweep tries: vectors, or methods that fit them, at layers, strengths and tokens. */
@HelpSection.In(HelpSection.STEERING)
public final class SettingOptions {
    @Option(
            names = "--vector",
            paramLabel = "FILE|NAME",
            description = "Vector to try instead of fitting any; may be repeated.")
    private List<String> vectors = new ArrayList<>();

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--method",
            split = ",",
            paramLabel = "METHOD",
            completionCandidates = Candidates.PairMethods.class,
            description = "Methods to fit with: ${COMPLETION-CANDIDATES}.")
    private List<String> methods = new ArrayList<>();

    @HelpSection.In(HelpSection.FITTING)
    @Option(
            names = "--layer",
            split = ",",
            paramLabel = "L",
            description = "Layers (0-based) to fit and steer, or to take from vector files; FROM-TO for a range.")
    private List<String> layers = new ArrayList<>();

    @Option(
            names = "--strengths",
            split = ",",
            paramLabel = "S",
            description = "Strengths, in activation norms, or all raw multipliers such as 2abs,4abs (default:"
                    + " 0.15,0.3,0.45,0.6,0.8,1.0,1.4).")
    private List<Strength> strengths = Sweep.USUAL_STRENGTHS;

    @Option(
            names = "--positions",
            paramLabel = "WHICH",
            defaultValue = "all",
            description = "Tokens to steer: all, last, prompt, generated, generated+1, from:N or range:FROM-TO"
                    + " (default: ${DEFAULT-VALUE}).")
    private String positions = "all";

    /** Names and files of vectors that are not fitted. */
    public List<String> vectors() {
        return vectors;
    }

    /**
     * The methods to fit with.
     *
     * @param usual those if neither methods nor vectors are named
     */
    public List<String> methods(List<String> usual) {
        return methods.isEmpty() && vectors.isEmpty() ? usual : methods;
    }

    /** What tables call a vector that was not fitted: the name of its file. */
    public static String nameOf(String vector) {
        return String.valueOf(Path.of(vector).getFileName());
    }

    /**
     * The vectors of a name or file at some layers.
     *
     * @param name of the vectors
     * @param all its vectors
     * @param layers numbers and ranges; none for all
     * @param nLayers number of blocks of the model
     * @throws dev.pintle.base.PintleException if there is none at these layers
     */
    public static List<SteeringVector> atLayers(
            String name, List<SteeringVector> all, List<String> layers, int nLayers) {
        List<Integer> among = LayerList.of(layers, nLayers);
        List<SteeringVector> kept = all.stream()
                .filter(vector -> among.isEmpty() || among.contains(vector.at().layer()))
                .toList();
        if (kept.isEmpty()) {
            throw Problem.of("The file has no vector at these layers.")
                    .fact("file", name)
                    .fact("expected", "--layer " + String.join(",", layers))
                    .fact("but was", all.stream().map(SteeringVector::at).toList())
                    .toException();
        }
        return kept;
    }

    /** The layers, as {@link LayerList} reads them; none if none are named. */
    public List<String> layers() {
        return layers;
    }

    /** The strengths, all in one unit. */
    public List<Strength> strengths() {
        return strengths;
    }

    /** Which tokens are steered, as {@link dev.pintle.steering.Tokens#parse} reads it. */
    public String positions() {
        return positions;
    }
}
