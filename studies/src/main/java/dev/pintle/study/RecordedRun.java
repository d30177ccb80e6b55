package dev.pintle.study;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.run.OpenRun;
import dev.pintle.run.RunKey;
import dev.pintle.run.RunStore;
import dev.pintle.sae.SparseAutoencoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Studies that were run and kept, with their page. A run that was stopped is resumed by one with the same name, settings, model
 * and autoencoder.
 *
 * @param id of the run
 * @param folder of the run
 * @param stages results by the names of the studies
 */
public record RecordedRun(
        String id, Path folder, RunManifest manifest, Map<String, StudyStage<?>> stages, RunPage page, String html) {
    /**
     * What studies run on.
     *
     * @param labels of latents
     */
    public record On(LanguageModel model, SparseAutoencoder sae, StudySubject.Labels labels) {}

    /**
     * Runs studies, or what is left of them.
     *
     * @param name of the run, which tells it from others with equal settings
     * @param resumed receives the id of a run that is resumed
     */
    public static RecordedRun of(
            RunStore store,
            String name,
            On on,
            StudySettings settings,
            List<Study<?>> studies,
            Consumer<String> resumed,
            Progress progress) {
        RunManifest manifest = RunManifest.of(on.model(), on.sae());
        try (OpenRun run = store.begin(key(name, settings, manifest), StudyJson.tree(manifest))) {
            if (run.resumed()) {
                resumed.accept(run.id());
            }
            StudySubject subject = new StudySubject(on.model(), on.sae(), on.labels(), settings, run.folder());
            Map<String, StudyStage<?>> found = new StudyRunner(subject).run(studies, stages(run), progress);
            RunPage page = new RunPage(manifest, settings, List.copyOf(found.values()), run.id(), run.started());
            String html = page.html();
            run.finish(html.getBytes(StandardCharsets.UTF_8));
            return new RecordedRun(run.id(), run.folder(), manifest, found, page, html);
        }
    }

    private static RunKey key(String name, StudySettings settings, RunManifest manifest) {
        ObjectNode key = Json.object();
        key.set("settings", StudyJson.tree(settings));
        key.set("manifest", StudyJson.tree(manifest));
        return new RunKey(
                name,
                manifest.pintle(),
                manifest.model().name() + " " + manifest.model().revision(),
                manifest.autoencoder().name() + " " + manifest.autoencoder().revision(),
                key);
    }

    private static StudyRunner.Stages stages(OpenRun run) {
        return new StudyRunner.Stages() {
            @Override
            public Optional<byte[]> find(String name) {
                return run.stage(name);
            }

            @Override
            public void keep(String name, byte[] bytes) {
                run.keep(name, bytes);
            }
        };
    }
}
