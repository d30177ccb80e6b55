package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.run.StoredRun;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.studies.RunDiffJson;
import dev.pintle.studies.Studies;
import dev.pintle.study.RunPage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Locale;

/** Runs of studies, and their pages. */
public final class Runs {
    private static final String USUAL_TOLERANCE = "1e-6"; // as on the command line

    private final Library library;

    /** @param library whose runs are shown */
    public Runs(Library library) {
        this.library = library;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("GET", path + "/runs", Scope.READ, "Runs of studies", this::list)
                .add("GET", path + "/runs/{id}", Scope.READ, "One run: settings, what it ran on, results", this::show)
                .add("GET", path + "/runs/{id}/report.html", Scope.READ, "Its page", this::report)
                .add(
                        "GET",
                        path + "/runs/{id}/diff/{other}",
                        Scope.READ,
                        "How two runs differ; ?tolerance=, a relative change",
                        this::diff)
                .add("DELETE", path + "/runs/{id}", Scope.MANAGE, "Deletes a run that is not going on", this::delete);
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("runs");
        library.runs().list().runs().forEach(run -> data.add(json(run)));
        call.reply(list);
    }

    private static ObjectNode json(StoredRun run) {
        ObjectNode json = Json.object()
                .put("id", run.id())
                .put("name", run.name())
                .put("model", run.model())
                .put("autoencoder", run.autoencoder())
                .put("state", run.state().name().toLowerCase(Locale.ROOT))
                .put("started", run.started().toString());
        run.finished().ifPresent(when -> json.put("finished", when.toString()));
        ArrayNode stages = json.putArray("stages");
        run.stages().forEach(stages::add);
        return json;
    }

    private StoredRun find(Call call) {
        return find(call.path("id"));
    }

    private StoredRun find(String id) {
        try {
            return library.run(id);
        } catch (PintleException e) {
            throw HttpProblem.of(404, "run_not_found", e.problem());
        }
    }

    private void show(Call call) throws IOException {
        StoredRun run = find(call);
        ObjectNode json = json(run);
        json.set("settings", run.settings());
        json.set("manifest", run.manifest());
        json.set("results", run.numbers());
        try {
            RunPage page = RunPage.of(run, Studies.all());
            json.set("headlines", JsonNumbers.tree(page.headlines()));
            json.set("verdicts", JsonNumbers.tree(page.verdicts()));
            json.set("findings", JsonNumbers.tree(page.page().findings()));
        } catch (PintleException | IllegalArgumentException e) {
            json.put(
                    "unreadable",
                    e instanceof PintleException known ? known.problem().sentence() : e.getMessage());
        }
        call.reply(json);
    }

    private void diff(Call call) throws IOException {
        StoredRun a = find(call);
        StoredRun b = find(call.path("other"));
        String text = call.query("tolerance").orElse(USUAL_TOLERANCE);
        double tolerance;
        try {
            tolerance = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            tolerance = -1;
        }
        if (!(tolerance >= 0)) {
            throw new FieldException(
                    "tolerance", Problem.of("The tolerance must be 0 or more.").fact("but was", text));
        }
        call.reply(JsonNumbers.tree(RunDiffJson.fields(a, b, tolerance)));
    }

    private void delete(Call call) throws IOException {
        StoredRun run = find(call);
        if (!run.id().equals(call.path("id"))) { // a part of an id finds, but does not delete
            throw HttpProblem.of(
                    404,
                    "run_not_found",
                    Problem.of("There is no such run.")
                            .fact("but was", call.path("id"))
                            .fact("nearest", run.id()));
        }
        try {
            library.runs().delete(run);
        } catch (PintleException e) {
            throw HttpProblem.of(412, "run_in_use", e.problem());
        }
        call.replyEmpty(204);
    }

    private void report(Call call) throws IOException {
        StoredRun run = find(call);
        if (!Files.isRegularFile(run.report())) {
            throw HttpProblem.of(
                    404, "report_not_found", Problem.of("The run has not finished, so it has no page yet."));
        }
        call.header("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'");
        call.reply(200, "text/html; charset=utf-8", Files.readAllBytes(run.report()));
    }
}
