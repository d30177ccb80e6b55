package dev.pintle.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.run.OpenRun;
import dev.pintle.run.RunKey;
import dev.pintle.run.RunStore;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.study.RunManifest;
import dev.pintle.study.RunPage;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyRunner;
import dev.pintle.study.StudySettings;
import dev.pintle.study.StudyStage;
import dev.pintle.study.StudySubject;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Runs studies, saves the run, and reports the findings in sentences, as a page, or as JSON. */
final class StudyOutput {
    @Option(names = "--out", paramLabel = "FILE", description = "Also write the page to this file.")
    private @Nullable Path page;

    @Option(names = "--json", description = "Print every number and text as JSON.")
    private boolean json;

    /** What studies run on. */
    record On(LanguageModel model, SparseAutoencoder sae, StudySubject.Labels labels) {}

    /** Checks that the page and the run can be written, before a model is loaded. */
    void check(CommandSpec spec) {
        if (page != null) {
            OutputFile.require(page);
        }
        OutputFile.requireFolder(Session.library(spec).folder());
    }

    void run(CommandSpec spec, String name, On on, StudySettings settings, List<Study<?>> studies) {
        Session session = Session.of(spec);
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        RunManifest manifest = RunManifest.of(on.model(), on.sae());
        ObjectNode key = JsonNodeFactory.instance.objectNode();
        key.set("settings", StudyJson.tree(settings));
        key.set("manifest", StudyJson.tree(manifest));
        RunStore store = Session.library(spec).runs();
        try (OpenRun run = store.begin(
                new RunKey(
                        name,
                        manifest.pintle(),
                        manifest.model().name() + " " + manifest.model().revision(),
                        manifest.autoencoder().name() + " "
                                + manifest.autoencoder().revision(),
                        key),
                StudyJson.tree(manifest))) {
            if (run.resumed()) {
                err.println("Resuming " + run.id() + ".");
            }
            StudySubject subject = new StudySubject(on.model(), on.sae(), on.labels(), settings, run.folder());
            Map<String, StudyStage<?>> found =
                    new StudyRunner(subject).run(studies, stages(run), new ProgressLine(err, session.terminal()));
            RunPage told = new RunPage(manifest, settings, List.copyOf(found.values()), run.id(), run.started());
            byte[] html = told.html().getBytes(StandardCharsets.UTF_8);
            run.finish(html);
            if (page != null) {
                AtomicFile.writeText(page, new String(html, StandardCharsets.UTF_8));
            }
            if (json) {
                ObjectNode all = JsonNodeFactory.instance.objectNode();
                all.put("run", run.id());
                all.put("positions", "all");
                all.set("manifest", StudyJson.tree(manifest));
                all.set("settings", StudyJson.tree(settings));
                all.set(
                        "setup",
                        StudyJson.tree(Setup.of(on.model())
                                .autoencoder(on.sae())
                                .decoding(Decoding.greedy(settings.answers().maxNewTokens()))
                                .with("vector", settings.steering().vector())
                                .with("strength", settings.steering().strength().toString())
                                .fields()));
                ObjectNode results = all.putObject("studies");
                found.forEach((study, stage) -> results.set(study, StudyJson.tree(stage)));
                out.println(StudyJson.text(all));
            } else {
                new StudyAccount(told.page()).print(out);
                Path report =
                        page != null ? page.toAbsolutePath() : run.folder().resolve("report.html");
                out.println("Full report: " + report);
            }
        }
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
