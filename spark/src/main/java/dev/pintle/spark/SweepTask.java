package dev.pintle.spark;

import dev.pintle.base.Digest;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.Baseline;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepLog;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepSetting;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Answers a group of settings of one sweep, and scores the answers.
 *
 * @param group the settings, in order
 * @param fileName of the points
 */
record SweepTask(String out, SweepPlan plan, List<Setting> group, String fileName) implements Task<SweepTask.Answered> {
    /** One setting, by the file of its vector. */
    record Setting(String method, int layer, double strength, Strength.Unit unit) implements Serializable {
        Strength asStrength() {
            return new Strength(strength, unit);
        }
    }

    /**
     * What the driver hears.
     *
     * @param plan identifies the sweep in its log
     * @param points as lines of a log
     */
    record Answered(String plan, String points, long rows, long tokens) implements Serializable {}

    static SweepTask of(Path out, SweepPlan plan, List<SweepSetting> group) {
        Digest digest = new Digest().add(plan.plan());
        List<Setting> settings = new ArrayList<>();
        for (SweepSetting one : group) {
            settings.add(new Setting(
                    one.candidate().method(),
                    one.layer(),
                    one.strength().value(),
                    one.strength().unit()));
            digest.add(one.key() + " " + one.layer() + " " + one.strength() + " " + one.coefficient());
        }
        String name = PlanTask.slug(plan.model().name()) + "-"
                + PlanTask.slug(plan.concept().name()) + "-layer" + group.get(0).layer() + "-"
                + digest.hex().substring(0, 16) + ".parquet";
        return new SweepTask(out.toString(), plan, List.copyOf(settings), name);
    }

    Path file() {
        return Path.of(out, "points", fileName);
    }

    /** Place of the model among the job's. */
    int model() {
        return plan.order();
    }

    /** The first layer of the group. */
    int layer() {
        return group.get(0).layer();
    }

    @Override
    public String what() {
        Setting first = group.get(0);
        return plan.concept().name() + " on " + plan.model().name() + ", " + group.size()
                + (group.size() == 1 ? " setting from " : " settings from ") + first.method() + ", layer "
                + first.layer() + ", strength " + first.asStrength();
    }

    @Override
    public Answered compute() {
        try (ModelCache.Use use = ModelCache.use(plan.model())) {
            LanguageModel model = use.model();
            Sweep sweep = PlanTask.sweep(use, plan.beside(), plan.questions(), plan.concept(), plan.maxNewTokens());
            if (!sweep.plan().equals(plan.plan())) {
                throw new ElsewhereException(Problem.of("This executor has another model of that name.")
                        .fact("model", plan.model().name())
                        .fact("expected", plan.plan())
                        .fact("but was", sweep.plan())
                        .toException());
            }
            List<SweepSetting> settings = new ArrayList<>();
            for (Setting one : group) {
                Candidate candidate = new Candidate(one.method(), vector(one), Tokens.parse(plan.positions()));
                settings.addAll(SweepSetting.all(List.of(candidate), List.of(one.asStrength())));
            }
            SweepPoint unsteered = SweepLog.points(plan.unsteered()).get(0);
            String key = baselineKey(plan.beside().json(), unsteered.samples());
            Baseline baseline = use.baseline(key, () -> sweep.baseline(unsteered));
            List<SweepPoint> points = sweep.points(settings, baseline);
            use.keep(key, baseline);
            SweepRows.write(file(), plan.metadata(), plan.source(), points);
            return new Answered(
                    plan.plan(),
                    SweepLog.text(points),
                    (long) points.size() * plan.questions().size(),
                    tokens(model, points));
        }
    }

    /** All concepts that ask a model the same questions share a baseline. */
    static String baselineKey(String beside, List<SweepPoint.Sample> unsteered) {
        Digest digest = new Digest().add(beside);
        unsteered.forEach(sample -> digest.add(sample.question()).add(sample.text()));
        return digest.hex();
    }

    /** Tokens of the answers. */
    static long tokens(LanguageModel model, List<SweepPoint> points) {
        return points.stream()
                .flatMap(point -> point.samples().stream())
                .mapToLong(sample -> model.tokenizer().encodeAsText(sample.text()).length)
                .sum();
    }

    private SteeringVector vector(Setting setting) {
        Path file = Path.of(out).resolve(String.valueOf(plan.vectors().get(setting.method())));
        return VectorFiles.readAll(file, VectorHints.none()).stream()
                .filter(vector -> vector.at().layer() == setting.layer())
                .findFirst()
                .orElseThrow(() -> Problem.of("A file of vectors lacks a layer.")
                        .fact("file", file)
                        .fact("layer", setting.layer())
                        .toException());
    }
}
