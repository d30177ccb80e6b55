package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Add;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.DType;
import dev.pintle.text.Prompt;
import dev.pintle.text.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a command steers: {@code --vector FILE --strength S} and {@code --latent N=+8}, both repeatable. */
@HelpSection.In(HelpSection.STEERING)
final class SteeringOptions {
    @ArgGroup(exclusive = false, multiplicity = "0..*")
    private List<Steer> steers = new ArrayList<>();

    @Option(
            names = "--latent",
            paramLabel = "CHANGE",
            description = "Change latent N of an autoencoder: N=+8, N=-8, N=clamp:5, N=clamp:0..5, N=scale:2 or"
                    + " N=ablate; may be repeated.")
    private List<String> latents = new ArrayList<>();

    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description = "Autoencoder of --latent: a file, a folder, or a cached repository,"
                    + " org/name[@revision][:folder] (default: the embedded model's).")
    private @Nullable String sae;

    @Option(
            names = "--sae-layer",
            paramLabel = "L",
            description = "Layer that the autoencoder reads (0-based), if its files do not say or are wrong.")
    private @Nullable Integer saeLayer;

    @Option(
            names = "--latent-positions",
            paramLabel = "WHICH",
            defaultValue = "all",
            description = "Tokens whose latents are changed: all, last, prompt, generated, generated+1, from:N,"
                    + " range:FROM-TO or role:ROLE (default: ${DEFAULT-VALUE}).")
    private String latentPositions = "all";

    @Mixin
    private SteerOption specified = new SteerOption();

    private List<Strength> compared = List.of();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(names = "--force", description = "Use a vector or an autoencoder even if it belongs to another model.")
    private boolean force;

    /** One vector and its strength. */
    @HelpSection.In(HelpSection.STEERING)
    static final class Steer {
        @Option(
                names = "--vector",
                required = true,
                paramLabel = "FILE|NAME",
                description = "Steering vector to add: a file of any supported format, or a saved name.")
        private @Nullable String vector;

        @Option(
                names = "--strength",
                paramLabel = "S",
                description = "Strength of the --vector before it: in activation norms, such as 0.45, or as a raw"
                        + " multiplier, such as 5abs.")
        private @Nullable Strength strength;

        @Option(
                names = "--layer",
                paramLabel = "L",
                description = "Layer to take from a vector file with several, or the layer (0-based) of a file that"
                        + " does not say.")
        private @Nullable Integer layer;

        @Option(
                names = "--first-row",
                paramLabel = "WHAT",
                description =
                        "What the first row of a matrix is, if its number of rows does not say: embedding or block-0.")
        private @Nullable String firstRow;

        @Option(names = "--tensor", paramLabel = "NAME", description = "Tensor to read from a file with several.")
        private @Nullable String tensor;

        @Option(
                names = "--positions",
                paramLabel = "WHICH",
                description = "Tokens to steer: all, last, prompt, generated (after the prompt), generated+1 (from the"
                        + " prompt's last token on, where the first token of the answer is predicted), from:N,"
                        + " range:FROM-TO or role:ROLE, with ROLE one of system, user, assistant and header (default:"
                        + " all).")
        private String positions = "all";

        private List<SteeringVector> vectors = List.of();

        /** Reads the vectors. */
        private void read(Library library, VectorHints blocks) {
            VectorHints hints = VectorInput.hints(layer, firstRow, tensor);
            hints = blocks.blocks() > 0 ? hints.blocks(blocks.blocks()) : hints;
            vectors = library.vectors(String.valueOf(vector), hints);
        }

        /** @param compared the strength of a vector without one of its own */
        private void add(
                LanguageModel model,
                Tokens tokens,
                boolean force,
                Strength compared,
                Setup setup,
                List<Intervention> to) {
            Strength how = strength == null ? compared : strength;
            for (SteeringVector one : vectors) {
                one.requireFits(model, force);
                to.add(Add.add(one, how).on(tokens));
                setup.vector(String.valueOf(vector), one, how, tokens);
            }
        }
    }

    /**
     * The requested interventions, and the autoencoder they need while in use.
     *
     * @param interventions in order of application
     * @param sae null if {@code --latent} changes none
     * @param specified what {@code --steer} asks for; null if nothing
     * @param setup model, vectors and latents, for JSON output
     */
    record Steering(
            List<Intervention> interventions,
            @Nullable SparseAutoencoder sae,
            SteerOption.@Nullable Opened specified,
            Setup setup)
            implements AutoCloseable {
        /** A steered view of the model, or the model itself if there is nothing to apply. */
        LanguageModel applyTo(LanguageModel model) {
            return interventions.isEmpty() ? model : model.with(interventions);
        }

        @Override
        public void close() {
            if (sae != null) {
                sae.close();
            }
            if (specified != null) {
                specified.close();
            }
        }
    }

    /** Refuses strengths that the model's dtype cannot represent, before the model is loaded. */
    void requireHeld(DType dtype) {
        steers.forEach(steer -> strengths(steer).forEach(strength -> strength.requireHeld(dtype)));
    }

    /** The strengths of a vector: its own, otherwise the compared ones. */
    private List<Strength> strengths(Steer steer) {
        return steer.strength == null ? compared : List.of(steer.strength);
    }

    /**
     * Sets the strengths to compare for the one vector without its own; {@link #open(LanguageModel, Prompt, Strength)} uses
     * one of them.
     */
    void compare(List<Strength> strengths) {
        compared = List.copyOf(strengths);
    }

    /** With {@code --compare} exactly one vector has no strength of its own; without it every vector has one. */
    private void requireStrengths() {
        List<String> without = steers.stream()
                .filter(steer -> steer.strength == null)
                .map(steer -> String.valueOf(steer.vector))
                .toList();
        if (!compared.isEmpty() && without.size() != 1) {
            throw Problem.of("--compare needs exactly one vector without its own strength.")
                    .fact("expected", "one --vector NAME without --strength")
                    .fact("but was", without.isEmpty() ? "none" : String.join(", ", without))
                    .fact("try", "--vector NAME --compare 0,0.3,0.6")
                    .toIllegalArgument();
        }
        if (compared.isEmpty() && !without.isEmpty()) {
            throw Problem.of("A vector has no strength.")
                    .fact("vector", String.join(", ", without))
                    .fact(
                            "missing",
                            "--strength S after --vector: activation norms, such as 0.45, or a raw multiplier, such as 5abs")
                    .toIllegalArgument();
        }
    }

    /**
     * Reads the vectors, and checks everything that can be checked before the model is loaded.
     *
     * @param roles whether tokens may be given by role
     */
    void prepare(ModelOptions model, boolean roles) {
        specified.prepare();
        requireStrengths();
        requireHeld(model.dtype());
        for (Steer steer : steers) {
            if (steer.vector != null) {
                requireTokens(steer.positions, roles);
                steer.read(model.library(), model.hints());
                strengths(steer).forEach(strength -> steer.vectors.forEach(strength::resolve));
                steer.vectors.forEach(vector -> model.requireBlock(vector.at().layer()));
            }
        }
        if (!latents.isEmpty()) {
            latents.forEach(LatentChange::parse);
            requireTokens(latentPositions, roles);
            SaeFile.find(sae, Objects.requireNonNull(command));
        }
    }

    private static void requireTokens(String positions, boolean roles) {
        if (roles && positions.startsWith("role:")) {
            Role.parse(positions.substring("role:".length()));
        } else {
            Tokens.parse(positions);
        }
    }

    /** The prepared steering on this model; close it once the steered model is no longer used. */
    Steering open(LanguageModel model) {
        return open(model, null, Strength.norms(0));
    }

    /** The same for one prompt, so that tokens may be given by role. */
    Steering open(LanguageModel model, Prompt prompt) {
        return open(model, prompt, Strength.norms(0));
    }

    /**
     * The same at one of the compared strengths.
     *
     * @param prompt null if it is not known
     */
    Steering open(LanguageModel model, @Nullable Prompt prompt, Strength one) {
        Function<String, Tokens> named =
                prompt == null ? Tokens::parse : name -> Tokens.parse(name, prompt.tokenized(model.text()));
        List<Intervention> interventions = new ArrayList<>();
        Setup setup = Setup.of(model);
        for (Steer steer : steers) {
            steer.add(model, named.apply(steer.positions), force, one, setup, interventions);
        }
        SparseAutoencoder coder = null;
        try {
            if (!latents.isEmpty()) {
                coder = SaeChoice.load(
                        SaeFile.find(sae, Objects.requireNonNull(command)), saeLayer, "fp32", model.device());
                changeLatents(model, coder, named.apply(latentPositions), setup, interventions);
            }
            SteerOption.Opened more = specified.open(model, Session.library(Objects.requireNonNull(command)), prompt);
            interventions.addAll(more.interventions());
            if (!more.facts().isEmpty()) {
                setup.with("steering", more.facts());
            }
            return new Steering(interventions, coder, more, setup);
        } catch (RuntimeException e) {
            if (coder != null) {
                coder.close();
            }
            throw e;
        }
    }

    private void changeLatents(
            LanguageModel model, SparseAutoencoder coder, Tokens tokens, Setup setup, List<Intervention> to) {
        List<LatentChange> changes = latents.stream().map(LatentChange::parse).toList();
        to.add(SaeEdit.edit(coder.requireFits(model, force), changes, tokens));
        setup.latents(coder, changes, tokens);
    }

    /** Whether vectors and autoencoders of other models are accepted. */
    boolean force() {
        return force;
    }
}
