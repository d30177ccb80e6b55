package dev.pintle.server.serving;

import dev.pintle.base.Nearest;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.library.steer.Presets;
import dev.pintle.library.steer.Presets.Preset;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.server.http.HttpProblem;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The models of a server, and presets that stand as models: {@code MODEL}, {@code MODEL:PRESET}, {@code MODEL:PRESET@0.5}. */
public final class Models implements AutoCloseable {
    private static final Pattern OF_PRESET =
            Pattern.compile("(.+):([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:@([+-]?\\d{1,6}(?:\\.\\d{1,9})?))?");

    private static final long WAIT = 50; // milliseconds

    private final Map<String, ServedModel> served = new ConcurrentSkipListMap<>();
    private final Map<ServedModel, Integer> held = new IdentityHashMap<>(); // requests that found it; guarded by this
    private final ThreadLocal<List<ServedModel>> holding = ThreadLocal.withInitial(ArrayList::new); // of a request
    private final Library library;

    /** @param library whose presets stand as models */
    public Models(Library library) {
        this.library = library;
    }

    /** Serves a model. */
    public void add(ServedModel model) {
        served.put(model.name(), model);
    }

    /**
     * What a client asked for by name.
     *
     * @param preset null for the model itself
     * @param scale what the preset's strengths are multiplied by
     */
    public record Chosen(ServedModel model, @Nullable Preset preset, double scale) {
        /**
         * What the preset does, at its scale; nothing without a preset.
         *
         * @param path where it stands, for messages
         */
        public SteeringSpec presetSteering(String path) {
            if (preset == null) {
                return SteeringSpec.none();
            }
            SteeringSpec spec = SteeringSpec.of(preset.steering(), path);
            return scale == 1 ? spec : spec.scaled(scale); // not everything can be scaled
        }
    }

    /** The models that are served. */
    public List<ServedModel> all() {
        return List.copyOf(served.values());
    }

    /** Names of presets that stand as models of a served one. */
    public List<String> presetsOf(ServedModel model) {
        Presets presets = library.presets();
        List<String> names = new ArrayList<>();
        for (String name : presets.names()) {
            if (presets.find(name).model().equals(model.name())) {
                names.add(model.name() + ":" + name);
            }
        }
        return names;
    }

    /**
     * The model or preset of that name, which is not released before the request's thread {@linkplain #letGo lets it go}.
     *
     * @throws HttpProblem 404 with the names that exist, unless it names a model or preset
     */
    public synchronized Chosen find(@Nullable String name) {
        Chosen chosen = named(name);
        held.merge(chosen.model(), 1, Integer::sum);
        holding.get().add(chosen.model());
        return chosen;
    }

    /** Lets go of what the current thread's request has found. */
    public synchronized void letGo() {
        for (ServedModel model : holding.get()) {
            held.merge(model, -1, (count, less) -> count + less == 0 ? null : count + less);
        }
        holding.remove();
    }

    private synchronized boolean isHeld(ServedModel model) {
        return held.containsKey(model);
    }

    private Chosen named(@Nullable String name) {
        if (name == null) {
            throw HttpProblem.field(
                    "model",
                    "missing_required_parameter",
                    Problem.of("The request does not say which model it is for.")
                            .fact("models", String.join(", ", served.keySet())));
        }
        ServedModel model = served.get(name);
        if (model != null) {
            return new Chosen(model, null, 1);
        }
        Matcher matcher = OF_PRESET.matcher(name);
        if (matcher.matches()) {
            ServedModel of = served.get(matcher.group(1));
            if (of != null && library.presets().names().contains(matcher.group(2))) {
                Preset preset = library.presets().find(matcher.group(2));
                if (preset.model().equals(of.name())) {
                    return new Chosen(of, preset, matcher.group(3) == null ? 1 : Double.parseDouble(matcher.group(3)));
                }
            }
        }
        throw missing(name);
    }

    private HttpProblem missing(String name) {
        List<String> names = new ArrayList<>(served.keySet());
        all().forEach(model -> names.addAll(presetsOf(model)));
        List<String> nearest = Nearest.to(name, names);
        return HttpProblem.of(
                404,
                "model_not_found",
                Problem.of("There is no such model on this server.")
                        .fact("model", name)
                        .fact(
                                nearest.isEmpty() ? "models" : "nearest",
                                String.join(", ", nearest.isEmpty() ? names : nearest)));
    }

    /**
     * Serves a model no longer. Requests that hold it are answered to their end.
     *
     * @throws HttpProblem 404 if there is none
     */
    public void remove(String name) {
        ServedModel model;
        synchronized (this) {
            model = served.remove(name);
        }
        if (model == null) {
            throw missing(name);
        }
        Thread closing = new Thread(() -> closeWhenFree(model), "pintle-server unload " + name);
        closing.setDaemon(true);
        closing.start();
    }

    private void closeWhenFree(ServedModel model) {
        try {
            while (isHeld(model) || model.engine().load().unfinished() > 0) {
                Thread.sleep(WAIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        model.close();
    }

    /** Releases all models. */
    @Override
    public void close() {
        served.values().forEach(ServedModel::close);
        served.clear();
    }
}
