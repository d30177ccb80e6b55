package dev.pintle.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDiffTest {
    @TempDir
    private Path folder = Path.of("");

    private StoredRun run(String settings, String stage) throws IOException {
        RunKey key = new RunKey("demo", "1.0", "m", "s", new ObjectMapper().readTree(settings));
        try (OpenRun run = RunStore.in(folder).begin(key, new ObjectMapper().readTree("{\"threads\": 2}"))) {
            run.keep("base", stage.getBytes(UTF_8));
            run.finish(new byte[0]);
            return RunStore.in(folder).find(run.id());
        }
    }

    private RunDiff diff(String a, String b) throws IOException {
        return RunDiff.of(run("{\"a\": 1}", a), run("{\"a\": 1}", b), 1e-6);
    }

    @Test
    void equal_runs_do_not_differ() throws IOException {
        RunDiff diff = diff(
                "{\"seconds\": 1, \"a\": [1, {\"b\": \"text\"}], \"nan\": \"NaN\"}",
                "{\"seconds\": 2, \"nan\": \"NaN\", \"a\": [1.0, {\"b\": \"text\"}]}");
        assertThat(diff.same()).isTrue();
        assertThat(diff.compared()).isEqualTo(2);
    }

    @Test
    void numbers_are_compared_by_path_the_most_changed_first() throws IOException {
        RunDiff diff = diff(
                "{\"error\": {\"percent\": 580}, \"parts\": [{\"x\": 0.5}], \"tiny\": 1}",
                "{\"error\": {\"percent\": 576}, \"parts\": [{\"x\": -0.5}], \"tiny\": 1.0000001}");
        assertThat(diff.numbers())
                .containsExactly(
                        new RunDiff.Change("base/parts[0]/x", 0.5, -0.5, -1, 2),
                        new RunDiff.Change("base/error/percent", 580, 576, -4, 4 / 580.0));
        assertThat(diff.compared()).isEqualTo(3);
    }

    @Test
    void a_long_list_of_numbers_is_one_value_shown_where_it_changed_most() throws IOException {
        RunDiff diff = diff("[0,3,4,0,0,0,0,0,0,0]", "[0,3,4,0,0,0.5,0,0,1,0]");
        assertThat(diff.numbers()).hasSize(1);
        RunDiff.Change change = diff.numbers().get(0);
        assertThat(change.path()).isEqualTo("base[8]");
        assertThat(change.b()).isEqualTo(1);
        assertThat(change.relative()).isCloseTo(Math.sqrt(1.25 / 26.25), org.assertj.core.data.Offset.offset(1e-12));
        assertThat(diff("[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,8,9,10]").texts())
                .containsExactly(new RunDiff.Words("base", "a list of 9", "a list of 10"));
    }

    @Test
    void a_value_that_becomes_none_changed_without_bound() throws IOException {
        RunDiff diff = diff("{\"a\": 1}", "{\"a\": \"NaN\"}");
        assertThat(diff.numbers()).hasSize(1);
        assertThat(diff.numbers().get(0).relative()).isInfinite();
    }

    @Test
    void texts_and_what_only_one_run_has_are_listed() throws IOException {
        RunDiff diff = diff("{\"text\": \"Ahoy\", \"old\": 1}", "{\"text\": \"Hello\", \"new\": true}");
        assertThat(diff.texts()).containsExactly(new RunDiff.Words("base/text", "Ahoy", "Hello"));
        assertThat(diff.onlyInA()).containsExactly("base/old");
        assertThat(diff.onlyInB()).containsExactly("base/new");
    }

    @Test
    void other_settings_are_named_before_all_else() throws IOException {
        RunDiff diff = RunDiff.of(run("{\"seed\": 1, \"style\": \"bard\"}", "1"), run("{\"seed\": 2}", "1"), 1e-6);
        assertThat(diff.circumstances())
                .containsExactly(
                        new RunDiff.Words("settings/seed", "1", "2"), new RunDiff.Words("settings/style", "there", ""));
        assertThat(diff.numbers()).isEmpty();
    }
}
