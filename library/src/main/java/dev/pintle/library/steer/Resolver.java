package dev.pintle.library.steer;

import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.SteeringEntry.Amount;
import dev.pintle.library.steer.SteeringEntry.Op;
import dev.pintle.library.steer.SteeringEntry.Unit;
import dev.pintle.library.steer.SteeringEntry.When;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelId;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Ablate;
import dev.pintle.steering.Add;
import dev.pintle.steering.Clamp;
import dev.pintle.steering.Conditional;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.Origin;
import dev.pintle.steering.Rotate;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.Vec;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Finds what a specification names, and turns its entries into interventions on one model. */
final class Resolver {
    private final SteeringSources from;
    private final LanguageModel model;
    private final @Nullable TokenizedPrompt prompt;
    private final String path;

    Resolver(SteeringSources from, LanguageModel model, @Nullable TokenizedPrompt prompt, String path) {
        this.from = from;
        this.model = model;
        this.prompt = prompt;
        this.path = path;
    }

    Steering resolve(SteeringSpec spec) {
        List<Steering.Effect> effects = new ArrayList<>();
        List<SteeringEntry> entries = spec.entries();
        for (int i = 0; i < entries.size(); i++) {
            int first = i;
            if (entries.get(i).sae() == null) {
                effects.add(at(first, "", () -> ofVector(entries.get(first), first)));
                continue;
            }
            while (i + 1 < entries.size() && together(entries.get(first), entries.get(i + 1))) {
                i++;
            }
            List<SteeringEntry> latents = entries.subList(first, i + 1);
            effects.add(at(first, "", () -> ofLatents(latents, first)));
        }
        Steering steering = new Steering(effects);
        for (int i = 0; i < effects.size(); i++) {
            List<Intervention> interventions = effects.get(i).interventions();
            at(i, "", () -> model.with(interventions)); // checks that they fit
        }
        return steering;
    }

    /** Latents that are changed at once, since in a TopK autoencoder one depends on the others. */
    private static boolean together(SteeringEntry one, SteeringEntry other) {
        return Objects.equals(one.sae(), other.sae())
                && Objects.equals(one.positions(), other.positions())
                && Objects.equals(one.at(), other.at())
                && Objects.equals(one.when(), other.when());
    }

    /** Runs a part of the resolving, and names the entry and field where it fails. */
    private <T> T at(int entry, String field, Supplier<T> part) {
        String where = JsonRecords.join(path + "[" + entry + "]", field);
        try {
            return part.get();
        } catch (FieldException e) {
            if (e.path().startsWith(path + "[")) {
                throw e;
            }
            throw new FieldException(JsonRecords.join(where, e.path()), e.problem(), e);
        } catch (PintleException e) {
            throw new FieldException(where, e.problem(), e);
        } catch (IllegalArgumentException e) {
            throw new FieldException(where, Problem.of(String.valueOf(e.getMessage())), e);
        }
    }

    private Tokens tokens(SteeringEntry entry) {
        PositionsSpec positions = entry.positions();
        return positions == null ? Tokens.all() : positions.tokens(prompt);
    }

    // ---------------------------------------------------------------- vectors

    private Steering.Effect ofVector(SteeringEntry entry, int index) {
        VectorRef reference = Objects.requireNonNull(entry.vector());
        requirePlace(reference, entry.at());
        Tokens tokens = at(index, "positions", () -> tokens(entry));
        List<SteeringVector> found = at(index, "vector", () -> vectors(reference, entry.at()));
        List<SteeringVector> placed = at(index, "at", () -> placed(found, entry.at()));
        List<Intervention> interventions = new ArrayList<>();
        List<Double> factors = new ArrayList<>();
        for (SteeringVector vector : placed) {
            Intervention what = ofVector(entry, vector, tokens, factors);
            When when = entry.when();
            interventions.add(when == null ? what : at(index, "when", () -> conditional(when, what)));
        }
        return new Steering.Effect(interventions, facts(entry, reference, placed, tokens, factors));
    }

    private static Intervention ofVector(
            SteeringEntry entry, SteeringVector vector, Tokens tokens, List<Double> factors) {
        Vec direction = vector.direction();
        return switch (entry.operation()) {
            case ADD -> {
                double factor = factor(entry, vector);
                factors.add(factor);
                yield new Add(direction, vector.at(), factor, tokens);
            }
            case ROTATE -> {
                double factor = factor(entry, vector);
                factors.add(factor);
                yield new Rotate(direction, vector.at(), factor, tokens);
            }
            case ABLATE -> {
                Double share = entry.share();
                yield new Ablate(direction, vector.at(), share == null ? 1 : share, tokens);
            }
            case CLAMP -> {
                double unit = component(entry.unit(), vector);
                Double low = entry.low();
                Double high = entry.high();
                yield new Clamp(
                        direction,
                        vector.at(),
                        low == null ? Double.NEGATIVE_INFINITY : low * unit,
                        high == null ? Double.POSITIVE_INFINITY : high * unit,
                        tokens);
            }
            case SCALE -> throw new IllegalStateException("A vector is never scaled.");
        };
    }

    private static double factor(SteeringEntry entry, SteeringVector vector) {
        Amount strength = Objects.requireNonNull(entry.strength());
        Unit unit = strength.own() != null ? strength.own() : entry.unit();
        return (unit == Unit.ABSOLUTE ? Strength.factor(strength.value()) : Strength.norms(strength.value()))
                .resolve(vector);
    }

    /** What a component of 1 in the unit is. */
    private static double component(@Nullable Unit unit, SteeringVector vector) {
        if (unit == Unit.ABSOLUTE) {
            return 1;
        }
        if (!Strength.knowsNorm(vector)) {
            throw new FieldException(
                    "unit",
                    Problem.of("The vector does not record the activation norm at its hook point.")
                            .fact("try", "\"unit\": \"absolute\", or a vector fitted by pintle"));
        }
        return vector.origin().meanActivationNorm();
    }

    private Intervention conditional(When when, Intervention what) {
        requirePlace(when.vector(), when.at());
        List<SteeringVector> found = placed(vectors(when.vector(), when.at()), when.at());
        if (found.size() > 1) {
            throw new FieldException(
                    "at",
                    Problem.of("A condition is judged at one hook point.")
                            .fact(
                                    "vectors at",
                                    found.stream().map(SteeringVector::at).toList()));
        }
        SteeringVector vector = found.get(0);
        double above = Objects.requireNonNull(when.above()) * component(when.unit(), vector);
        return new Conditional(vector.direction(), vector.at(), above, what);
    }

    private static void requirePlace(VectorRef reference, @Nullable Places at) {
        if (reference instanceof VectorRef.Numbers && at == null) {
            throw new FieldException(
                    "at",
                    Problem.of("An inline vector needs a hook point.")
                            .fact("expected", "at: a layer, or a hook point"));
        }
    }

    private List<SteeringVector> vectors(VectorRef reference, @Nullable Places at) {
        List<SteeringVector> found;
        if (reference instanceof VectorRef.Kept kept) {
            found = from.vectors(kept.name());
        } else if (reference instanceof VectorRef.Content content) {
            found = read(content.safetensors());
        } else {
            VectorRef.Numbers numbers = (VectorRef.Numbers) reference;
            found = List.of(
                    numbered(numbers, Objects.requireNonNull(at).points().get(0)));
        }
        for (SteeringVector vector : found) {
            vector.requireFits(model, false);
        }
        return found;
    }

    private SteeringVector numbered(VectorRef.Numbers numbers, HookPoint at) {
        Double norm = numbers.norm();
        Origin origin = Origin.unknown(new ModelId("", ""), "inline", "");
        return new SteeringVector(
                SteeringVector.ofNumbers(model, at, numbers.numbers()).direction(),
                at,
                norm == null ? origin : origin.withMeanActivationNorm(norm));
    }

    private List<SteeringVector> read(byte[] safetensors) {
        Path file = null;
        try {
            file = Files.createTempFile("pintle-vector", ".safetensors");
            Files.write(file, safetensors);
            return VectorFiles.readAll(
                    file, VectorHints.none().blocks(model.config().nLayers()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (file != null) {
                delete(file);
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }

    /** The vectors at the asked hook points: their own, or those of the one vector that there is. */
    private static List<SteeringVector> placed(List<SteeringVector> found, @Nullable Places at) {
        if (at == null) {
            return found;
        }
        List<SteeringVector> placed = new ArrayList<>();
        for (HookPoint point : at.points()) {
            SteeringVector own = found.stream()
                    .filter(vector -> vector.at().equals(point))
                    .findFirst()
                    .orElse(null);
            if (own == null && found.size() > 1) {
                throw Problem.of("The file has no vector for that hook point.")
                        .fact("asked for", point)
                        .fact("has", found.stream().map(SteeringVector::at).toList())
                        .toException();
            }
            placed.add(own != null ? own : found.get(0).at(point));
        }
        return placed;
    }

    private static Map<String, Object> facts(
            SteeringEntry entry,
            VectorRef reference,
            List<SteeringVector> placed,
            Tokens tokens,
            List<Double> factors) {
        SteeringVector first = placed.get(0);
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("op", entry.operation().label());
        facts.put("vector", reference instanceof VectorRef.Kept kept ? kept.name() : "inline");
        facts.put("sha256", placed.stream().map(SteeringVector::hash).distinct().toList());
        facts.put("at", placed.stream().map(vector -> vector.at().toString()).toList());
        Amount strength = entry.strength();
        if (strength != null) {
            Unit unit = strength.own() != null ? strength.own() : entry.unit() == null ? Unit.NORM : entry.unit();
            facts.put("strength", strength.value());
            facts.put("unit", unit.label());
            facts.put("strength_as_factor", factors.size() == 1 ? factors.get(0) : factors);
        }
        if (entry.operation() == Op.ABLATE) {
            facts.put("share", entry.share() == null ? 1.0 : entry.share());
        }
        if (entry.operation() == Op.CLAMP) {
            facts.put("low", entry.low());
            facts.put("high", entry.high());
            facts.put("unit", (entry.unit() == null ? Unit.NORM : entry.unit()).label());
        }
        if (Strength.knowsNorm(first)) {
            facts.put("mean_activation_norm", first.origin().meanActivationNorm());
        }
        return positionsAndCondition(facts, entry, tokens);
    }

    private static Map<String, Object> positionsAndCondition(
            Map<String, Object> facts, SteeringEntry entry, Tokens tokens) {
        facts.put("positions", tokens.name());
        When when = entry.when();
        if (when != null) {
            Map<String, Object> condition = new LinkedHashMap<>();
            condition.put("vector", when.vector() instanceof VectorRef.Kept kept ? kept.name() : "inline");
            condition.put("above", when.above());
            condition.put("unit", (when.unit() == null ? Unit.NORM : when.unit()).label());
            facts.put("when", condition);
        }
        return facts;
    }

    // ---------------------------------------------------------------- latents

    private Steering.Effect ofLatents(List<SteeringEntry> entries, int index) {
        SteeringEntry first = entries.get(0);
        String name = Objects.requireNonNull(first.sae());
        Tokens tokens = at(index, "positions", () -> tokens(first));
        SparseAutoencoder found = at(index, "sae", () -> from.autoencoder(name).requireFits(model, false));
        Places at = first.at();
        if (at != null && at.points().size() > 1) {
            throw new FieldException("at", Problem.of("An autoencoder reads one hook point."));
        }
        SparseAutoencoder sae = at == null ? found : found.at(at.points().get(0));
        List<LatentChange> changes = entries.stream().map(Resolver::change).toList();
        Intervention edit = at(index, "latent", () -> SaeEdit.edit(sae, changes, tokens));
        When when = first.when();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("op", "latents");
        facts.put("sae", name);
        facts.put("changes", changes.stream().map(String::valueOf).toList());
        facts.put("at", List.of(sae.place().toString()));
        return new Steering.Effect(
                List.of(when == null ? edit : at(index, "when", () -> conditional(when, edit))),
                positionsAndCondition(facts, first, tokens));
    }

    private static LatentChange change(SteeringEntry entry) {
        int latent = Objects.requireNonNull(entry.latent());
        Double value = entry.value();
        Double low = entry.low();
        Double high = entry.high();
        return switch (entry.operation()) {
            case ADD -> LatentChange.add(latent, Objects.requireNonNull(value));
            case SCALE -> LatentChange.scale(latent, Objects.requireNonNull(value));
            case ABLATE -> LatentChange.ablate(latent);
            case CLAMP ->
                LatentChange.clamp(
                        latent,
                        low == null ? Double.NEGATIVE_INFINITY : low,
                        high == null ? Double.POSITIVE_INFINITY : high);
            case ROTATE -> throw new IllegalStateException("A latent is never rotated.");
        };
    }
}
