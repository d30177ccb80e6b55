package dev.pintle.spark;

import dev.pintle.base.PintleException;
import dev.pintle.evaluation.Baseline;
import dev.pintle.hub.HubException;
import dev.pintle.hub.HubListener;
import dev.pintle.library.Library;
import dev.pintle.library.OpenSources;
import dev.pintle.library.steer.Steering;
import dev.pintle.library.steer.SteeringSources;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.SteeringVector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The models that an executor has loaded: one, and those that tasks are using meanwhile. Tasks come ordered by model, so each
 * executor loads each model once or not at all.
 */
final class ModelCache {
    private static final int BASELINES = 2; // a model's, of different questions

    private static final List<Entry> LOADED = new ArrayList<>();

    private ModelCache() {}

    /** A loaded model, and how many tasks use it. */
    private static final class Entry {
        private final ModelSpec spec;
        private final LanguageModel model;
        private final Map<String, Baseline> idle = new LinkedHashMap<>(); // by what they were made from
        private final Library library = Library.open();
        private @Nullable OpenSources sources; // guarded by this
        private int users;

        Entry(ModelSpec spec, LanguageModel model) {
            this.spec = spec;
            this.model = model;
        }

        synchronized OpenSources sources() {
            OpenSources open = sources == null ? library.sources(model, true) : sources;
            sources = open;
            return open;
        }

        synchronized void close() {
            idle.values().forEach(Baseline::close);
            if (sources != null) {
                sources.close();
            }
            library.close();
            model.close();
        }
    }

    /** A model while a task uses it. */
    static final class Use implements AutoCloseable {
        private final Entry entry;

        private Use(Entry entry) {
            this.entry = entry;
        }

        LanguageModel model() {
            return entry.model;
        }

        /**
         * Steering of the model. Its autoencoders stay open as long as the model.
         *
         * @param by what its strengths are multiplied by
         * @throws dev.pintle.base.PintleException if it does not fit the model
         * @throws ElsewhereException if an autoencoder is not here
         */
        Steering steering(JobSteering.Placed given, double by) {
            SteeringSpec spec = by == 1 ? given.spec() : given.spec().scaled(by);
            OpenSources open = entry.sources();
            SteeringSources sources = new SteeringSources() {
                @Override
                public List<SteeringVector> vectors(String name) {
                    return open.vectors(given.places().getOrDefault(name, name));
                }

                @Override
                public SparseAutoencoder autoencoder(String name) {
                    try {
                        return open.autoencoder(given.places().getOrDefault(name, name));
                    } catch (PintleException e) {
                        throw new ElsewhereException(e);
                    }
                }
            };
            return spec.resolve(sources, entry.model, null, "steering");
        }

        /** A baseline for one task, which gives it back with {@link #keep}. */
        Baseline baseline(String key, Supplier<Baseline> fresh) {
            Baseline known;
            synchronized (LOADED) {
                known = entry.idle.remove(key);
            }
            return known == null ? fresh.get() : known;
        }

        void keep(String key, Baseline baseline) {
            synchronized (LOADED) {
                Baseline other = entry.idle.put(key, baseline);
                if (other != null) {
                    other.close();
                }
                while (entry.idle.size() > BASELINES) {
                    entry.idle.remove(entry.idle.keySet().iterator().next()).close();
                }
            }
        }

        @Override
        public void close() {
            synchronized (LOADED) {
                entry.users--;
            }
        }
    }

    /**
     * A model, loaded if it is not yet; one that nobody uses is closed first.
     *
     * @throws ElsewhereException if it cannot be loaded here
     */
    static Use use(ModelSpec spec) {
        synchronized (LOADED) {
            Entry entry = LOADED.stream()
                    .filter(one -> one.spec.equals(spec))
                    .findFirst()
                    .orElse(null);
            if (entry == null) {
                LOADED.removeIf(one -> {
                    if (one.users == 0) {
                        one.close();
                    }
                    return one.users == 0;
                });
                entry = new Entry(spec, load(spec));
                LOADED.add(entry);
            }
            entry.users++;
            return new Use(entry);
        }
    }

    private static LanguageModel load(ModelSpec spec) {
        try (Library library = Library.open()) {
            try {
                return library.model(spec.name(), spec.options());
            } catch (HubException e) {
                if (e.reason() != HubException.Reason.NOT_CACHED || !spec.pull()) {
                    throw e;
                }
                library.pull(spec.name(), List.of(), HubListener.SILENT);
                return library.model(spec.name(), spec.options());
            }
        } catch (RuntimeException e) {
            throw new ElsewhereException(e);
        }
    }

    /** Closes what no task uses, when a driver that was its own executor ends. */
    static void clear() {
        synchronized (LOADED) {
            LOADED.removeIf(one -> {
                if (one.users == 0) {
                    one.close();
                }
                return one.users == 0;
            });
        }
    }
}
