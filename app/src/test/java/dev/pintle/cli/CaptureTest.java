package dev.pintle.cli;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Tolerance;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptureTest {
    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    private int capture(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "capture";
        System.arraycopy(args, 0, all, 1, args.length);
        return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), all);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma2", "gpt_neox"})
    void the_inside_of_attention_and_mlp_is_written_as_the_reference_computes_it(String family) throws IOException {
        Path out = folder.resolve("inside.safetensors");
        try (TensorScope scope = TensorScope.open("test");
                Checkpoint forward =
                        SafeTensors.open(Golden.folder().resolve("families/" + family + "/expected.safetensors"));
                Checkpoint expected = SafeTensors.open(Golden.folder().resolve("inside/" + family + ".safetensors"))) {
            Path ids = Files.writeString(
                    folder.resolve("ids.json"),
                    Arrays.toString(forward.tensor("ids").toInts()));
            assertThat(capture(
                            "--model",
                            Golden.folder().resolve("families/" + family).toString(),
                            "--ids",
                            ids.toString(),
                            "--at",
                            "blocks.*.attn.hook_z",
                            "--at",
                            "blocks.2.*.hook_p*",
                            "--at",
                            "ln_final.hook_normalized",
                            "--out",
                            out.toString()))
                    .as(err.toString())
                    .isZero();
            try (Checkpoint found = SafeTensors.open(out)) {
                assertThat(found.names())
                        .contains("blocks.0.attn.hook_z", "blocks.2.mlp.hook_pre", "blocks.2.mlp.hook_post");
                for (String name : List.of("attn.z.3", "attn.pattern.2", "mlp.post.2")) {
                    String[] parts = name.split("\\.", -1);
                    assertThatTensor(found.tensor("blocks." + parts[2] + "." + parts[0] + ".hook_" + parts[1]))
                            .as(name)
                            .isCloseTo(expected.tensor(name), Tolerance.ACTIVATIONS_FP32);
                }
                assertThatTensor(found.tensor("ln_final.hook_normalized"))
                        .isCloseTo(expected.tensor("normalized"), Tolerance.ACTIVATIONS_FP32);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma2", "phi3"})
    void a_folder_without_a_tokenizer_serves_token_ids(String family) throws IOException {
        Path out = folder.resolve("out.safetensors");
        try (TensorScope scope = TensorScope.open("test");
                Checkpoint expected = SafeTensors.open(Golden.folder().resolve(family + "/expected.safetensors"))) {
            Path ids = Files.writeString(
                    folder.resolve("ids.json"),
                    Arrays.toString(expected.tensor("ids").toInts()));
            assertThat(capture(
                            "--model",
                            Golden.folder().resolve(family).toString(),
                            "--ids",
                            ids.toString(),
                            "--at",
                            "blocks.*.hook_resid_post",
                            "--at",
                            "hook_embed",
                            "--logits",
                            "all",
                            "--out",
                            out.toString()))
                    .as(err.toString())
                    .isZero();
            try (Checkpoint found = SafeTensors.open(out)) {
                assertThat(found.names())
                        .containsExactlyInAnyOrder(
                                "ids",
                                "hook_embed",
                                "logits",
                                "blocks.0.hook_resid_post",
                                "blocks.1.hook_resid_post",
                                "blocks.2.hook_resid_post",
                                "blocks.3.hook_resid_post");
                assertThat(found.metadata()).containsEntry("dtype", "fp32").containsKeys("model", "revision");
                assertThatTensor(found.tensor("blocks.2.hook_resid_post"))
                        .isCloseTo(expected.tensor("resid_post.2"), Tolerance.ACTIVATIONS_FP32);
                assertThatTensor(found.tensor("hook_embed"))
                        .isCloseTo(expected.tensor("resid_pre.0"), Tolerance.ACTIVATIONS_FP32);
                assertThatTensor(found.tensor("logits"))
                        .isCloseTo(expected.tensor("logits"), Tolerance.ACTIVATIONS_FP32);
            }
        }
    }

    @Test
    void layers_choose_among_the_matching_hook_points() {
        Path out = folder.resolve("out.safetensors");
        assertThat(capture("--prompt", "Hello!", "--layers", "1,3-4", "--out", out.toString()))
                .isZero();
        try (Checkpoint found = SafeTensors.open(out)) {
            assertThat(found.names())
                    .containsExactlyInAnyOrder(
                            "ids", "blocks.1.hook_resid_post", "blocks.3.hook_resid_post", "blocks.4.hook_resid_post");
        }
    }

    @Test
    void a_layer_that_is_not_there_leaves_no_file() {
        Path out = folder.resolve("out.safetensors");
        assertThat(capture("--prompt", "Hello!", "--layers", "3-8", "--out", out.toString()))
                .isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("The list of layers is not valid.\n  expected: a list such as 3,5-7, of layers 0 to 7\n"
                        + "  but was:  3-8\n");
        assertThat(out).doesNotExist();
    }
}
