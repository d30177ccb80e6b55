package dev.pintle.steering.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.PintleException;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.DataLayout;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.tensor.io.Npy;
import dev.pintle.tensor.io.Npz;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Vector files and contrast data in the layouts in which other projects publish them. */
class PublicFormsTest {
    private static final int BLOCKS = 3;
    private static final float[] ROW = {1, 2, 3, 4};

    @TempDir
    private Path folder = Path.of("");

    private int next;

    private Path file(String name) throws IOException {
        return Files.createDirectories(folder.resolve(String.valueOf(next++))).resolve(name);
    }

    private interface Writer {
        void write(Path file) throws IOException;
    }

    private interface Reader {
        void read(Path file) throws IOException;
    }

    private DynamicTest form(String what, String name, Writer writer, Reader reader) {
        return DynamicTest.dynamicTest(what, () -> {
            try (TensorScope scope = TensorScope.open("public form")) {
                Path file = file(name);
                writer.write(file);
                reader.read(file);
            }
        });
    }

    // ---------------------------------------------------------------- vector files

    private static Tensor row(DType dtype) {
        return Tensor.of(ROW, 4).to(dtype);
    }

    private static Tensor matrix(int rows, DType dtype) {
        float[] numbers = new float[4 * rows];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i;
        }
        return Tensor.of(numbers, rows, 4).to(dtype);
    }

    private static VectorHints blocks() {
        return VectorHints.none().blocks(BLOCKS);
    }

    private Reader holds(VectorHints hints, HookPoint... at) {
        return file -> assertThat(VectorFiles.readAll(file, hints))
                .extracting(SteeringVector::at)
                .containsExactly(at);
    }

    /** The vector of block 1 is the row that holds these numbers. */
    private Reader holdsRow(VectorHints hints, int row) {
        return file -> assertThat(
                        VectorFiles.read(file, hints.layer(1)).direction().toArray())
                .containsExactly(4 * row, 4 * row + 1, 4 * row + 2, 4 * row + 3);
    }

    @TestFactory
    Stream<DynamicTest> vector_files_of_other_tools_are_read_where_they_mean() {
        List<DynamicTest> tests = new ArrayList<>();
        HookPoint one = HookPoint.residPost(1);
        HookPoint two = HookPoint.residPost(2);
        for (DType dtype : List.of(DType.FP32, DType.FP16, DType.BF16, DType.FP64)) {
            tests.add(form(
                    "CAA " + dtype,
                    "vec_layer_2_Llama-2-7b-chat-hf.pt",
                    f -> TorchCheckpoint.write(f, row(dtype)),
                    holds(blocks(), two)));
            tests.add(form(
                    "bare torch " + dtype,
                    "steer.pt",
                    f -> TorchCheckpoint.write(f, row(dtype)),
                    holds(blocks().layer(1), one)));
            tests.add(form(
                    "a row of a matrix " + dtype,
                    "steer.pt",
                    f -> TorchCheckpoint.write(f, matrix(1, dtype)),
                    holds(blocks().layer(2), two)));
            tests.add(form(
                    "a row a block " + dtype,
                    "layers.pt",
                    f -> TorchCheckpoint.write(f, matrix(BLOCKS, dtype)),
                    holdsRow(blocks(), 1)));
            tests.add(form(
                    "a row a hidden state " + dtype,
                    "layers.pt",
                    f -> TorchCheckpoint.write(f, matrix(BLOCKS + 1, dtype)),
                    holdsRow(blocks(), 2)));
            for (String kind : List.of("response_avg", "prompt_avg", "prompt_last")) {
                tests.add(form(
                        "persona_vectors " + kind + " " + dtype,
                        "evil_" + kind + "_diff.pt",
                        f -> TorchCheckpoint.write(f, matrix(BLOCKS + 1, dtype)),
                        holdsRow(kind.equals("prompt_avg") ? blocks() : VectorHints.none(), 2)));
            }
            tests.add(form(
                    "a dictionary of one " + dtype,
                    "d.pt",
                    f -> TorchCheckpoint.write(f, Map.of("direction", row(dtype))),
                    holds(blocks().layer(1), one)));
            tests.add(form(
                    "steering-vectors " + dtype,
                    "sv.pt",
                    f -> TorchCheckpoint.write(
                            f,
                            Map.of(
                                    "layer_activations",
                                    Map.of(1L, row(dtype), 2L, row(dtype)),
                                    "layer_type",
                                    "decoder_block")),
                    holds(blocks(), one, two)));
            if (dtype != DType.FP64) {
                tests.add(form(
                        "safetensors of one " + dtype,
                        "v.safetensors",
                        f -> SafeTensors.write(f, Map.of("direction", row(dtype)), Map.of()),
                        holds(blocks().layer(1), one)));
                tests.add(form(
                        "steering-lite " + dtype,
                        "v.safetensors",
                        f -> SafeTensors.write(
                                f, Map.of("layer1.v", row(dtype), "layer2.v", row(dtype)), Map.of("cfg", "{}")),
                        holds(blocks(), one, two)));
            }
            if (dtype == DType.FP32 || dtype == DType.FP64 || dtype == DType.FP16) {
                tests.add(form("npy " + dtype, "v.npy", f -> Npy.write(f, row(dtype)), holds(blocks().layer(1), one)));
                tests.add(form(
                        "npy a row a block " + dtype,
                        "v.npy",
                        f -> Npy.write(f, matrix(BLOCKS, dtype)),
                        holdsRow(blocks(), 1)));
                tests.add(form(
                        "npy a row a hidden state " + dtype,
                        "v.npy",
                        f -> Npy.write(f, matrix(BLOCKS + 1, dtype)),
                        holdsRow(blocks(), 2)));
                tests.add(form(
                        "npz of one " + dtype,
                        "v.npz",
                        f -> Npz.write(f, Map.of("arr_0", row(dtype))),
                        holds(blocks().layer(1), one)));
            }
        }
        for (String module : List.of(
                "layers.1",
                "model.layers.1",
                "transformer.h.1",
                "gpt_neox.layers.1",
                "language_model.model.layers.1",
                "_orig_mod.model.layers.1",
                "module.model.layers.1",
                "model.layers.1.block_output",
                "blocks.1.hook_resid_post",
                "layer_1",
                "layer1.vector")) {
            tests.add(form(
                    "torch by " + module,
                    "v.pt",
                    f -> TorchCheckpoint.write(f, Map.of(module, row(DType.FP32))),
                    holds(blocks(), one)));
            tests.add(form(
                    "safetensors by " + module,
                    "v.safetensors",
                    f -> SafeTensors.write(f, Map.of(module, row(DType.FP32)), Map.of()),
                    holds(blocks(), one)));
            tests.add(form(
                    "npz by " + module,
                    "v.npz",
                    f -> Npz.write(f, Map.of(module, row(DType.FP32))),
                    holds(blocks(), one)));
        }
        tests.add(form(
                "torch by hidden state",
                "v.pt",
                f -> {
                    Map<Object, Object> states = new LinkedHashMap<>();
                    for (long i = 0; i <= BLOCKS; i++) {
                        states.put(i, row(DType.FP32));
                    }
                    TorchCheckpoint.write(f, states);
                },
                holds(blocks(), HookPoint.residPre(0), HookPoint.residPost(0), one, two)));
        for (String architecture : List.of("controlvector", "steeringvector")) {
            tests.add(form(
                    "GGUF " + architecture,
                    "v.gguf",
                    f -> Gguf.write(
                            f,
                            Map.of(
                                    "general.architecture",
                                    GgufValue.of(architecture),
                                    architecture + ".model_hint",
                                    GgufValue.of("llama")),
                            Map.of("direction.1", row(DType.FP32), "direction.2", row(DType.FP32))),
                    holds(blocks(), one, two)));
        }
        tests.add(form(
                "lm-eval dictionary",
                "v.pt",
                f -> TorchCheckpoint.write(
                        f,
                        Map.of(
                                "layers.1",
                                Map.of(
                                        "steering_vector",
                                        row(DType.FP32),
                                        "steering_coefficient",
                                        2.0,
                                        "action",
                                        "add"))),
                holds(blocks(), one)));
        tests.add(form(
                "lm-eval list",
                "v.pt",
                f -> TorchCheckpoint.write(
                        f,
                        List.of(Map.of(
                                "hookpoint",
                                "layers.1",
                                "steering_vector",
                                row(DType.FP32),
                                "steering_coefficient",
                                2.0,
                                "action",
                                "add"))),
                holds(blocks(), one)));
        tests.add(form(
                "refusal_direction",
                "direction.pt",
                f -> {
                    TorchCheckpoint.write(f, row(DType.FP64));
                    Files.writeString(f.resolveSibling("direction_metadata.json"), "{\"pos\": -1, \"layer\": 2}");
                },
                holds(blocks(), one)));
        tests.add(form(
                "refusal_direction mean differences",
                "mean_diffs.pt",
                f -> {
                    TorchCheckpoint.write(f, Tensor.of(new float[24], 2, 3, 4));
                    Files.writeString(f.resolveSibling("direction_metadata.json"), "{\"pos\": -1, \"layer\": 2}");
                },
                holds(blocks(), one)));
        tests.add(form(
                "svec",
                "v.svec",
                f -> Files.writeString(f, "{\"model_type\": \"llama\", \"directions\": {\"1\": [1, 2, 3, 4]}}"),
                holds(blocks(), one)));
        return tests.stream();
    }

    // ---------------------------------------------------------------- contrast data

    private Reader pairs(DataLayout layout, int count, String positive, String negative) {
        return file -> {
            List<ContrastPair> pairs = ContrastData.open(file, layout).pairs();
            assertThat(pairs).hasSize(count);
            assertThat(pairs.get(0).positive().lastMessage().content()).isEqualTo(positive);
            assertThat(pairs.get(0).negative().lastMessage().content()).isEqualTo(negative);
            assertThat(pairs.get(0).label()).contains("line");
        };
    }

    private Reader texts(DataLayout layout, String... expected) {
        return file -> {
            assertThat(ContrastData.open(file, layout).prompts())
                    .extracting(prompt -> prompt.lastMessage().content())
                    .containsExactly(expected);
            assertThat(ContrastData.open(file, layout.withTexts(DataLayout.TextAs.USER))
                            .prompts())
                    .allMatch(prompt -> prompt.ending() == Prompt.Ending.GENERATION_HEADER);
        };
    }

    private static Writer text(String text) {
        return file -> Files.writeString(file, text);
    }

    @TestFactory
    Stream<DynamicTest> contrast_data_is_read_as_its_authors_keep_it() {
        List<DynamicTest> tests = new ArrayList<>();
        DataLayout usual = DataLayout.USUAL;
        for (List<String> sides :
                List.of(List.of("positive", "negative"), List.of("pos", "neg"), List.of("chosen", "rejected"))) {
            String p = sides.get(0);
            String n = sides.get(1);
            String rows = "{\"" + p + "\": \"a\", \"" + n + "\": \"b\"}%s{\"" + p + "\": \"c\", \"" + n + "\": \"d\"}";
            tests.add(form("lines of " + p, "d.jsonl", text(String.format(rows, "\n")), pairs(usual, 2, "a", "b")));
            tests.add(form(
                    "list of " + p, "d.json", text("[" + String.format(rows, ",\n") + "]"), pairs(usual, 2, "a", "b")));
            tests.add(form(
                    "train of " + p,
                    "d.json",
                    text("{\"train\": [" + String.format(rows, ",") + "], \"test\": []}"),
                    pairs(usual, 2, "a", "b")));
            tests.add(form(
                    "test of " + p,
                    "d.json",
                    text("{\"train\": [], \"test\": [" + String.format(rows, ",") + "]}"),
                    pairs(usual.withSplit("test"), 2, "a", "b")));
            tests.add(form(
                    "lists of " + p,
                    "d.json",
                    text("{\"" + p + "\": [\"a\", \"c\"], \"" + n + "\": [\"b\", \"d\"]}"),
                    pairs(usual, 2, "a", "b")));
            tests.add(form(
                    "CSV of " + p, "d.csv", text(p + "," + n + ",id\n\"a\",b,1\nc,d,2\n"), pairs(usual, 2, "a", "b")));
            tests.add(form("TSV of " + p, "d.tsv", text(p + "\t" + n + "\na\tb\nc\td\n"), pairs(usual, 2, "a", "b")));
            tests.add(form(
                    "preferences of " + p,
                    "d.jsonl",
                    text("{\"prompt\": \"q\", \"" + p + "\": \"a\", \"" + n + "\": \"b\"}"),
                    file -> {
                        ContrastPair pair = ContrastData.readPairs(file).get(0);
                        assertThat(pair.positive().messages()).hasSize(2);
                        assertThat(pair.positive().messages().get(0).content()).isEqualTo("q");
                    }));
        }
        tests.add(form("arrays of two", "d.json", text("[[\"a\", \"b\"], [\"c\", \"d\"]]"), pairs(usual, 2, "a", "b")));
        tests.add(form("lines of two", "d.jsonl", text("[\"a\", \"b\"]\n[\"c\", \"d\"]\n"), pairs(usual, 2, "a", "b")));
        tests.add(form(
                "a byte order mark and Windows lines",
                "d.csv",
                text("\uFEFFpositive,negative\r\na,b\r\n"),
                pairs(usual, 1, "a", "b")));
        tests.add(form(
                "activation-steering conditions",
                "condition_harmful.json",
                text(
                        "{\"train\": [{\"harmful\": \"a\", \"harmless\": \"b\"}], \"test\": [{\"harmful\": \"c\", \"harmless\": \"d\"}]}"),
                pairs(usual.withColumns("harmful,harmless"), 1, "a", "b")));
        tests.add(form(
                "activation-steering responses",
                "behavior_refusal.json",
                text(
                        "{\"compliant_responses\": [\"Sure\", \"Yes\"], \"non_compliant_responses\": [\"No\", \"Never\"]}"),
                file -> {
                    List<ContrastPair> answers = ContrastData.open(
                                    file, usual.withColumns("non_compliant_responses,compliant_responses"))
                            .answersTo(List.of("q1", "q2", "q3"));
                    assertThat(answers).hasSize(3);
                    assertThat(answers.get(2).positive().messages())
                            .extracting(message -> message.content())
                            .containsExactly("q3", "No");
                    assertThat(answers.get(1).negative().lastMessage().content())
                            .isEqualTo("Yes");
                }));
        tests.add(form(
                "persona_vectors trait",
                "evil.json",
                text(
                        "{\"instruction\": [{\"pos\": \"be evil\", \"neg\": \"be good\"}, {\"pos\": \"p\", \"neg\": \"n\"}],"
                                + " \"questions\": [\"q1\", \"q2\", \"q3\"], \"eval_prompt\": \"judge\"}"),
                file -> {
                    ContrastData data = ContrastData.open(file, usual);
                    List<ContrastPair> pairs = data.persona();
                    assertThat(pairs).hasSize(6).noneMatch(ContrastPair::padded);
                    assertThat(pairs.get(0).positive().messages().get(0).content())
                            .isEqualTo("be evil");
                    assertThat(data.notes()).containsExactly("evil.json: not read: eval_prompt");
                }));
        tests.add(form(
                "refusal_direction instructions",
                "harmful_train.json",
                text("[{\"instruction\": \"a\", \"category\": null}, {\"instruction\": \"b\", \"category\": \"x\"}]"),
                texts(usual, "a", "b")));
        tests.add(form(
                "alpaca questions",
                "alpaca.json",
                text("{\"train\": [{\"question\": \"a\"}], \"test\": [{\"question\": \"b\"}]}"),
                texts(usual, "a")));
        tests.add(form(
                "advbench CSV",
                "harmful_behaviors.csv",
                text("goal,target\nDo a,Sure\n\"Do b, then c\",Sure\n"),
                texts(usual.withColumns("goal"), "Do a", "Do b, then c")));
        tests.add(form("a list of strings", "t.json", text("[\"a\", \"b\"]"), texts(usual, "a", "b")));
        tests.add(form("lines of strings", "t.jsonl", text("\"a\"\n\"b\"\n"), texts(usual, "a", "b")));
        tests.add(form("one text per line", "t.txt", text("a\n\n b \n"), texts(usual, "a", "b")));
        for (String answers : List.of("(A)|(B)", " (A)| (B)", " Yes| No", "A|B", "(A) I do|(B) I do not")) {
            String[] both = answers.split("\\|", -1);
            String item = "{\"question\": \"Is it?\", \"answer_matching_behavior\": \"" + both[0]
                    + "\", \"answer_not_matching_behavior\": \"" + both[1] + "\"}";
            for (Map.Entry<String, String> form : Map.of(
                            "d.json",
                            "[" + item + "]",
                            "d.jsonl",
                            item + "\n",
                            "all.json",
                            "{\"train\": [" + item + "]}")
                    .entrySet()) {
                tests.add(form(
                        "answers " + answers + " in " + form.getKey(), form.getKey(), text(form.getValue()), file -> {
                            List<ContrastPair> pairs = ContrastData.readAnswers(file);
                            assertThat(pairs).hasSize(1);
                            assertThat(ContrastData.usualPositions(pairs))
                                    .isEqualTo(
                                            both[0].contains("Yes")
                                                    ? Positions.answerWord()
                                                    : Positions.answerLetter());
                        }));
            }
        }
        return tests.stream();
    }

    @TestFactory
    Stream<DynamicTest> what_does_not_fit_is_refused_with_its_line() {
        Map<String, String> broken = new LinkedHashMap<>();
        broken.put("[{\"positive\": \"a\"}]", "expected: a string");
        broken.put(
                "{\"positive\": \"a\", \"positive\": \"b\", \"negative\": \"c\"}",
                "the key 'positive' is in an object twice");
        broken.put("[{\"positive\": \"a\", \"negative\": \"b\"}, 7]", "but was:  7");
        broken.put("[{\"positive\": \"a\", \"pos\": \"b\", \"negative\": \"c\"}]", "--columns POSITIVE,NEGATIVE");
        broken.put("{\"a\": [1], \"b\": [2]}", "--split NAME selects one");
        broken.put("{\"positive\": [\"a\", \"b\"], \"negative\": [\"c\"]}", "as many positive as negative");
        broken.put("[]", "at least one pair");
        broken.put("", "at least one pair");
        broken.put("[[\"a\", \"b\", \"c\"]]", "[positive, negative]");
        broken.put("[\n{\"positive\": \"a\", ", "line:     2");
        return broken.entrySet().stream()
                .map(entry -> form("refused: " + entry.getKey(), "d.json", text(entry.getKey()), file -> {
                    try {
                        ContrastData.readPairs(file);
                    } catch (PintleException e) {
                        assertThat(e).hasMessageContaining("file:").hasMessageContaining("line:");
                        assertThat(e.getMessage()).contains(entry.getValue().replaceFirst("^expected: a string", ""));
                        return;
                    }
                    throw new AssertionError("read: " + entry.getKey());
                }));
    }
}
