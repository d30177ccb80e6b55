package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Experts of gpt-oss in MXFP4 beside the same numbers written out. */
class Mxfp4Test {
    private static final int EXPERTS = 4;
    private static final int D_MODEL = 64;
    private static final int D_EXPERT = 32;
    private static final int[] IDS = {3, 200, 17, 42, 9};

    @TempDir
    Path folder;

    private final Random random = new Random(4);

    /** Numbers as nibbles and exponents. */
    private record Stored(byte[] blocks, byte[] scales) {}

    @BeforeEach
    void write() throws IOException {
        Path from = Golden.folder().resolve("families/gpt_oss");
        for (String kind : List.of("plain", "mxfp4")) {
            Files.createDirectories(folder.resolve(kind));
            String config = Files.readString(from.resolve("config.json"))
                    .replace("\"intermediate_size\": 48", "\"intermediate_size\": " + D_EXPERT);
            String quantised =
                    "\"quantization_config\": {\"quant_method\": \"mxfp4\", \"modules_to_not_convert\": [\"lm_head\"]},";
            Files.writeString(
                    folder.resolve(kind + "/config.json"),
                    kind.equals("plain") ? config : config.replaceFirst("\\{", "{" + quantised));
        }
        try (TensorScope scope = TensorScope.open("write");
                Checkpoint checkpoint = SafeTensors.open(from)) {
            Map<String, Tensor> plain = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                if (!name.contains("experts")) {
                    plain.put(name, checkpoint.tensor(name));
                }
            }
            Map<String, Tensor> packed = new LinkedHashMap<>(plain);
            for (int layer = 0; layer < 4; layer++) {
                String at = "model.layers." + layer + ".mlp.experts.";
                put(plain, packed, at + "gate_up_proj", 2 * D_EXPERT, D_MODEL);
                put(plain, packed, at + "down_proj", D_MODEL, D_EXPERT);
            }
            SafeTensors.write(folder.resolve("plain/model.safetensors"), plain, Map.of());
            SafeTensors.write(folder.resolve("mxfp4/model.safetensors"), packed, Map.of());
        }
    }

    private void put(Map<String, Tensor> plain, Map<String, Tensor> packed, String name, int rows, int columns) {
        int count = EXPERTS * rows * columns;
        Stored stored = new Stored(new byte[count / 2], new byte[count / 32]);
        random.nextBytes(stored.blocks);
        for (int i = 0; i < stored.scales.length; i++) {
            stored.scales[i] = (byte) (120 + random.nextInt(6));
        }
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            int bits = stored.blocks[i / 2] >> (i % 2 == 0 ? 0 : 4) & 0xf;
            double size =
                    (bits & 6) == 0 ? (bits & 1) * 0.5 : Math.pow(2, (bits >> 1 & 3) - 1) * (1 + (bits & 1) * 0.5);
            numbers[i] = ((bits & 8) == 0 ? size : -size) * Math.pow(2, stored.scales[i / 32] - 127);
        }
        Tensor all = Tensor.of(numbers, EXPERTS, rows, columns).to(DType.BF16);
        plain.put(name, all.transpose(1, 2).contiguous());
        packed.put(name + "_blocks", Tensor.ofBytes(stored.blocks, DType.UINT8, EXPERTS, rows, columns / 32, 16));
        packed.put(name + "_scales", Tensor.ofBytes(stored.scales, DType.UINT8, EXPERTS, rows, columns / 32));
        Tensor bias = Tensor.randn(rows, DType.FP32, Device.CPU, EXPERTS, rows).to(DType.BF16);
        plain.put(name + "_bias", bias);
        packed.put(name + "_bias", bias);
    }

    private Tensor logits(String kind, DType dtype) {
        try (LoadedTransformer model = LoadedTransformer.open(folder.resolve(kind), Device.CPU, dtype)) {
            Run run = model.forward()
                    .run(
                            TokenBatch.of(IDS),
                            RunOptions.allLogits().andReading(HookPoint.residPost(3)),
                            List.of(),
                            new int[] {IDS.length});
            return run.logits();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"BF16", "FP32", "FP64"})
    void they_are_the_same_bit_for_bit(DType dtype) {
        try (TensorScope scope = TensorScope.open("test")) {
            assertThatTensor(logits("mxfp4", dtype)).isIdenticalTo(logits("plain", dtype));
        }
    }

    @Test
    void another_width_than_that_of_the_blocks_is_refused_with_both() throws IOException {
        Path config = folder.resolve("mxfp4/config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"intermediate_size\": " + D_EXPERT, "\"intermediate_size\": " + 2 * D_EXPERT));
        assertThatThrownBy(() -> LoadedTransformer.open(folder.resolve("mxfp4"), Device.CPU, DType.BF16))
                .hasMessage(
                        "The weights of the experts do not have the shape that MXFP4 and the configuration give them.\n"
                                + "  weight:   model.layers.0.mlp.experts.gate_up_proj\n"
                                + "  expected: uint8 [4, 128, 2, 16] and its scales, for 4 matrices [128, 64] in blocks of 32\n"
                                + "  but was:  [4, 64, 2, 16] uint8 on cpu and [4, 64, 2] uint8 on cpu");
    }

    @Test
    void another_quantisation_is_refused_by_name() throws IOException {
        Path config = folder.resolve("mxfp4/config.json");
        Files.writeString(config, Files.readString(config).replace("\"mxfp4\"", "\"awq\""));
        assertThatThrownBy(() -> LoadedTransformer.open(folder.resolve("mxfp4"), Device.CPU, DType.BF16))
                .hasMessageContaining("key:      quantization_config\n  expected: quant_method mxfp4\n");
    }
}
