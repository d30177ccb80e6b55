package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverflowCommandTest {
    @TempDir
    static Path folder;

    private static String vector = "";

    @BeforeAll
    static void fit() {
        Path file = folder.resolve("pirate.safetensors");
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            VectorFiles.write(
                    SteeringVector.fit(
                            model,
                            HookPoint.residPost(3),
                            Contrast.afterLastDifference(ContrastPair.ofSystemPrompts(
                                    "The assistant should talk like a pirate.", "The assistant should act normally."))),
                    file);
        }
        vector = file.toString();
    }

    private static CommandRun generate(String model, String strength, String... more) {
        String[] args = {
            "generate",
            "--model",
            model,
            "--device",
            "cpu",
            "--user",
            "Hello!",
            "--vector",
            vector,
            "--strength",
            strength
        };
        String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return CommandRun.of(Session.REAL, all);
    }

    @Test
    void an_overflow_is_an_error_with_its_layer_and_what_was_added_there() {
        for (String[] more : new String[][] {{}, {"--json"}}) {
            CommandRun run = generate(Golden.parley().toString(), "1e38abs", more);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.err())
                    .contains("The model's activations overflowed")
                    .contains("first at:    blocks.3.hook_resid_post")
                    .contains("added there: a vector of length 1.000e+38 at blocks.3.hook_resid_post");
        }
    }

    @Test
    void a_strength_that_the_dtype_does_not_hold_is_refused_before_the_model_is_looked_for() {
        CommandRun run = generate("no-such-folder", "70000abs", "--dtype", "fp16");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains("strength:   70000.0").contains("fp16 holds: at most 65504");
        assertThat(generate("no-such-folder", "1e39abs").err()).contains("fp32 holds: at most 3.40282e+38");
    }

    @Test
    void a_dtype_that_no_model_is_computed_in_is_refused_with_those_that_are() {
        CommandRun run = generate("no-such-folder", "1abs", "--dtype", "int8");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains("choose:  fp32, bf16, fp16, fp64").doesNotContain("int16");
    }
}
