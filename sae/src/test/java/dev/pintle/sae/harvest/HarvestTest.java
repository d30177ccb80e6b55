package dev.pintle.sae.harvest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Document;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HarvestTest {
    private static final HookPoint RESID = HookPoint.residPost(3);
    private static final HookPoint QUERIES = new HookPoint(HookPoint.Site.ATTN_Q, 2);
    private static final SortedSet<HookPoint> POINTS = new TreeSet<>(List.of(RESID, QUERIES));
    private static LanguageModel model;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private Path file(int count) throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        return Files.write(folder.resolve(count + ".jsonl"), all.subList(0, count));
    }

    /** About 500 rows a shard. */
    private static HarvestSettings settings(DType dtype) {
        return new HarvestSettings(
                64, 256, false, false, EnumSet.allOf(Role.class), 0, dtype, 500L * (512 * dtype.bytes() + 16));
    }

    private StoreManifest harvest(String name, Texts texts, Part part, Harvest.Listener listener) {
        return new Harvest(model, POINTS, folder.resolve(name), settings(DType.FP32), part).run(texts, listener);
    }

    /** Each row as text, in the order of the reader. */
    private static List<String> rows(RowReader reader, int atOnce) {
        List<String> rows = new ArrayList<>();
        try (reader) {
            for (ActivationRows some = reader.next(atOnce); some.count() > 0; some = reader.next(atOnce)) {
                float[] values = some.floats();
                int width = values.length / some.count();
                for (int i = 0; i < some.count(); i++) {
                    rows.add(some.documents()[i] + " " + some.positions()[i] + " " + some.tokenIds()[i] + " "
                            + Arrays.hashCode(Arrays.copyOfRange(values, i * width, (i + 1) * width)));
                }
            }
        }
        return rows;
    }

    private List<String> rows(String name) {
        return rows(ActivationStore.open(folder.resolve(name)).inOrder(RESID), 100);
    }

    private static List<String> sorted(List<String> rows) {
        List<String> sorted = new ArrayList<>(rows);
        Collections.sort(sorted);
        return sorted;
    }

    @Test
    void rows_are_what_the_model_computes_at_each_token_that_counts() throws IOException {
        Path file = file(12);
        StoreManifest manifest = harvest("a", Texts.of(file), Part.WHOLE, Harvest.Listener.SILENT);
        assertThat(manifest.finished()).isTrue();
        assertThat(manifest.shards().size()).isGreaterThan(1);
        ActivationStore store = ActivationStore.open(folder.resolve("a"));
        List<String> expected = new ArrayList<>();
        List<String> queries = new ArrayList<>();
        try (Texts.Reading reading = Texts.of(file).open();
                TensorScope scope = TensorScope.open("plain")) {
            for (long number = 0; reading.hasNext(); number++) {
                Document document = reading.next();
                int[] all = document.tokens(model.text());
                for (int from = 0; from < all.length; ) { // windows of 64, each beginning with BOS
                    int lead = from > 0 ? 1 : 0;
                    int[] ids = new int[Math.min(all.length - from, 64 - lead) + lead];
                    ids[0] = all[0];
                    System.arraycopy(all, from, ids, lead, ids.length - lead);
                    var run = model.run(TokenBatch.of(ids), RunOptions.reading(POINTS));
                    for (int t = lead; t < ids.length; t++) {
                        if (!model.tokenizer().isSpecial(ids[t])) {
                            String place = number + " " + (from + t - lead) + " " + ids[t] + " ";
                            expected.add(place + Arrays.hashCode(floats(run.row(RESID, 0), t)));
                            queries.add(place + Arrays.hashCode(floats(run.row(QUERIES, 0), t)));
                        }
                    }
                    from += ids.length - lead;
                }
            }
        }
        assertThat(sorted(rows(store.inOrder(RESID), 77))).isEqualTo(sorted(expected));
        assertThat(sorted(rows(store.inOrder(QUERIES), 77))).isEqualTo(sorted(queries));
        assertThat(store.rows()).isEqualTo(expected.size());

        // and any reader of safetensors reads a shard
        StoreManifest.Shard shard = manifest.shards().get(0);
        try (SafeTensors tensors = SafeTensors.open(folder.resolve("a").resolve(shard.file()));
                TensorScope scope = TensorScope.open("shard")) {
            assertThat(tensors.names())
                    .containsExactlyInAnyOrder(
                            RESID.toString(), QUERIES.toString(), "documents", "positions", "token_ids");
            Tensor resid = tensors.tensor(RESID.toString());
            assertThat(resid.size(0)).isEqualTo(shard.rows());
            assertThat(tensors.tensor(QUERIES.toString()).shape().rank()).isEqualTo(3);
            assertThat(rows("a").get(1)).endsWith(" " + Arrays.hashCode(floats(resid, 1)));
        }
    }

    private static float[] floats(Tensor rows, int row) {
        return rows.select(0, row).toFloats();
    }

    @Test
    void a_harvest_that_is_stopped_or_killed_goes_on_to_the_same_rows() throws IOException {
        Texts texts = Texts.of(file(26));
        harvest("whole", texts, Part.WHOLE, Harvest.Listener.SILENT);
        int[] calls = {0};
        assertThatThrownBy(() -> harvest("hurt", texts, Part.WHOLE, (rows, bytes, total) -> {
                    if (++calls[0] == 5) {
                        throw new IllegalStateException("power cut");
                    }
                    return true;
                }))
                .hasMessage("power cut");
        StoreManifest stopped = harvest("hurt", texts, Part.WHOLE, (rows, bytes, total) -> ++calls[0] % 7 != 0);
        assertThat(stopped.finished()).isFalse();
        assertThat(stopped.shards()).isNotEmpty();
        assertThat(ActivationStore.open(folder.resolve("hurt")).missingParts()).containsExactly(1);
        assertThat(harvest("hurt", texts, Part.WHOLE, Harvest.Listener.SILENT).finished())
                .isTrue();
        assertThat(rows("hurt")).isEqualTo(rows("whole"));
        assertThat(ActivationStore.open(folder.resolve("hurt")).problems(true, Progress.SILENT))
                .isEmpty();
        try (Stream<Path> files = Files.list(folder.resolve("hurt"))) {
            assertThat(files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".part")))
                    .isEmpty();
        }
        Path changed = file(26);
        Files.writeString(changed, Files.readString(changed).replaceFirst("content\": \"", "content\": \"Well. "));
        assertThatThrownBy(() -> harvest("hurt", Texts.of(changed), Part.WHOLE, Harvest.Listener.SILENT))
                .hasMessageStartingWith("The texts are not those that the store was begun with.");
    }

    @Test
    void parts_hold_the_rows_of_the_whole_and_are_read_shuffled_each_row_once() throws IOException {
        Texts texts = Texts.of(file(75));
        harvest("whole", texts, Part.WHOLE, Harvest.Listener.SILENT);
        for (int k = 1; k <= 2; k++) {
            harvest("parts", texts, new Part(k, 2), Harvest.Listener.SILENT);
            if (k == 1) {
                assertThat(ActivationStore.open(folder.resolve("parts")).missingParts())
                        .containsExactly(2);
            }
        }
        ActivationStore store = ActivationStore.open(folder.resolve("parts"));
        assertThat(store.missingParts()).isEmpty();
        assertThat(store.manifests()).allMatch(manifest -> manifest.rows() > 0);
        List<String> whole = sorted(rows("whole"));
        assertThat(sorted(rows(store.inOrder(RESID), 1000))).isEqualTo(whole);
        List<String> shuffled = rows(store.shuffled(RESID, 5, 400_000), 64);
        assertThat(sorted(shuffled)).isEqualTo(whole);
        assertThat(rows(store.shuffled(RESID, 5, 400_000), 99)).isEqualTo(shuffled);
        assertThat(rows(store.shuffled(RESID, 6, 400_000), 64)).isNotEqualTo(shuffled);
        long neighbours = 0;
        for (int i = 1; i < shuffled.size(); i++) {
            neighbours += document(shuffled.get(i)) == document(shuffled.get(i - 1)) ? 1 : 0;
        }
        assertThat(neighbours).isLessThan(shuffled.size() / 10);
        assertThatThrownBy(() -> store.shuffled(RESID, 5, 1000))
                .hasMessage("The buffer has the wrong size.\n  expected: 266240 to 2181037040 bytes, for rows of 1024"
                        + "\n  but was:  1000");
        assertThatThrownBy(() -> store.inOrder(HookPoint.residPost(1)))
                .hasMessage("The store has no such hook point.\n  store:    " + folder.resolve("parts")
                        + "\n  expected: blocks.2.attn.hook_q, blocks.3.hook_resid_post"
                        + "\n  but was:  blocks.1.hook_resid_post");
    }

    private static int document(String row) {
        return Integer.parseInt(row.substring(0, row.indexOf(' ')));
    }

    @Test
    void activations_are_rounded_to_the_dtype_of_the_store() throws IOException {
        Texts texts = Texts.of(file(6));
        SortedSet<HookPoint> one = new TreeSet<>(List.of(RESID));
        harvest("fp32", texts, Part.WHOLE, Harvest.Listener.SILENT);
        new Harvest(model, one, folder.resolve("bf16"), settings(DType.BF16), Part.WHOLE)
                .run(texts, Harvest.Listener.SILENT);
        try (RowReader exact = ActivationStore.open(folder.resolve("fp32")).inOrder(RESID);
                RowReader rounded = ActivationStore.open(folder.resolve("bf16")).inOrder(RESID);
                TensorScope scope = TensorScope.open("compare")) {
            ActivationRows rows = rounded.next(200);
            assertThat(rows.dtype()).isEqualTo(DType.BF16);
            assertThat(rows.tensor().to(DType.FP32).toFloats())
                    .isEqualTo(exact.next(200)
                            .tensor()
                            .to(DType.BF16)
                            .to(DType.FP32)
                            .toFloats());
        }
    }

    @Test
    void what_cannot_be_harvested_or_read_is_said() throws IOException {
        Texts texts = Texts.of(file(6));
        harvest("a", texts, Part.WHOLE, Harvest.Listener.SILENT);
        assertThatThrownBy(() -> new Harvest(model, POINTS, folder.resolve("a"), settings(DType.BF16), Part.WHOLE)
                        .run(texts, Harvest.Listener.SILENT))
                .hasMessage("The folder holds a store of something else.\n  manifest: "
                        + folder.resolve("a/manifest.json") + "\n  what:     dtype\n  expected: \"bf16\""
                        + "\n  but was:  \"fp32\"\n  try:      another folder");
        assertThatThrownBy(() -> harvest("a", texts, new Part(1, 2), Harvest.Listener.SILENT))
                .hasMessageStartingWith("The folder holds a store with other parts.");
        assertThatThrownBy(() -> new Harvest(
                        model,
                        new TreeSet<>(List.of(new HookPoint(HookPoint.Site.ATTN_PATTERN, 1))),
                        folder.resolve("b"),
                        settings(DType.FP32),
                        Part.WHOLE))
                .hasMessage("The hook point has no activation for each token.\n  hook point: blocks.1.attn.hook_pattern"
                        + "\n  its axes:   batch nHeads tokens slots");
        assertThatThrownBy(() -> new Harvest(
                                model,
                                POINTS,
                                folder.resolve("b"),
                                new HarvestSettings(
                                        64, 256, false, false, EnumSet.allOf(Role.class), 0, DType.FP32, 1 << 18),
                                Part.WHOLE)
                        .run(texts, Harvest.Listener.SILENT))
                .hasMessage("Shards of that size are too small.\n  expected: room for 256 rows, 1 MiB"
                        + "\n  but was:  0 MiB");
        ActivationStore store = ActivationStore.open(folder.resolve("a"));
        Path shard = folder.resolve("a").resolve(store.shards().get(0).file());
        byte[] bytes = Files.readAllBytes(shard);
        bytes[bytes.length - 1]++;
        Files.write(shard, bytes);
        assertThat(store.problems(false, Progress.SILENT)).isEmpty();
        assertThat(store.problems(true, Progress.SILENT))
                .containsExactly(shard.getFileName() + " has other content than was written.");
        Files.write(shard, Arrays.copyOf(bytes, 100));
        assertThat(store.problems(false, Progress.SILENT))
                .containsExactly(shard.getFileName() + " has 100 bytes instead of " + bytes.length + ".");
        assertThatThrownBy(() -> rows("a"))
                .hasMessage("A shard cannot be read.\n  file:  " + shard
                        + "\n  cause: it has other bytes than when it was written"
                        + "\n  try:   pintle harvest-info FOLDER --verify");
        Files.delete(shard);
        assertThat(store.problems(false, Progress.SILENT)).containsExactly(shard.getFileName() + " is missing.");
        assertThatThrownBy(() -> ActivationStore.open(folder.resolve("none")))
                .hasMessageStartingWith("There is no store of activations.\n  folder:   " + folder.resolve("none"));
    }
}
