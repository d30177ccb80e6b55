package dev.pintle.steering.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.base.PintleException;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.Parley;
import dev.pintle.steering.Stability;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorComparison;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.tensor.io.Npy;
import dev.pintle.tensor.io.Npz;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VectorFilesTest {
    private static final Vec NUMBERS = Vec.of(0.1f, -2, Float.MIN_VALUE, 3.4e38f);
    private static final Origin ORIGIN = new Origin(
            new ModelId("parley-7m", "content-abc"),
            new Origin.Method("last-position", "last", "mean", "each direction of length 1"),
            new Origin.Data(40, "cc", 40),
            new Origin.Capture("aa", "bb", "FP32", "cpu"),
            new Origin.Measures(0.57, 10.9, Double.NaN, new Stability(0.98, 0.9, 0.99), 42),
            "");

    @TempDir
    private Path folder = Path.of("");

    private TensorScope scope = TensorScope.owner("none yet");

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static SteeringVector vector(int layer) {
        return new SteeringVector(NUMBERS, HookPoint.residPost(layer), ORIGIN);
    }

    @Test
    void a_vector_written_and_read_is_the_same_to_the_bit() {
        for (String name : List.of("v.safetensors", "v.gguf")) {
            VectorFiles.write(vector(3), folder.resolve(name));
            assertThat(VectorFiles.read(folder.resolve(name))).as(name).isEqualTo(vector(3));
        }
        for (String name : List.of("v.pt", "v.npy")) {
            VectorFiles.write(vector(3), folder.resolve(name));
            SteeringVector back =
                    VectorFiles.read(folder.resolve(name), VectorHints.none().layer(3));
            assertThat(back.direction()).as(name).isEqualTo(NUMBERS);
            assertThat(back.at()).as(name).isEqualTo(HookPoint.residPost(3));
        }
    }

    @Test
    void several_layers_share_a_file() {
        List<SteeringVector> layers = List.of(vector(1), vector(2), vector(5));
        for (String name : List.of("v.safetensors", "v.gguf")) {
            Path file = folder.resolve(name);
            VectorFiles.write(layers, file);
            assertThat(VectorFiles.readAll(file, VectorHints.none())).isEqualTo(layers);
            assertThat(VectorFiles.read(file, VectorHints.none().layer(5))).isEqualTo(vector(5));
            assertThatThrownBy(() -> VectorFiles.read(file))
                    .hasMessage("The file contains vectors of several layers.\n  file:   " + file
                            + "\n  layers: 1, 2, 5\n  try:    specifying the layer: --layer 2");
        }
        assertThatThrownBy(() -> VectorFiles.write(layers, folder.resolve("v.npy")))
                .hasMessage("The format can only hold one vector.\n  file:    " + folder.resolve("v.npy")
                        + "\n  but was: blocks.1.hook_resid_post, blocks.2.hook_resid_post, blocks.5.hook_resid_post"
                        + "\n  try:     one file per layer, with --layer, or .safetensors or .gguf");
    }

    @Test
    void block_zero_is_not_written_for_llama_cpp() {
        Path file = folder.resolve("v.gguf");
        assertThatThrownBy(() -> VectorFiles.write(vector(0), file))
                .hasMessage("llama.cpp cannot steer block 0, so a file for it would have no effect.\n  file:   " + file
                        + "\n  vector: blocks.0.hook_resid_post\n  try:    blocks from 1 on, or .safetensors");
        assertThat(file).doesNotExist();
    }

    @Test
    void block_zero_is_left_out_for_llama_cpp_and_kept_for_repeng_and_easysteer() {
        List<SteeringVector> layers = List.of(vector(0), vector(1), vector(2));
        Path file = folder.resolve("v.gguf");
        assertThat(VectorFiles.write(layers, file).leftOut())
                .containsExactly("blocks.0.hook_resid_post is omitted: llama.cpp cannot steer block 0");
        assertThat(VectorFiles.readAll(file, VectorHints.none())).containsExactly(vector(1), vector(2));
        try (Gguf gguf = Gguf.open(file)) {
            assertThat(gguf.metadata()).containsEntry("controlvector.layer_count", "2");
        }
        for (VectorTarget target : List.of(VectorTarget.REPENG, VectorTarget.EASYSTEER)) {
            assertThat(VectorFiles.write(layers, file, target).leftOut()).isEmpty();
            assertThat(VectorFiles.readAll(file, VectorHints.none())).isEqualTo(layers);
        }
        assertThatThrownBy(() -> VectorFiles.write(layers, folder.resolve("v.pt"), VectorTarget.REPENG))
                .hasMessage(
                        "The tool expects a file with a different extension.\n  tool:     repeng\n  expected: a name"
                                + " that ends in .gguf\n  but was:  " + folder.resolve("v.pt"));
    }

    @Test
    void vectors_between_others_may_be_left_out_and_the_rest_are_told() {
        List<SteeringVector> mixed = List.of(
                new SteeringVector(NUMBERS, HookPoint.residPost(2), ORIGIN),
                new SteeringVector(NUMBERS, HookPoint.mlpOut(3), ORIGIN),
                new SteeringVector(NUMBERS, HookPoint.residPost(5), ORIGIN));
        VectorFiles.Written written = VectorFiles.write(mixed, folder.resolve("mixed.gguf"));
        assertThat(written.vectors()).containsExactly(mixed.get(0), mixed.get(2));
        assertThat(written.leftOut())
                .containsExactly(
                        "blocks.3.hook_mlp_out is omitted: llama.cpp only steers the residual stream after a block");
    }

    @Test
    void records_that_differ_are_kept_for_each_vector_of_a_file() {
        SteeringVector other = new SteeringVector(
                NUMBERS.times(0.5), HookPoint.residPost(5), Origin.unknown(ORIGIN.model(), "by-hand", "a bare vector"));
        SteeringVector embedding = new SteeringVector(NUMBERS, HookPoint.residPre(0), ORIGIN);
        List<SteeringVector> all = List.of(embedding, vector(0), vector(3), other);
        VectorFiles.write(all, folder.resolve("v.safetensors"));
        assertThat(VectorFiles.readAll(folder.resolve("v.safetensors"), VectorHints.none()))
                .isEqualTo(all);
        assertThat(VectorFiles.read(
                        folder.resolve("v.safetensors"), VectorHints.none().layer(0)))
                .isEqualTo(vector(0));
    }

    @Test
    void a_control_vector_has_what_its_readers_require() {
        VectorFiles.write(vector(3), folder.resolve("v.gguf"));
        try (Gguf gguf = Gguf.open(folder.resolve("v.gguf"))) {
            assertThat(gguf.metadata())
                    .containsEntry("general.architecture", "controlvector")
                    .containsEntry("controlvector.model_hint", "llama")
                    .containsEntry("controlvector.layer_count", "1");
            assertThat(gguf.names()).containsExactly("direction.3");
            assertThat(gguf.listed("direction.3").type()).isEqualTo("F32");
        }
    }

    @Test
    void the_harness_gets_a_dictionary_with_all_four_keys() {
        VectorFiles.write(vector(3), folder.resolve("v.pt"));
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(folder.resolve("v.pt"))) {
            Map<?, ?> steer = (Map<?, ?>)
                    Objects.requireNonNull(((Map<?, ?>) Objects.requireNonNull(checkpoint.root())).get("layers.3"));
            assertThat(steer.keySet().stream().map(String::valueOf))
                    .containsExactlyInAnyOrder("steering_vector", "steering_coefficient", "action", "bias");
            assertThat(steer.get("bias")).isNull();
        }
        VectorFiles.write(List.of(vector(1), vector(3)), folder.resolve("two.pt"));
        assertThat(VectorFiles.readAll(folder.resolve("two.pt"), VectorHints.none()))
                .extracting(SteeringVector::at)
                .containsExactly(HookPoint.residPost(1), HookPoint.residPost(3));
    }

    @Test
    void changed_numbers_are_noticed() throws IOException {
        Path file = folder.resolve("v.safetensors");
        VectorFiles.write(vector(3), file);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 6] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> VectorFiles.read(file))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(
                        "The steering vector cannot be used.\n  file:     " + file + "\n  expected: values with hash ");
    }

    @Test
    void gguf_of_other_tools_keeps_their_layer_conventions() {
        Path file = folder.resolve("other.gguf");
        Map<String, GgufValue> repeng = new LinkedHashMap<>();
        repeng.put("general.architecture", GgufValue.of("controlvector"));
        repeng.put("controlvector.model_hint", GgufValue.of("llama"));
        repeng.put("controlvector.layer_count", GgufValue.uint32(1));
        Gguf.write(file, repeng, Map.of("direction.7", Tensor.of(NUMBERS)));
        SteeringVector fromRepeng = VectorFiles.read(file);
        assertThat(fromRepeng.at()).isEqualTo(HookPoint.residPost(7));
        assertThat(fromRepeng.origin().model().name()).isEqualTo("llama");
        assertThat(fromRepeng.origin().source()).isEqualTo("controlvector GGUF, direction.7: output of block 7");
        repeng.put("controlvector.layer_count", new GgufValue.Int(GgufValue.Kind.INT32, 1));
        Gguf.write(file, repeng, Map.of("direction.7", Tensor.of(NUMBERS)));
        assertThat(VectorFiles.read(file).origin().source())
                .isEqualTo(
                        "cvector-generator GGUF, direction.7: read at the output of block 6, applied by llama.cpp after block 7");
        Gguf.write(
                file,
                Map.of("general.architecture", GgufValue.of("steeringvector")),
                Map.of("direction.2", Tensor.of(NUMBERS)));
        assertThat(VectorFiles.read(file).at()).isEqualTo(HookPoint.residPost(2));
        repeng.put("glp.mode", GgufValue.of("project"));
        repeng.put("glp.hook_point", GgufValue.of("ffn_out_pre_residual"));
        Gguf.write(file, repeng, Map.of("direction.7", Tensor.of(NUMBERS)));
        assertThatThrownBy(() -> VectorFiles.read(file))
                .hasMessage("The file's directions are not meant to be added.\n  file:      " + file
                        + "\n  operation: project\n  try:       reading it withProjections, and Ablate or"
                        + " Clamp instead of Add");
        assertThat(VectorFiles.read(file, VectorHints.none().withProjections()).at())
                .isEqualTo(HookPoint.mlpOut(7));
    }

    @Test
    void torch_files_of_other_tools_keep_their_layer_conventions() throws IOException {
        Path caa = folder.resolve("vec_layer_13_Llama-2-7b-chat-hf.pt");
        TorchCheckpoint.write(caa, Tensor.of(NUMBERS));
        assertThat(VectorFiles.read(caa).at()).isEqualTo(HookPoint.residPost(13));
        assertThat(VectorFiles.read(caa).origin().model().name()).isEqualTo("Llama-2-7b-chat-hf");
        Path steering = folder.resolve("steering-vectors.pt");
        TorchCheckpoint.write(
                steering, Map.of("layer_activations", Map.of(4L, Tensor.of(NUMBERS)), "layer_type", "decoder_block"));
        assertThat(VectorFiles.read(steering).at()).isEqualTo(HookPoint.residPost(4));
        Path bare = folder.resolve("bare.pt");
        TorchCheckpoint.write(bare, Tensor.of(NUMBERS));
        assertThatThrownBy(() -> VectorFiles.read(bare))
                .hasMessage("The file does not say which layer its vector belongs to.\n  file:  " + bare
                        + "\n  holds: [4] fp32 on cpu\n  try:   specifying the layer: --layer L");
        Path means = folder.resolve("mean_diffs.pt");
        TorchCheckpoint.write(means, Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2));
        Files.writeString(folder.resolve("direction_metadata.json"), "{\"pos\": -1, \"layer\": 2}");
        SteeringVector refusal = VectorFiles.read(means);
        assertThat(refusal.direction()).isEqualTo(Vec.of(10, 11));
        assertThat(refusal.at()).isEqualTo(HookPoint.residPost(1));
        assertThat(refusal.origin().source())
                .isEqualTo("refusal_direction mean differences, position -1, layer 2: input of block 2");
    }

    @Test
    void numpy_files_are_read_by_layer() {
        Path npz = folder.resolve("v.npz");
        Npz.write(npz, Map.of("layer_2", Tensor.of(NUMBERS), "3", Tensor.of(NUMBERS)));
        assertThat(VectorFiles.readAll(npz, VectorHints.none()))
                .extracting(SteeringVector::at)
                .containsExactly(HookPoint.residPost(2), HookPoint.residPost(3));
        Path npy = folder.resolve("layers.npy");
        Npy.write(npy, Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));
        assertThat(VectorFiles.read(npy, VectorHints.none().blocks(2).layer(1)).direction())
                .isEqualTo(Vec.of(3, 4));
    }

    @Test
    void what_the_first_row_of_a_matrix_is_is_told_by_the_model_or_asked() {
        Path npy = folder.resolve("layers.npy");
        Npy.write(npy, Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
        assertThatThrownBy(() -> VectorFiles.readAll(npy, VectorHints.none()))
                .hasMessage(
                        "The file does not say whether its first row is the embedding or block 0's output.\n  file:  "
                                + npy + "\n  holds: [3, 2] fp32 on cpu"
                                + "\n  try:   --first-row embedding (row N is the output of block N - 1)"
                                + "\n         --first-row block-0 (row N is the output of block N)");
        assertThat(VectorFiles.readAll(npy, VectorHints.none().blocks(3)))
                .extracting(SteeringVector::at)
                .containsExactly(HookPoint.residPost(0), HookPoint.residPost(1), HookPoint.residPost(2));
        List<SteeringVector> states =
                VectorFiles.readAll(npy, VectorHints.none().blocks(2));
        assertThat(states)
                .extracting(SteeringVector::at)
                .containsExactly(HookPoint.residPre(0), HookPoint.residPost(0), HookPoint.residPost(1));
        assertThat(states.get(1).origin().source())
                .isEqualTo("a matrix [rows, dModel], row 1: hidden state 1, the output of block 0");
        assertThat(VectorFiles.read(npy, VectorHints.none().blocks(2).layer(1)).direction())
                .isEqualTo(Vec.of(5, 6));
        assertThat(VectorFiles.readAll(npy, VectorHints.none().blocks(8).firstRow(VectorHints.FirstRow.EMBEDDING)))
                .hasSize(3);
        assertThatThrownBy(() -> VectorFiles.readAll(npy, VectorHints.none().blocks(8)))
                .hasMessageContaining("model: 8 blocks");
        assertThatThrownBy(() -> VectorFiles.readAll(npy, VectorHints.none().blocks(1)))
                .hasMessageContaining("at most 2 rows, for the embedding and 1 blocks");
    }

    @Test
    void persona_vectors_hold_a_row_a_hidden_state() {
        for (String name : List.of("evil_response_avg_diff.pt", "sycophantic_prompt_last_diff.pt")) {
            Path file = folder.resolve(name);
            TorchCheckpoint.write(file, Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
            SteeringVector first = VectorFiles.read(file, VectorHints.none().layer(0));
            assertThat(first.at()).isEqualTo(HookPoint.residPost(0));
            assertThat(first.direction()).isEqualTo(Vec.of(3, 4));
            assertThat(first.origin().method().name()).isEqualTo("persona_vectors");
            assertThatThrownBy(
                            () -> VectorFiles.readAll(file, VectorHints.none().blocks(3)))
                    .hasMessageStartingWith("The file does not say whether its first row");
        }
    }

    @Test
    void a_matrix_of_one_row_is_a_vector_whose_layer_is_named() {
        Tensor row = Tensor.of(new float[] {1, 2, 3, 4}, 1, 4);
        Path caa = folder.resolve("vec_layer_13_Llama-2-7b-chat-hf.pt");
        TorchCheckpoint.write(caa, row);
        assertThat(VectorFiles.read(caa).at()).isEqualTo(HookPoint.residPost(13));
        Path bare = folder.resolve("vector.npy");
        Npy.write(bare, row);
        assertThat(VectorFiles.read(bare, VectorHints.none().layer(5)).at()).isEqualTo(HookPoint.residPost(5));
        Path said = folder.resolve("happy_layer12.npy");
        Npy.write(said, row);
        assertThatThrownBy(() -> VectorFiles.read(said))
                .hasMessage("The file does not say which layer its vector belongs to.\n  file:     " + said
                        + "\n  holds:    [1, 4] fp32 on cpu\n  its name: says layer12, which some tools use for"
                        + " the output of block 12, others for its input or for hidden state 12\n  try:      --layer"
                        + " 12 if the output of block 12 is meant, --layer 11 if its input is");
    }

    @Test
    void a_named_tensor_of_another_tool_needs_its_layer_alone() {
        Path torch = folder.resolve("direction.pt");
        TorchCheckpoint.write(torch, Map.of("direction", Tensor.of(NUMBERS)));
        SteeringVector vector = VectorFiles.read(torch, VectorHints.none().layer(4));
        assertThat(vector.at()).isEqualTo(HookPoint.residPost(4));
        assertThat(vector.direction()).isEqualTo(NUMBERS);
        TorchCheckpoint.write(torch, Map.of("vector", Tensor.of(NUMBERS), "layer", 12L));
        assertThatThrownBy(() -> VectorFiles.read(torch)).hasMessageEndingWith("beside it: layer = 12");
        Path plain = folder.resolve("steer.safetensors");
        SafeTensors.write(plain, Map.of("v", Tensor.of(NUMBERS)), Map.of());
        assertThat(VectorFiles.read(plain, VectorHints.none().layer(2)).at()).isEqualTo(HookPoint.residPost(2));
        SafeTensors.write(plain, Map.of("layer19.v", Tensor.of(NUMBERS)), Map.of());
        assertThat(VectorFiles.read(plain).at()).isEqualTo(HookPoint.residPost(19));
        Path npz = folder.resolve("v.npz");
        Npz.write(npz, Map.of("happy", Tensor.of(NUMBERS), "sad", Tensor.of(NUMBERS.times(0.5))));
        assertThatThrownBy(() -> VectorFiles.read(npz, VectorHints.none().layer(2)))
                .hasMessage("The file's tensor names do not say which layers they belong to.\n  file:     " + npz
                        + "\n  expected: names such as layers.12 or blocks.12.hook_resid_post, or a single tensor"
                        + "\n  but was:  happy, sad\n  try:      specifying the one to read, and its layer:"
                        + " --tensor NAME --layer L");
        assertThat(VectorFiles.read(npz, VectorHints.none().layer(2).tensor("sad"))
                        .direction())
                .isEqualTo(NUMBERS.times(0.5));
        assertThatThrownBy(
                        () -> VectorFiles.read(npz, VectorHints.none().layer(2).tensor("glad")))
                .hasMessageStartingWith("The file has no tensor of that name.");
    }

    @Test
    void svec_is_read_and_damaged_svec_refused() throws IOException {
        Path file = folder.resolve("v.svec");
        String whole =
                "{\"model_type\": \"llama\", \"directions\": {\"3\": [0.5, -1.0], \"4\": [1, 2]}, \"explained_variances\": {\"3\": 0.4}}";
        Files.writeString(file, whole);
        SteeringVector third = VectorFiles.read(file, VectorHints.none().layer(3));
        assertThat(third.direction()).isEqualTo(Vec.of(0.5f, -1));
        assertThat(third.at()).isEqualTo(HookPoint.residPost(3));
        Files.writeString(file, "{\"directions\": {\"x\": [1]}}");
        assertThatThrownBy(() -> VectorFiles.read(file))
                .hasMessage("The steering vector cannot be used.\n  file:     " + file
                        + "\n  expected: layer numbers as keys of directions\n  but was:  x");
        Random random = new Random(9);
        byte[] good = whole.getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 3000; round++) {
            byte[] damaged =
                    java.util.Arrays.copyOf(good, random.nextInt(6) == 0 ? random.nextInt(good.length) : good.length);
            for (int hits = random.nextInt(4); hits >= 0 && damaged.length > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) "{}[]:,\"0-9eEnN.\u0000x".charAt(random.nextInt(17));
            }
            Files.write(file, damaged);
            try {
                VectorFiles.readAll(file, VectorHints.none());
            } catch (PintleException expected) {
                assertThat(expected).hasMessageContaining("file:");
            }
        }
    }

    @Test
    void a_vector_of_another_model_is_refused_with_both_names() {
        try (LanguageModel model = Parley.load()) {
            SteeringVector narrow = vector(3);
            assertThatThrownBy(() -> narrow.requireFits(model, true))
                    .hasMessage("The vector does not fit the model.\n"
                            + "  vector: blocks.3.hook_resid_post of parley-7m@content-abc, 4 wide\n  model:  "
                            + model.id()
                            + ", dModel = 256, 8 layers");
            SteeringVector foreign = new SteeringVector(Vec.of(new float[256]).plus(ones()), Parley.AT, ORIGIN);
            assertThatThrownBy(() -> foreign.requireFits(model, false))
                    .hasMessage("The vector was fitted on a different model.\n"
                            + "  vector: blocks.3.hook_resid_post of parley-7m@content-abc\n  model:  " + model.id()
                            + "\n  try:    fitting it on this model, or --force to use it anyway");
            assertThat(foreign.requireFits(model, true)).isSameAs(foreign);
        }
    }

    @Test
    void a_vector_of_a_copy_in_another_format_is_used_and_told_once() {
        List<String> notes = new ArrayList<>();
        LoadOptions options = LoadOptions.of(Device.CPU, DType.FP32).telling(note -> notes.add(note.toString()));
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), options)) {
            Origin of = new Origin(
                    new ModelId("org/parley-7m-GGUF:Q8_0", "content-other"),
                    ORIGIN.method(),
                    ORIGIN.data(),
                    ORIGIN.capture(),
                    ORIGIN.measures(),
                    "");
            SteeringVector copied = new SteeringVector(ones(), Parley.AT, of);
            assertThat(copied.requireFits(model, false)).isSameAs(copied);
            assertThat(copied.requireFits(model, false)).isSameAs(copied);
            assertThat(notes)
                    .containsExactly("A vector was fitted on other weights of this model, as their names say.\n"
                            + "  vector: blocks.3.hook_resid_post of org/parley-7m-GGUF:Q8_0@content-other\n"
                            + "  model:  " + model.id()
                            + "\n  try:    pintle compare-models, to see how much the weights differ");
        }
    }

    private static Vec ones() {
        float[] ones = new float[256];
        java.util.Arrays.fill(ones, 1);
        return Vec.of(ones);
    }

    @Test
    void comparison_and_arithmetic_agree_with_arithmetic_by_hand() {
        VectorComparison c = VectorComparison.of(Vec.of(1, 0, 3), Vec.of(2, 0, 1), 1);
        assertThat(c.cosine()).isCloseTo(5 / Math.sqrt(10 * 5), within(1e-12));
        assertThat(c.euclidean()).isCloseTo(Math.sqrt(5), within(1e-12));
        assertThat(c.manhattan()).isEqualTo(3);
        assertThat(c.pearson()).isCloseTo(3 / Math.sqrt(84), within(1e-9));
        assertThat(c.zerosOfOne()).isCloseTo(1.0 / 3, within(1e-12));
        assertThat(c.overlap()).isEqualTo(0);
        assertThat(VectorComparison.cosines(List.of(Vec.of(1, 0), Vec.of(0, 1))))
                .isDeepEqualTo(new double[][] {{1, 0}, {0, 1}});
        SteeringVector one = new SteeringVector(Vec.of(3, 4), Parley.AT, ORIGIN);
        SteeringVector axis = new SteeringVector(Vec.of(1, 0), Parley.AT, ORIGIN);
        assertThat(one.projectedOnto(axis).direction()).isEqualTo(Vec.of(3, 0));
        assertThat(one.without(axis).direction()).isEqualTo(Vec.of(0, 4));
        assertThat(one.plus(axis).minus(axis).direction()).isEqualTo(one.direction());
        SteeringVector elsewhere = new SteeringVector(Vec.of(1, 0), HookPoint.residPost(4), ORIGIN);
        assertThatThrownBy(() -> one.plus(elsewhere)).hasMessage("""
                        The vectors come from different hook points or models.
                          one:   blocks.3.hook_resid_post of parley-7m@content-abc, 2 wide
                          other: blocks.4.hook_resid_post of parley-7m@content-abc, 2 wide""");
    }
}
