package dev.pintle.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.pintle.base.PintleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStoreTest {
    private static final JsonNode NONE = JsonNodeFactory.instance.objectNode();

    @TempDir
    private Path folder = Path.of("");

    private RunStore store() {
        return RunStore.in(folder.resolve("runs"));
    }

    private static RunKey key(String settings) {
        try {
            return new RunKey("demo", "1.0", "parley-7m@1", "sae@1", new ObjectMapper().readTree(settings));
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private StoredRun finished(String settings) {
        try (OpenRun run = store().begin(key(settings), NONE)) {
            run.keep("base", bytes("{\"cosine\": 0.5}"));
            run.finish(bytes("<html>"));
            return store().find(run.id());
        }
    }

    @Test
    void a_run_is_kept_stage_by_stage_and_found_again() {
        StoredRun run = finished("{\"seed\": 42}");
        assertThat(run.id()).matches("\\d{8}-\\d{6}-[0-9a-f]{8}");
        assertThat(run.state()).isEqualTo(StoredRun.State.FINISHED);
        assertThat(run.stages()).containsExactly("base");
        assertThat(run.settings().get("seed").intValue()).isEqualTo(42);
        assertThat(run.numbers().at("/base/cosine").doubleValue()).isEqualTo(0.5);
        assertThat(run.report()).content().isEqualTo("<html>");
        assertThat(store().find("")).isEqualTo(run);
        assertThat(store().find(run.id().substring(0, 10))).isEqualTo(run);
        assertThat(store().find(run.hash().substring(0, 8))).isEqualTo(run);
    }

    @Test
    void a_stopped_run_is_gone_on_with_by_equal_settings_in_any_order_only() {
        String id;
        try (OpenRun run = store().begin(key("{\"a\": 1, \"b\": {\"c\": 2, \"d\": 3}}"), NONE)) {
            run.keep("base", bytes("[1]"));
            id = run.id();
            assertThat(run.resumed()).isFalse();
        }
        assertThat(store().find(id).state()).isEqualTo(StoredRun.State.STOPPED);
        try (OpenRun other = store().begin(key("{\"a\": 2}"), NONE)) {
            assertThat(other.resumed()).isFalse();
        }
        try (OpenRun again = store().begin(key("{\"b\": {\"d\": 3, \"c\": 2}, \"a\": 1}"), NONE)) {
            assertThat(again.resumed()).isTrue();
            assertThat(again.id()).isEqualTo(id);
            assertThat(again.stage("base")).hasValue(bytes("[1]"));
            assertThat(again.stage("other")).isEmpty();
            again.finish(bytes("<html>"));
        }
        try (OpenRun next = store().begin(key("{\"b\": {\"d\": 3, \"c\": 2}, \"a\": 1}"), NONE)) {
            assertThat(next.resumed()).isFalse();
            assertThat(next.id()).isNotEqualTo(id);
        }
    }

    @Test
    void a_run_that_somebody_is_at_work_on_is_not_gone_on_with() {
        try (OpenRun one = store().begin(key("{}"), NONE);
                OpenRun two = store().begin(key("{}"), NONE)) {
            assertThat(two.id()).isNotEqualTo(one.id());
            assertThat(store().list().runs())
                    .extracting(StoredRun::state)
                    .containsExactly(StoredRun.State.RUNNING, StoredRun.State.RUNNING);
        }
    }

    @Test
    void what_is_kept_is_not_changed_and_is_json() {
        try (OpenRun run = store().begin(key("{}"), NONE)) {
            run.keep("base", bytes("1"));
            assertThatThrownBy(() -> run.keep("base", bytes("2")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("The stage has been kept before.\n  stage: base\n  run:   " + run.folder());
            assertThatThrownBy(() -> run.keep("next", bytes("{\"a\":")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("What the stage next gave is no JSON: ");
            assertThatThrownBy(() -> run.keep("../next", bytes("1")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "A stage cannot have that name.\n  expected: lower-case letters and digits, with points,"
                                    + " dashes or underscores between them\n  but was:  ../next");
            run.finish(bytes("<html>"));
            assertThatThrownBy(() -> run.keep("late", bytes("1")))
                    .hasMessage("The run has been closed: " + run.folder());
        }
    }

    @Test
    void damaged_and_foreign_folders_are_reported_and_left_alone() throws IOException {
        StoredRun whole = finished("{}");
        StoredRun torn = finished("{\"a\": 1}");
        Files.writeString(torn.folder().resolve("stages").resolve("base.json"), "{\"cosine\": 0.");
        StoredRun timeless = finished("{\"a\": 2}");
        Files.writeString(timeless.folder().resolve("finished"), "{\"finished\": \"yesterday\"}");
        StoredRun pageless = finished("{\"a\": 3}");
        Files.delete(pageless.report());
        Path foreign = Files.createDirectories(folder.resolve("runs").resolve("holiday"));
        Path file = Files.writeString(folder.resolve("runs").resolve("notes.txt"), "mine");
        RunStore.Listing listing = store().list();
        assertThat(listing.runs()).containsExactly(whole);
        assertThat(listing.unusable())
                .containsExactlyInAnyOrder(
                        new RunStore.Unusable(torn.folder(), "stages/base.json cannot be read"),
                        new RunStore.Unusable(
                                timeless.folder(),
                                "a time in it cannot be read: Text 'yesterday' could not be parsed at index 0"),
                        new RunStore.Unusable(pageless.folder(), "it has finished but has no report.html"),
                        new RunStore.Unusable(foreign, "it has no run.json"),
                        new RunStore.Unusable(file, "it is no folder"));
        try (OpenRun run = store().begin(key("{\"a\": 1}"), NONE)) {
            assertThat(run.resumed()).isFalse();
        }
        assertThat(file).exists();
        assertThat(torn.folder()).exists();
    }

    @Test
    void a_stopped_run_with_a_damaged_stage_is_not_gone_on_with() throws IOException {
        Path damaged;
        try (OpenRun run = store().begin(key("{}"), NONE)) {
            run.keep("base", bytes("[1, 2, 3]"));
            damaged = Files.writeString(run.folder().resolve("stages").resolve("base.json"), "[1, 2");
        }
        try (OpenRun run = store().begin(key("{}"), NONE)) {
            assertThat(run.resumed()).isFalse();
        }
        assertThat(damaged).content().isEqualTo("[1, 2");
    }

    @Test
    void an_id_that_names_no_run_or_several_is_answered_with_those_there_are() {
        assertThatThrownBy(() -> store().find("20200101"))
                .hasMessage(
                        "There is no such run.\n  but was:   20200101\n  runs:      none yet; pintle demo\n  looked in: "
                                + folder.resolve("runs"));
        assertThatThrownBy(() -> store().find("")).hasMessageStartingWith("No run has finished yet.\n");
        String one = finished("{}").id();
        String two = finished("{\"a\": 1}").id();
        assertThatThrownBy(() -> store().find("20"))
                .hasMessageStartingWith("Several runs have an id like that.\n  but was: 20\n  runs:    ")
                .hasMessageContainingAll(one, two);
        assertThatThrownBy(() -> store().find("x")).hasMessageContainingAll(one, two);
    }

    @Test
    void the_key_tells_apart_all_that_changes_a_number() {
        JsonNode settings = JsonNodeFactory.instance.objectNode();
        assertThat(List.of(
                                new RunKey("demo", "1.0", "m", "s", settings),
                                new RunKey("base", "1.0", "m", "s", settings),
                                new RunKey("demo", "1.1", "m", "s", settings),
                                new RunKey("demo", "1.0", "m2", "s", settings),
                                new RunKey("demo", "1.0", "m", "s2", settings),
                                new RunKey("demo", "1.0", "ms", "", settings))
                        .stream()
                        .map(RunKey::hash))
                .doesNotHaveDuplicates();
    }

    @Test
    void what_a_stop_left_half_made_is_not_seen_and_is_removed_later() throws IOException {
        Path part;
        try (OpenRun run = store().begin(key("{}"), NONE)) {
            part = Files.writeString(run.folder().resolve("stages").resolve(".base.json.1.part"), "[1,");
            assertThat(store().find(run.id()).stages()).isEmpty();
        }
        Path runs = folder.resolve("runs");
        Path old = Files.createDirectories(runs.resolve(".new-1").resolve("stages"));
        Files.writeString(runs.resolve(".new-1").resolve("settings.json"), "{");
        Files.setLastModifiedTime(
                runs.resolve(".new-1"), FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Path fresh = Files.createDirectory(runs.resolve(".new-2")); // perhaps of a process that is beginning a run now
        assertThat(store().list().unusable()).isEmpty();
        try (OpenRun run = store().begin(key("{}"), NONE)) {
            assertThat(run.resumed()).isTrue();
        }
        assertThat(part).doesNotExist();
        assertThat(old).doesNotExist();
        assertThat(fresh).exists();
    }

    @Test
    void a_folder_that_cannot_be_written_is_named() throws IOException {
        Path file = Files.writeString(folder.resolve("runs"), "not a folder");
        assertThatThrownBy(() -> RunStore.in(file).begin(key("{}"), NONE))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("Runs cannot be kept.\n  folder: " + file + "\n  cause:  ")
                .hasMessageEndingWith("\n  try:    another folder for Pintle's data, by PINTLE_DATA");
    }

    @Test
    void a_folder_that_cannot_be_read_is_no_empty_one() throws IOException {
        Path file = Files.writeString(folder.resolve("runs.txt"), "not a folder");
        assertThatThrownBy(() -> RunStore.in(file).list())
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith("The runs cannot be listed.\n  folder: " + file + "\n  cause:  ");
        assertThat(RunStore.in(folder.resolve("missing")).list().runs()).isEmpty();
    }
}
