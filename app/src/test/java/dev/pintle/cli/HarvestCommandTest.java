package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class HarvestCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private String out = "";
    private String err = "";

    private int run(String... args) {
        CommandRun run = CommandRun.of(folder, Map.of(), args);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private int harvest(String... more) {
        List<String> args =
                new ArrayList<>(List.of("harvest", "--model", Golden.parley().toString()));
        args.addAll(List.of(
                "--device", "cpu", "--texts", folder.resolve("texts.jsonl").toString()));
        args.addAll(List.of("--out", folder.resolve("store").toString()));
        args.addAll(List.of(more));
        return run(args.toArray(String[]::new));
    }

    @Test
    void a_store_is_written_told_of_and_checked() throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        Files.write(folder.resolve("texts.jsonl"), all.subList(0, 4));
        assertThat(harvest()).isEqualTo(1);
        assertThat(err).isEqualTo("""
                There is nothing to store.
                  expected: --layers LIST or --at PATTERN
                  try:      --layers 3, for blocks.3.hook_resid_post
                """);
        assertThat(harvest("--layers", "2-3", "--stored-as", "bf16", "--shard-size", "3"))
                .isZero();
        assertThat(out)
                .contains(
                        "store\n  ",
                        " rows of 4 texts at blocks.2.hook_resid_post [256], blocks.3.hook_resid_post"
                                + " [256] as bf16; 1 shard, ",
                        " rows/s\n");
        assertThat(harvest("--layers", "2-3", "--stored-as", "bf16", "--shard-size", "3", "--json"))
                .isZero();
        assertThat(out).contains("\"rows_added\" : 0", "\"finished\" : true");
        assertThat(harvest("--layers", "2", "--part", "1/2", "--max-tokens", "5"))
                .isEqualTo(2);
        String store = folder.resolve("store").toString();
        assertThat(run("harvest-info", store, "--verify")).isZero();
        assertThat(out)
                .startsWith(store + "\n  model:       ")
                .contains("\n  tokens:      windows of 256, roles user, assistant, other, header\n  rows:        ");
        assertThat(run("harvest-info", store, "--json")).isZero();
        assertThat(out).contains("\"problems\" : [ ]", "\"missing_parts\" : [ ]", "\"checked\" : \"size\"");
        Files.write(folder.resolve("store/activations-000000.safetensors"), new byte[] {1});
        assertThat(run("harvest-info", store)).isEqualTo(1);
        assertThat(err)
                .contains("The store is damaged.\n  folder: " + store
                        + "\n  shard:  activations-000000.safetensors has 1 bytes instead of ");
    }
}
