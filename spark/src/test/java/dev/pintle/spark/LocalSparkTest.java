package dev.pintle.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Progress;
import dev.pintle.cli.EvaluationAccount;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.Evaluation;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.evaluation.MultipleChoice;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.Theme;
import dev.pintle.library.Library;
import dev.pintle.library.OpenSources;
import dev.pintle.library.steer.Steering;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelId;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.harvest.ActivationRows;
import dev.pintle.sae.harvest.ActivationStore;
import dev.pintle.sae.harvest.Harvest;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.sae.harvest.RowReader;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.sae.profile.Profiler;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFit;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalSparkTest {
    private static @Nullable JavaSparkContext spark;

    @TempDir
    private Path folder = Path.of("");

    private static JavaSparkContext spark(long needed) {
        JavaSparkContext known = spark == null ? Clusters.local(2) : spark;
        spark = known;
        return known;
    }

    @AfterAll
    static void stop() {
        if (spark != null) {
            spark.stop();
        }
        ModelCache.clear();
    }

    private JobResult run(SweepJob job, String out, JobListener listener) {
        try (Library library = Library.open(folder.resolve("data"))) {
            return job.run(LocalSparkTest::spark, OptionalLong.empty(), folder.resolve(out), library, listener);
        }
    }

    @Test
    void a_sweep_has_the_bits_of_the_plain_one_and_its_log_serves_the_plain_one() throws IOException {
        SweepJob job = Sweeps.job(List.of("pirate"), "3", 0.3, 0.45, 0.6);
        List<JobListener.State> states = new ArrayList<>();
        JobResult result = run(job, "out", states::add);
        assertThat(result).isEqualTo(new JobResult(4, 4, List.of()));
        assertThat(states.get(states.size() - 1))
                .matches(state -> state.stage().equals("answering") && state.done() == 3 && state.rows() == 99)
                .matches(state -> state.tokens() > 200);

        Path logs = folder.resolve("data/sweeps");
        assertThat(Sweeps.plain(job, logs, false)).isEqualTo(Sweeps.plain(job, folder.resolve("plain"), true));

        List<SweepPoint> points = new ArrayList<>();
        try (var files = Files.list(folder.resolve("out/points"))) {
            for (Path file : files.sorted().toList()) {
                points.addAll(SweepRows.read(file));
                assertThat(ParquetFiles.metadata(file).get("pintle.manifest"))
                        .contains("\"model\":\"parley-7m\"", "\"max_new_tokens\":4");
            }
        }
        assertThat(points).hasSize(4).allMatch(point -> point.samples().size() == 33);

        Map<String, String> before = Sweeps.points(folder.resolve("out"));
        assertThat(run(job, "out", JobListener.SILENT).whole()).isTrue();
        assertThat(Sweeps.points(folder.resolve("out"))).isEqualTo(before);
    }

    @Test
    void a_folder_of_another_job_or_that_another_driver_writes_is_refused() throws IOException {
        SweepJob job = Sweeps.job(List.of("pirate"), "3", 0.3);
        Path out = Files.createDirectories(folder.resolve("out"));
        try (OutputFolder held = OutputFolder.open(out, "sweep", dev.pintle.base.Json.object())) {
            assertThatThrownBy(() -> run(job, "out", JobListener.SILENT))
                    .hasMessageStartingWith("Another driver is writing this output folder.\n  folder:  " + out)
                    .hasMessageContaining(
                            "held by: process " + ProcessHandle.current().pid() + " on ");
            assertThat(held.manifest().path("job").asText()).isEqualTo("sweep");
        }
        assertThatThrownBy(() -> run(job, "out", JobListener.SILENT))
                .hasMessageStartingWith("The output folder holds a job of other settings.")
                .hasMessageContaining("differ: concepts, layers, max_new_tokens, ");
        Files.createDirectories(folder.resolve("mine"));
        Files.writeString(folder.resolve("mine/thesis.txt"), "years of work");
        assertThatThrownBy(() -> run(job, "mine", JobListener.SILENT))
                .hasMessageStartingWith("The output folder holds other files.");
    }

    @Test
    @Tag("slow")
    void what_fails_is_recorded_and_tried_again_and_the_others_go_on() throws IOException {
        Path lines = Files.writeString(folder.resolve("concepts.jsonl"), """
                {"name": "same", "positive": "Be kind.", "negative": "Be kind.", "marker": "x"}
                {"name": "kind", "positive": "The assistant should be kind.", "marker": "(?i)please"}
                """);
        SweepJob job = Sweeps.jobOf(ConceptSpec.read(lines), "2-3", 0.3);
        JobResult result = run(job, "out", JobListener.SILENT);
        assertThat(result.whole()).isFalse();
        assertThat(result.failures()).singleElement().matches(one -> one.what().equals("fit same on parley-7m"));
        assertThat(Files.readString(folder.resolve("out/failures.jsonl"))).contains("fit same on parley-7m");
        assertThat(result.done()).isEqualTo(3);

        Path points = folder.resolve("out/points"); // a disk on which nothing can be written
        Map<String, String> whole = Sweeps.points(folder.resolve("out"));
        Path aside = folder.resolve("aside");
        Files.move(points, aside);
        Files.writeString(points, "in the way");
        dev.pintle.base.AtomicFile.writeText(folder.resolve("data/none"), "");
        Files.move(folder.resolve("data/sweeps"), folder.resolve("data/old"));
        JobResult full = run(job, "out", JobListener.SILENT);
        assertThat(full.failures())
                .hasSize(3)
                .anyMatch(one -> one.what().startsWith("kind on parley-7m, 1 setting from"));
        assertThat(full.failures().toString()).contains("The file cannot be written.");
        Files.delete(points);
        assertThat(run(job, "out", JobListener.SILENT).done()).isEqualTo(3);
        whole.keySet().removeIf(name -> name.endsWith("-unsteered.parquet")); // written with the plan, which is there
        assertThat(Sweeps.points(folder.resolve("out"))).isEqualTo(whole);
    }

    @Test
    @Tag("slow")
    void a_job_that_was_stopped_goes_on_and_leaves_the_same_files() throws IOException {
        SweepJob job = Sweeps.job(List.of("pirate"), "2-4", 0.3);
        JobResult part = run(job, "out", new JobListener() {
            private int answered;

            @Override
            public void at(State state) {
                answered = state.stage().equals("answering") ? state.done() : 0;
            }

            @Override
            public boolean goesOn() {
                return answered < 1;
            }
        });
        assertThat(part.whole()).isFalse();
        assertThat(part.done()).isBetween(2, 3);
        assertThat(run(job, "out", JobListener.SILENT).whole()).isTrue();
        Path logs = folder.resolve("data/sweeps");
        Map<String, dev.pintle.evaluation.SweepResult> results = Sweeps.plain(job, logs, false);

        // points that a plain sweep has are not computed again
        try (Library library = Library.open(folder.resolve("data"))) {
            List<String> stages = new ArrayList<>();
            job.run(
                    needed -> spark(needed),
                    OptionalLong.empty(),
                    folder.resolve("other"),
                    library,
                    state -> stages.add(state.stage() + " " + state.before()));
            assertThat(stages).contains("answering 3");
        }
        assertThat(Sweeps.points(folder.resolve("other"))).isEqualTo(Sweeps.points(folder.resolve("out")));
        assertThat(results.get("pirate").whole()).isTrue();
    }

    @Test
    @Tag("slow")
    void vectors_of_many_sets_have_the_bits_of_a_plain_fit() throws IOException {
        Path sets = Files.createDirectories(folder.resolve("sets"));
        Files.writeString(sets.resolve("tone.jsonl"), """
                {"positive": "What a lovely day.", "negative": "What a dreadful day."}
                {"positive": "I love bread.", "negative": "I hate bread."}
                """);
        Files.writeString(sets.resolve("one.csv"), "positive,negative\nAhoy there,Hello there\n");
        Files.writeString(sets.resolve("notes.txt"), "not a set");
        FitJob job = new FitJob(
                List.of(ModelSpec.of("parley-7m")), ContrastSet.read(sets), List.of(), List.of("1-3"), "mean");
        JobResult result;
        try (Library library = Library.open(folder.resolve("data"))) {
            result = job.run(
                    LocalSparkTest::spark, OptionalLong.empty(), folder.resolve("out"), library, JobListener.SILENT);
        }
        assertThat(result).isEqualTo(new JobResult(2, 2, List.of()));
        List<String> index = Files.readAllLines(folder.resolve("out/index.jsonl"));
        assertThat(index).hasSize(2);
        try (LanguageModel model =
                LanguageModel.load("parley-7m", job.models().get(0).options())) {
            for (int i = 0; i < 2; i++) {
                String file =
                        dev.pintle.base.Json.parse(index.get(i)).path("file").asText();
                List<SteeringVector> fitted =
                        VectorFiles.readAll(folder.resolve("out").resolve(file), VectorHints.none());
                List<SteeringVector> plain = VectorFit.of(
                                model, job.sets().get(i).method("", Aggregation.parse("mean")))
                        .atAllLayers()
                        .run()
                        .vectors()
                        .values()
                        .stream()
                        .filter(vector ->
                                vector.at().layer() >= 1 && vector.at().layer() <= 3)
                        .toList();
                assertThat(fitted).isEqualTo(plain);
            }
        }
    }

    @Test
    @Tag("slow")
    void given_vectors_beside_other_steering_have_the_bits_of_the_plain_sweep() throws IOException {
        JobSteering beside = new JobSteering("[{\"vector\":\"mine\",\"strength\":0.1}]");
        ConceptSpec pirate = ConceptSpec.ofStyle("pirate");
        SweepJob plain = Sweeps.job(List.of("pirate"), "3", 0.3);
        try (Library library = Library.open(folder.resolve("data"));
                LanguageModel model =
                        library.model("parley-7m", plain.models().get(0).options())) {
            SteeringVector vector = keep(library, model, "mine");
            SweepJob job = new SweepJob(
                    plain.models(),
                    plain.concepts(),
                    List.of("mine"),
                    List.of(),
                    List.of(),
                    plain.strengths(),
                    "all",
                    beside,
                    List.of("Tell me about the whale.", "Who are you?"),
                    plain.maxNewTokens());
            JobResult result = job.run(
                    LocalSparkTest::spark, OptionalLong.empty(), folder.resolve("out"), library, JobListener.SILENT);
            assertThat(result).isEqualTo(new JobResult(2, 2, List.of()));
            try (OpenSources sources = library.sources(model, true)) {
                Steering steering = beside.spec().resolve(sources, model, null, "steering");
                Sweep sweep = new Sweep(
                        model.with(steering.interventions()),
                        dev.pintle.base.Json.line(steering.facts()),
                        job.questions(),
                        pirate.concept(),
                        job.maxNewTokens());
                List<Candidate> tried = List.of(new Candidate("mine", vector));
                Path log = sweep.fileIn(library.sweeps());
                long size = log.toFile().length();
                SweepResult served = sweep.run(tried, job.strengths(), log, Sweep.Listener.SILENT);
                assertThat(log.toFile().length()).as("the log was whole").isEqualTo(size);
                assertThat(served).isEqualTo(sweep.run(tried, job.strengths(), Sweep.Listener.SILENT));
            }
        }
    }

    private static SteeringVector keep(Library library, LanguageModel model, String name) {
        float[] numbers = new float[model.config().dModel()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) Math.sin(i) / 10;
        }
        HookPoint at = HookPoint.residPost(3);
        SteeringVector vector = new SteeringVector(
                SteeringVector.ofNumbers(model, at, numbers).direction(),
                at,
                Origin.unknown(model.id(), "sines", "").withMeanActivationNorm(10));
        library.keep(name, List.of(vector), true);
        return vector;
    }

    @Test
    void evaluations_have_the_bits_of_plain_ones_and_a_stopped_job_goes_on() throws IOException {
        EvaluationItems items = new EvaluationItems(
                new TreeMap<>(Map.of(
                        "Would you sail?\n\nChoices:\n (A) Yes\n (B) No", new Concept.Choices.Choice("(A)", "(B)"),
                        "Is it cold?\n\nChoices:\n (A) Yes\n (B) No", new Concept.Choices.Choice("(B)", "(A)"))),
                List.of(new MultipleChoice("What is 1 plus 1?", List.of("1", "2", "3", "4"), 1, "sums")),
                List.of("Tell me about the whale.", "Hello, how are you?"));
        JobSteering latent =
                new JobSteering("[{\"sae\":\"parley-7m-sae-l3\",\"latent\":146,\"op\":\"add\",\"value\":8}]");
        JobSteering vector = new JobSteering("[{\"vector\":\"mine\",\"strength\":0.45}]");
        EvaluateJob job = new EvaluateJob(
                List.of(ModelSpec.of("parley-7m")),
                List.of(latent, vector),
                List.of(-0.5, -0.0),
                items,
                ConceptSpec.ofStyle("pirate"),
                8);
        Path out = folder.resolve("out");
        try (Library library = Library.open(folder.resolve("data"));
                LanguageModel model =
                        library.model("parley-7m", job.models().get(0).options())) {
            keep(library, model, "mine");
            int[] seen = {0};
            JobResult part = job.run(LocalSparkTest::spark, OptionalLong.empty(), out, library, new JobListener() {
                @Override
                public void at(State state) {
                    seen[0] = state.stage().endsWith(" with steering") ? state.done() : 0;
                }

                @Override
                public boolean goesOn() {
                    return seen[0] < 2;
                }
            });
            assertThat(part.whole()).isFalse();
            assertThat(part.tasks()).isEqualTo(9); // 3 unsteered, 2 steerings at another multiple
            assertThat(part.done()).isBetween(5, 8);
            assertThat(job.run(LocalSparkTest::spark, OptionalLong.empty(), out, library, JobListener.SILENT))
                    .isEqualTo(new JobResult(9, 9, List.of()));
            Origin none = Origin.unknown(new ModelId("", ""), "narrow", "");
            library.keep("mine", List.of(new SteeringVector(Vec.of(1f, 2f), HookPoint.residPost(3), none)), true);
            assertThatThrownBy(() ->
                            job.run(LocalSparkTest::spark, OptionalLong.empty(), out, library, JobListener.SILENT))
                    .hasMessage("The vector does not fit the model.\n  vector: mine at blocks.3.hook_resid_post, 2 wide"
                            + "\n  model:  parley-7m, dModel = 256, 8 layers"
                            + "\n  try:    a job for each model, with vectors that were fitted on it");
            keep(library, model, "mine");
            List<String> index = Files.readAllLines(out.resolve("index.jsonl"));
            assertThat(index).hasSize(2);
            for (int i = 0; i < 2; i++) {
                JobSteering steering = job.steerings().get(i);
                var line = dev.pintle.base.Json.parse(index.get(i));
                assertThat(line.path("steer")).isEqualTo(steering.parsed());
                EvaluationAccount plain = plain(job, steering, library, model);
                assertThat(Files.readString(out.resolve(line.path("result").asText())))
                        .isEqualTo(json(plain, steering, library, model) + "\n");
                Path figure = folder.resolve("plain.svg");
                plain.figure().write(figure, Theme.LIGHT);
                assertThat(out.resolve(line.path("figure").asText())).hasSameTextualContentAs(figure);
            }
        }
    }

    private static EvaluationAccount plain(
            EvaluateJob job, JobSteering steering, Library library, LanguageModel model) {
        try (OpenSources sources = library.sources(model, true)) {
            TreeMap<Double, LanguageModel> models = new TreeMap<>(Map.of(0.0, model));
            models.put(
                    -0.5,
                    model.with(steering.spec()
                            .scaled(-0.5)
                            .resolve(sources, model, null, "steering")
                            .interventions()));
            return new EvaluationAccount(Evaluation.of(
                    models, model, job.items(), job.concept().concept(), job.maxNewTokens(), Progress.SILENT));
        }
    }

    /** What the command prints. */
    private static String json(EvaluationAccount account, JobSteering steering, Library library, LanguageModel model) {
        try (OpenSources sources = library.sources(model, true)) {
            return dev.pintle.base.Json.text(account.fields(
                    steering.parsed(),
                    EvaluationAccount.setup(
                            model,
                            steering.spec()
                                    .resolve(sources, model, null, "steering")
                                    .facts())));
        }
    }

    // ---------------------------------------------------------------- texts

    private Path texts() throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        return Files.write(folder.resolve("texts.jsonl"), all.subList(0, 24));
    }

    @Test
    @Tag("slow")
    void a_profile_read_in_parts_is_that_of_one_pass() throws Exception {
        ProfileJob job = new ProfileJob(
                ModelSpec.of("parley-7m"),
                "parley-7m-sae-l3",
                DType.FP32,
                texts().toString(),
                2,
                256,
                false,
                List.of("all"));
        try (Library library = Library.open(folder.resolve("data"))) {
            JobResult result = job.run(
                    LocalSparkTest::spark, OptionalLong.empty(), folder.resolve("out"), library, JobListener.SILENT);
            assertThat(result).isEqualTo(new JobResult(2, 2, List.of()));
        }
        try (Library library = Library.open();
                LanguageModel model = library.model("parley-7m", job.model().options());
                SparseAutoencoder sae = library.autoencoder("parley-7m-sae-l3", model.device(), DType.FP32)) {
            ProfileSettings settings = ProfileSettings.usual().withRoles(ProfileSettings.roles(List.of("all")));
            new Profiler(model, sae, sae.place(), folder.resolve("whole.sqlite"), settings)
                    .run(Texts.of(texts()), (stage, done, total) -> !stage.equals("effects")); // which need no texts
        }
        assertThat(rows(folder.resolve("out/profile.sqlite"))).isEqualTo(rows(folder.resolve("whole.sqlite")));
    }

    /** What a profile knows of texts: all but the effects of latents and the tokens that these name. */
    private static List<String> rows(Path database) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                Statement query = connection.createStatement()) {
            List<String> tables = new ArrayList<>();
            try (ResultSet names =
                    query.executeQuery("SELECT name FROM sqlite_master WHERE name IN ('facts', 'tallies')")) {
                while (names.next()) {
                    tables.add(names.getString(1));
                }
            }
            for (String table : tables) {
                try (ResultSet all = query.executeQuery("SELECT * FROM " + table)) {
                    int columns = all.getMetaData().getColumnCount();
                    while (all.next()) {
                        StringBuilder row = new StringBuilder(table);
                        for (int i = 1; i <= columns; i++) {
                            Object value = all.getObject(i);
                            row.append(' ')
                                    .append(
                                            value instanceof byte[] bytes
                                                    ? HexFormat.of().formatHex(bytes)
                                                    : value);
                        }
                        if (!row.toString().startsWith("facts state ")) { // without effects it is not finished
                            rows.add(row.toString());
                        }
                    }
                }
            }
        }
        rows.sort(null);
        return rows;
    }

    @Test
    @Tag("slow")
    void a_store_written_in_parts_has_the_rows_of_one_pass() throws IOException {
        HarvestJob job = new HarvestJob(
                ModelSpec.of("parley-7m"),
                List.of(),
                "3",
                texts().toString(),
                3,
                DType.FP32,
                4,
                256,
                false,
                false,
                List.of("all"));
        try (Library library = Library.open(folder.resolve("data"))) {
            JobResult result = job.run(
                    LocalSparkTest::spark, OptionalLong.empty(), folder.resolve("out"), library, JobListener.SILENT);
            assertThat(result).isEqualTo(new JobResult(3, 3, List.of()));
        }
        try (Library library = Library.open();
                LanguageModel model = library.model("parley-7m", job.model().options())) {
            HarvestSettings usual = HarvestSettings.usual();
            HarvestSettings settings =
                    new HarvestSettings(256, usual.tokensAtOnce(), false, false, usual.roles(), 0, DType.FP32, 4 << 20);
            new Harvest(
                            model,
                            new TreeSet<>(Set.of(HookPoint.residPost(3))),
                            folder.resolve("whole"),
                            settings,
                            Part.WHOLE)
                    .run(Texts.of(texts()), Harvest.Listener.SILENT);
        }
        Map<String, String> stored = activations(folder.resolve("out/store"));
        assertThat(stored).hasSizeGreaterThan(1000).isEqualTo(activations(folder.resolve("whole")));
    }

    /** Activations by document and position. */
    private static Map<String, String> activations(Path store) {
        Map<String, String> all = new TreeMap<>();
        ActivationStore open = ActivationStore.open(store);
        assertThat(open.missingParts()).isEmpty();
        try (RowReader reader = open.shuffled(HookPoint.residPost(3), 1, 1 << 20)) {
            for (ActivationRows rows = reader.next(500); rows.count() > 0; rows = reader.next(500)) {
                float[] numbers = rows.floats();
                int width = numbers.length / rows.count();
                for (int i = 0; i < rows.count(); i++) {
                    all.put(
                            rows.documents()[i] + " " + rows.positions()[i] + " " + rows.tokenIds()[i],
                            Arrays.toString(Arrays.copyOfRange(numbers, i * width, (i + 1) * width)));
                }
            }
        }
        return all;
    }
}
