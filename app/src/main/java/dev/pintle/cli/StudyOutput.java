package dev.pintle.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.model.Decoding;
import dev.pintle.study.RecordedRun;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudySettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Runs studies, saves the run, and reports the findings in sentences, as a page, or as JSON. */
final class StudyOutput {
    @Option(names = "--out", paramLabel = "FILE", description = "Also write the page to this file.")
    private @Nullable Path page;

    @Option(names = "--json", description = "Print every number and text as JSON.")
    private boolean json;

    /** Checks that the page and the run can be written, before a model is loaded. */
    void check(CommandSpec spec) {
        if (page != null) {
            OutputFile.require(page);
        }
        OutputFile.requireFolder(Session.library(spec).folder());
    }

    void run(CommandSpec spec, String name, RecordedRun.On on, StudySettings settings, List<Study<?>> studies) {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        RecordedRun run = RecordedRun.of(
                Session.library(spec).runs(),
                name,
                on,
                settings,
                studies,
                id -> err.println("Resuming " + id + "."),
                new ProgressLine(err, Session.of(spec).terminal()));
        if (page != null) {
            AtomicFile.writeText(page, run.html());
        }
        if (json) {
            out.println(StudyJson.text(json(run, on, settings)));
        } else {
            new StudyAccount(run.page().page()).print(out);
            Path report = page != null ? page.toAbsolutePath() : run.folder().resolve("report.html");
            out.println("Full report: " + report);
        }
    }

    private static ObjectNode json(RecordedRun run, RecordedRun.On on, StudySettings settings) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        all.put("run", run.id());
        all.put("positions", "all");
        all.set("manifest", StudyJson.tree(run.manifest()));
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
        run.stages().forEach((study, stage) -> results.set(study, StudyJson.tree(stage)));
        return all;
    }
}
