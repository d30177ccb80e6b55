package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Strength;
import dev.pintle.text.Message;
import dev.pintle.transformer.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Answers many questions with every vector at every strength and scores each answer: how much it shows the concept, whether it
 * still reads as text, and how far the model was moved.
 */
public final class Sweep {
    /** What is tried where nothing else is asked for, in activation norms. */
    public static final List<Strength> USUAL_STRENGTHS = DoubleStream.of(0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.4)
            .mapToObj(Strength::norms)
            .toList();

    /** As many as decode together; more would only lose more when a sweep is interrupted. */
    private static final int ROWS_AT_ONCE = 64;

    private final LanguageModel model;
    private final List<String> questions;
    private final Concept concept;
    private final int maxNewTokens;
    private final String background;

    /**
     * @param model unsteered
     * @param questions user turns
     * @param concept decides whether an answer shows it
     * @param maxNewTokens longest answer, written greedily
     */
    public Sweep(LanguageModel model, List<String> questions, Concept concept, int maxNewTokens) {
        this(model, "", questions, concept, maxNewTokens);
    }

    /**
     * @param model a view whose hooks act in every setting, and where nothing is tried too
     * @param background what these hooks do, for the file of the sweep; empty if there are none
     * @param questions user turns
     * @param concept decides whether an answer shows it
     * @param maxNewTokens longest answer, written greedily
     */
    public Sweep(LanguageModel model, String background, List<String> questions, Concept concept, int maxNewTokens) {
        this.model = model;
        this.background = background;
        this.questions = List.copyOf(questions);
        this.concept = concept;
        this.maxNewTokens = maxNewTokens;
    }

    /** Is told of each point as soon as it is known, and may stop the sweep. */
    @FunctionalInterface
    public interface Listener {
        /** Ignores every point and never stops. */
        Listener SILENT = (done, total) -> true;

        /** @return false to stop; the points so far are kept */
        boolean at(int done, int total);
    }

    /**
     * Tries every candidate at every strength. Points that are in the file already are not computed again. Points are computed
     * and kept in {@link #groups}.
     *
     * @param strengths all in one unit; 0, unsteered, is always among them
     * @param file where points are kept as they become known
     * @return the points that are known, candidates in the order given, strengths rising
     * @throws dev.pintle.base.PintleException if a strength cannot be used with a candidate, before anything is computed
     * @throws IllegalArgumentException if the strengths count in two units
     */
    public SweepResult run(List<Candidate> candidates, List<Strength> strengths, Path file, Listener listener) {
        List<SweepSetting> settings = SweepSetting.all(candidates, strengths);
        int total = 1 + settings.size();
        try (SweepLog log = SweepLog.open(file, plan())) {
            if (listener.at(0, total)) {
                SweepPoint unsteered = log.unsteered().orElseGet(() -> {
                    SweepPoint fresh = unsteered();
                    log.add(List.of(fresh));
                    return fresh;
                });
                compute(settings, unsteered, log, listener);
            }
            return log.result(concept.name(), settings);
        }
    }

    /** Computes what the log lacks, until the listener stops it. */
    private void compute(List<SweepSetting> settings, SweepPoint unsteered, SweepLog log, Listener listener) {
        int total = 1 + settings.size();
        List<SweepSetting> missing = log.missing(settings);
        int done = total - missing.size();
        if (!told(listener, 0, done, total) || missing.isEmpty()) {
            return;
        }
        try (Baseline baseline = baseline(unsteered)) {
            for (List<SweepSetting> group : groups(missing)) {
                log.add(points(group, baseline));
                done += group.size();
                if (!told(listener, done - group.size(), done, total)) {
                    return;
                }
            }
        }
    }

    /** Tells of points one by one. */
    private static boolean told(Listener listener, int before, int done, int total) {
        return IntStream.rangeClosed(before + 1, done).allMatch(known -> listener.at(known, total));
    }

    // ---------------------------------------------------------------- what several machines share

    /**
     * Settings in groups that are answered together, by layer. Every number of a group's points depends on the group alone, so
     * groups may be computed in any order and on any machine of a kind. What is left of a sweep of which whole groups are known
     * has the groups that the whole sweep has.
     */
    public List<List<SweepSetting>> groups(List<SweepSetting> settings) {
        return groups(settings, questions.size());
    }

    /**
     * As {@link #groups(List)}, where no model is loaded.
     *
     * @param questions that a setting is asked
     */
    public static List<List<SweepSetting>> groups(List<SweepSetting> settings, int questions) {
        List<SweepSetting> byLayer = settings.stream()
                .sorted(Comparator.comparingInt(SweepSetting::layer)) // stable
                .toList();
        int size = Math.max(1, ROWS_AT_ONCE / questions);
        List<List<SweepSetting>> groups = new ArrayList<>();
        for (int from = 0; from < byLayer.size(); from += size) {
            groups.add(byLayer.subList(from, Math.min(byLayer.size(), from + size)));
        }
        return groups;
    }

    /** The point where nothing is tried, which all others are compared with. */
    public SweepPoint unsteered() {
        List<Generated> answers = answers(model, List.of(List.of()));
        answers.forEach(Generated::requireFinite); // nothing can be said of a model whose own numbers overflow
        List<SweepPoint.Sample> samples =
                samples(model, answers, logProbabilities(answers, new HashMap<>()), new double[questions.size()]);
        return new SweepPoint("", -1, 0, 0, samples);
    }

    /**
     * What the points of a sweep are compared with. It may serve the sweeps of several concepts that ask one model the same
     * questions. Must be closed.
     *
     * @param unsteered of a sweep with this model, these questions and this length of answers
     */
    public Baseline baseline(SweepPoint unsteered) {
        List<LogProbabilities.Row> rows = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            rows.add(new LogProbabilities.Row(
                    prompt(questions.get(i)),
                    model.tokenizer().encodeAsText(unsteered.samples().get(i).text())));
        }
        return new Baseline(model, rows);
    }

    /**
     * Computes the points of a group, one a setting, under the names that a {@link SweepLog} keeps them by. For one thread a
     * baseline.
     *
     * @param group one of {@link #groups}
     */
    public List<SweepPoint> points(List<SweepSetting> group, Baseline baseline) {
        List<Generated> all = answers(
                model,
                group.stream()
                        .map(setting -> List.of(setting.candidate().at(setting.strength())))
                        .toList());
        List<double[]> logs = logProbabilities(all, baseline.likelihoods());
        List<SweepPoint> points = new ArrayList<>();
        for (int i = 0; i < group.size(); i++) {
            SweepSetting setting = group.get(i);
            LanguageModel steered = model.with(setting.candidate().at(setting.strength()));
            int from = i * questions.size();
            int to = from + questions.size();
            List<SweepPoint.Sample> samples = samples(
                    steered,
                    all.subList(from, to),
                    logs.subList(from, to),
                    baseline.divergence().ofOrNaN(steered));
            points.add(new SweepPoint(
                    setting.key(), setting.layer(), setting.strength().value(), setting.coefficient(), samples));
        }
        return points;
    }

    /**
     * Answers the questions with any steering, and measures the answers as those of a sweep's points. Every number depends on the
     * questions and the steering alone.
     *
     * @param steered a view of the unsteered model
     * @param baseline of these questions
     * @return one per question
     */
    List<SweepPoint.Sample> samples(LanguageModel steered, Baseline baseline) {
        List<Generated> answers = answers(steered, List.of(List.of()));
        return samples(
                steered,
                answers,
                logProbabilities(answers, baseline.likelihoods()),
                baseline.divergence().ofOrNaN(steered));
    }

    /** The same without keeping the points, for a sweep that need not resume. */
    public SweepResult run(List<Candidate> candidates, List<Strength> strengths, Listener listener) {
        try {
            Path folder = Files.createTempDirectory("pintle-sweep");
            Path file = folder.resolve("points.jsonl");
            try {
                return run(candidates, strengths, file, listener);
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws IllegalArgumentException if the strengths count in two units */
    public static void requireOneUnit(List<Strength> strengths) {
        if (strengths.stream().map(Strength::unit).distinct().count() > 1) {
            throw Problem.of("The strengths of a sweep count in one unit.")
                    .fact("expected", "all in activation norms, such as 0.3,0.6, or all factors, such as 3abs,6abs")
                    .fact("but was", strengths)
                    .toIllegalArgument();
        }
    }

    /** Renames a sweep's file to {@code NAME.jsonl.old}, if there is one, so that everything is computed again. */
    public static void setAside(Path file) {
        try {
            if (Files.exists(file)) {
                Files.move(file, file.resolveSibling(file.getFileName() + ".old"), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw Problem.of("The existing sweep cannot be renamed.")
                    .fact("file", file)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /** The file in a folder that belongs to this sweep: the same model, questions and concept have the same. */
    public Path fileIn(Path folder) {
        return fileIn(folder, plan());
    }

    /** The file in a folder that belongs to the sweep with a {@link #plan}. */
    public static Path fileIn(Path folder, String plan) {
        return folder.resolve(hash(plan).substring(0, 16) + ".jsonl");
    }

    /** What identifies the sweep in its log: the model, its dtype, the questions, the concept, and the length of answers. */
    public String plan() {
        return model.id() + " " + model.dtype() + ", " + maxNewTokens + " tokens, "
                + hash(concept.name() + "\n" + String.join("\n", questions)).substring(0, 16)
                + (background.isEmpty() ? "" : ", beside " + background);
    }

    static String hash(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    private int[] prompt(String question) {
        return model.chatTokens(List.of(Message.user(model.tokenizer().asText(question))));
    }

    /**
     * How likely the unsteered model finds answers.
     *
     * @param known those that need not be run; receives the others
     */
    private List<double[]> logProbabilities(List<Generated> answers, Map<List<Integer>, double[]> known) {
        return LogProbabilities.of(
                model,
                answers.stream()
                        .map(a -> new LogProbabilities.Row(a.promptIds(), a.ids()))
                        .toList(),
                known);
    }

    private List<SweepPoint.Sample> samples(
            LanguageModel steered, List<Generated> answers, List<double[]> logs, double[] divergences) {
        List<Score> scores = scores(steered, answers);
        List<SweepPoint.Sample> samples = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            String text = answers.get(i).text();
            samples.add(new SweepPoint.Sample(
                    questions.get(i),
                    text,
                    scores.get(i),
                    SweepPoint.Fluency.of(text, logs.get(i)),
                    divergences[i],
                    broken(answers.get(i))));
        }
        return List.copyOf(samples);
    }

    /** Scores of the answers; one cut short by overflow scores 0. */
    private List<Score> scores(LanguageModel steered, List<Generated> answers) {
        List<Integer> whole = IntStream.range(0, answers.size())
                .filter(i -> broken(answers.get(i)).isEmpty())
                .boxed()
                .toList();
        List<Score> some = whole.isEmpty()
                ? List.of()
                : concept.scores(
                        steered,
                        whole.stream().map(questions::get).toList(),
                        whole.stream().map(answers::get).toList());
        List<Score> scores = new ArrayList<>(Collections.nCopies(answers.size(), Score.ofText(0)));
        for (int i = 0; i < some.size(); i++) {
            scores.set(whole.get(i), some.get(i));
        }
        return scores;
    }

    private static String broken(Generated answer) {
        Problem problem = answer.ending().problem();
        return problem == null ? "" : problem.toString();
    }

    /**
     * Answers all questions several times.
     *
     * @param asked the model, whose own hooks act each time
     * @param hooks of each time
     */
    private List<Generated> answers(LanguageModel asked, List<? extends List<? extends Hook>> hooks) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (List<? extends Hook> own : hooks) {
            for (String question : questions) {
                requests.add(GenerationRequest.of(prompt(question), Decoding.greedy(maxNewTokens))
                        .with(own));
            }
        }
        List<Generated> answers = new ArrayList<>();
        for (int from = 0; from < requests.size(); from += ROWS_AT_ONCE) {
            answers.addAll(asked.generate(
                    requests.subList(from, Math.min(requests.size(), from + ROWS_AT_ONCE)), GenerationListener.SILENT));
        }
        return answers;
    }
}
