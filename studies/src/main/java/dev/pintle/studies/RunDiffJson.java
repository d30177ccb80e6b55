package dev.pintle.studies;

import dev.pintle.base.PintleException;
import dev.pintle.run.RunDiff;
import dev.pintle.run.StoredRun;
import dev.pintle.study.RunPage;
import java.util.LinkedHashMap;
import java.util.Map;

/** How two runs differ, as fields for JSON. */
public final class RunDiffJson {
    private RunDiffJson() {}

    /**
     * Every difference, and the headline numbers of both.
     *
     * @param tolerance relative change up to which a number counts as the same
     */
    public static Map<String, Object> fields(StoredRun a, StoredRun b, double tolerance) {
        RunDiff diff = RunDiff.of(a, b, tolerance);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("a", a.id());
        fields.put("b", b.id());
        fields.put("tolerance", tolerance);
        fields.put("headlines", Map.of("a", headlines(a), "b", headlines(b)));
        fields.put("compared", diff.compared());
        fields.put("circumstances", diff.circumstances());
        fields.put("numbers", diff.numbers());
        fields.put("texts", diff.texts());
        fields.put("only_in_a", diff.onlyInA());
        fields.put("only_in_b", diff.onlyInB());
        return fields;
    }

    /** The numbers that a run's findings rest on; empty if it contains something that is not a study's result. */
    public static Map<String, String> headlines(StoredRun run) {
        try {
            return RunPage.of(run, Studies.all()).headlines();
        } catch (PintleException | IllegalArgumentException e) {
            return Map.of();
        }
    }
}
