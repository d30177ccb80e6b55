package dev.pintle.library.steer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.Library;
import dev.pintle.library.OpenSources;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.steering.Ablate;
import dev.pintle.steering.Add;
import dev.pintle.steering.Clamp;
import dev.pintle.steering.Conditional;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.Origin;
import dev.pintle.steering.Rotate;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SteeringSpecTest {
    private static final double NORM = 10;
    private static final HookPoint AT = HookPoint.residPost(3);

    @TempDir
    static Path folder = Path.of("");

    private static final LanguageModel MODEL = LanguageModel.load("parley-7m", Device.CPU, DType.FP32);
    private static final SteeringVector PIRATE = vector(3, 1);

    @SuppressWarnings("NullAway.Init") // as the folder is known
    private static Library library;

    @SuppressWarnings("NullAway.Init")
    private static OpenSources sources;

    private static SteeringVector vector(int layer, long seed) {
        float[] numbers = new float[MODEL.config().dModel()];
        Random random = new Random(seed);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return new SteeringVector(
                Vec.of(numbers).unit(),
                HookPoint.residPost(layer),
                Origin.unknown(MODEL.id(), "made", "a test").withMeanActivationNorm(NORM));
    }

    @BeforeAll
    static void keep() {
        HubSettings hub = HubSettings.read(Map.of("HF_HUB_OFFLINE", "1"), folder, folder);
        library = Library.open(folder.resolve("data"), hub, LabelSettings.of(Map.of(), hub));
        sources = library.sources(MODEL, false);
        library.keep("pirate", List.of(PIRATE), false);
        library.keep("layers", List.of(vector(1, 2), vector(2, 3)), false);
    }

    @AfterAll
    static void close() {
        sources.close();
        library.close();
        MODEL.close();
    }

    private static Steering steering(String json) {
        Prompt prompt = new Prompt(List.of(Message.user("What is the whale?")), Prompt.Ending.GENERATION_HEADER);
        return SteeringSpec.read(json.replace('\'', '"'))
                .resolve(sources, MODEL, prompt.tokenized(MODEL.text()), "steering");
    }

    private static Intervention one(String json) {
        List<Intervention> all = steering("[" + json + "]").interventions();
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    @Test
    void each_operation_is_the_intervention_of_that_name() {
        Vec v = PIRATE.direction();
        assertThat(one("{'vector': 'pirate', 'strength': 0.5}")).isEqualTo(new Add(v, AT, 5, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'strength': 0.5, 'unit': 'absolute'}"))
                .isEqualTo(new Add(v, AT, 0.5, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'strength': '5abs', 'positions': 'generated'}"))
                .isEqualTo(new Add(v, AT, 5, Tokens.generated()));
        assertThat(one("{'vector': 'pirate', 'op': 'ablate'}")).isEqualTo(new Ablate(v, AT, 1, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'op': 'ablate', 'share': 0.5, 'at': 1}"))
                .isEqualTo(new Ablate(v, HookPoint.residPost(1), 0.5, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'op': 'clamp', 'high': 0.2}"))
                .isEqualTo(new Clamp(v, AT, Double.NEGATIVE_INFINITY, 2, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'op': 'clamp', 'low': -1, 'high': 1, 'unit': 'absolute'}"))
                .isEqualTo(new Clamp(v, AT, -1, 1, Tokens.all()));
        assertThat(one("{'vector': 'pirate', 'op': 'rotate', 'strength': 0.3, 'at': 'blocks.2.hook_resid_pre'}"))
                .isEqualTo(new Rotate(v, HookPoint.residPre(2), 3, Tokens.all()));
    }

    @Test
    void a_condition_is_judged_at_its_own_hook_point() {
        assertThat(one("{'vector': 'pirate', 'strength': 0.5,"
                        + " 'when': {'vector': 'pirate', 'at': 1, 'above': 0.3}}"))
                .isEqualTo(new Conditional(
                        PIRATE.direction(), HookPoint.residPost(1), 3, new Add(PIRATE.direction(), AT, 5)));
    }

    @Test
    void a_conditional_judged_earlier_acts_on_the_tokens_that_were_over_its_threshold_there() {
        int[] prompt = MODEL.chatTokens(List.of(Message.user("What is the whale?")));
        HookPoint early = HookPoint.residPost(1);
        List<Vec> there = MODEL.activations(prompt, early);
        Vec unit = PIRATE.direction().unit();
        List<Double> components = there.stream().map(vec -> vec.dot(unit)).toList();
        double threshold = components.stream().sorted().toList().get(prompt.length / 2) - 1e-4;
        Conditional some = new Conditional(PIRATE.direction(), early, threshold, new Add(PIRATE.direction(), AT, 2));
        List<Vec> plain = MODEL.activations(prompt, AT);
        List<Vec> steered = MODEL.with(some).activations(prompt, AT);
        for (int t = 0; t < prompt.length; t++) {
            Vec expected = components.get(t) >= threshold
                    ? plain.get(t).plus(PIRATE.direction().times(2))
                    : plain.get(t);
            assertThat(steered.get(t).minus(expected).norm()).isLessThan(1e-4);
        }
    }

    @Test
    void a_vector_of_several_layers_acts_at_all_of_them_or_at_those_that_are_asked_for() {
        assertThat(steering("[{'vector': 'layers', 'strength': 0.1}]").interventions())
                .extracting(Intervention::at)
                .containsExactly(HookPoint.residPost(1), HookPoint.residPost(2));
        assertThat(steering("[{'vector': 'layers', 'strength': 0.1, 'at': [2]}]")
                        .interventions())
                .extracting(Intervention::at)
                .containsExactly(HookPoint.residPost(2));
        assertThat(steering("[{'vector': 'pirate', 'strength': 0.1, 'at': [0, 1]}]")
                        .interventions())
                .extracting(Intervention::at)
                .containsExactly(HookPoint.residPost(0), HookPoint.residPost(1));
    }

    @Test
    void neighbouring_latents_of_one_autoencoder_are_one_edit() {
        Steering steering = steering("[{'sae': 'parley-7m-sae-l3', 'latent': 146, 'op': 'scale', 'value': 2},"
                + "{'sae': 'parley-7m-sae-l3', 'latent': 628, 'op': 'ablate'},"
                + "{'sae': 'parley-7m-sae-l3', 'latent': 3, 'op': 'clamp', 'high': 1, 'positions': 'generated'}]");
        SparseAutoencoder sae = sources.autoencoder("parley-7m-sae-l3");
        assertThat(steering.interventions())
                .containsExactly(
                        SaeEdit.edit(sae, LatentChange.scale(146, 2), LatentChange.ablate(628)),
                        SaeEdit.edit(
                                sae, List.of(LatentChange.clamp(3, Double.NEGATIVE_INFINITY, 1)), Tokens.generated()));
        assertThat(steering.facts().get(0)).containsEntry("changes", List.of("146=scale:2.0", "628=scale:0.0"));
    }

    @Test
    void numbers_a_file_and_a_hash_are_the_vector_too() throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(4 * MODEL.config().dModel()).order(ByteOrder.LITTLE_ENDIAN);
        for (float number : PIRATE.direction().toArray()) {
            bytes.putFloat(number);
        }
        String data = Base64.getEncoder().encodeToString(bytes.array());
        Add expected = new Add(PIRATE.direction(), AT, 5, Tokens.all());
        assertThat(one("{'vector': {'data': '" + data + "', 'norm': 10}, 'at': 3, 'strength': 0.5}"))
                .isEqualTo(expected);
        Path file = library.vectors().find("pirate");
        String content = Base64.getEncoder().encodeToString(Files.readAllBytes(file));
        assertThat(one("{'vector': {'safetensors': '" + content + "'}, 'strength': 0.5}"))
                .isEqualTo(expected);
        assertThat(one("{'vector': 'sha256:" + library.vectors().hashOf("pirate") + "', 'strength': 0.5}"))
                .isEqualTo(expected);
    }

    @Test
    void windows_are_half_open_and_count_from_the_prompts_end_where_negative() {
        Tokens tokens = one("{'vector': 'pirate', 'strength': 1, 'positions': {'prompt': [[0, 2], [-1, null]],"
                        + " 'generated': [[1, 3]], 'except': {'prompt': [[1, 2]]}}}")
                .tokens();
        assertThat(IntStream.range(0, 12).filter(p -> tokens.include(p, 6))).containsExactly(0, 5, 7, 8);
        Tokens user = one("{'vector': 'pirate', 'strength': 1, 'positions': {'roles': ['user']}}")
                .tokens();
        Tokens same = one("{'vector': 'pirate', 'strength': 1, 'positions': 'role:user'}")
                .tokens();
        assertThat(IntStream.range(0, 20).filter(p -> user.include(p, 20)))
                .isNotEmpty()
                .containsExactlyElementsOf(IntStream.range(0, 20)
                        .filter(p -> same.include(p, 20))
                        .boxed()
                        .toList());
    }

    @Test
    void what_acts_is_said_with_the_number_of_tokens() {
        Map<String, Object> facts = steering("[{'vector': 'pirate', 'strength': 0.5, 'positions': 'generated'}]")
                .facts(6, 10)
                .get(0);
        assertThat(facts)
                .containsEntry("op", "add")
                .containsEntry("vector", "pirate")
                .containsEntry("sha256", List.of(PIRATE.hash()))
                .containsEntry("at", List.of("blocks.3.hook_resid_post"))
                .containsEntry("strength", 0.5)
                .containsEntry("unit", "norm")
                .containsEntry("strength_as_factor", 5.0)
                .containsEntry("positions", "generated")
                .containsEntry("tokens_acted_on", 4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[{'vector': 'pirate'}] | steering[0].strength",
                "[{'vector': 'pirat', 'strength': 1}] | steering[0].vector",
                "[{'vector': 'pirate', 'strength': 1}, {'vector': 'pirate', 'strenth': 1}] | steering[1].strenth",
                "[{'vector': 'pirate', 'strength': true}] | steering[0].strength",
                "[{'vector': 'pirate', 'strength': 1, 'share': 1}] | steering[0].share",
                "[{'vector': 'pirate', 'op': 'ablate', 'strength': 1}] | steering[0].strength",
                "[{'vector': 'pirate', 'op': 'erase'}] | steering[0].op",
                "[{'vector': 'pirate', 'strength': 1, 'at': 99}] | steering[0]",
                "[{'vector': 'pirate', 'strength': 1, 'at': 1.5}] | steering[0].at",
                "[{'vector': 'layers', 'strength': 1, 'at': 3}] | steering[0].at",
                "[{'vector': 'pirate', 'strength': 1, 'positions': 'some'}] | steering[0].positions",
                "[{'vector': 'pirate', 'strength': 1, 'positions': {'prompt': [[0]]}}] | steering[0].positions.prompt[0]",
                "[{'vector': 'pirate', 'strength': 1, 'when': {'vector': 'pirate', 'at': 4, 'above': 0}}]"
                        + " | steering[0].when",
                "[{'vector': 'pirate', 'strength': 1, 'when': {'vector': 'pirate'}}] | steering[0].when.above",
                "[{'vector': {'data': 'AAA'}, 'at': 1, 'strength': 1}] | steering[0].vector.data",
                "[{'vector': {'data': 'AAAAAA=='}, 'strength': 1}] | steering[0].at",
                "[{'vector': {'data': 'AACAPw=='}, 'at': 1, 'strength': '1abs'}] | steering[0].vector",
                "[{'sae': 'parley-7m-sae-l3', 'latent': 1}] | steering[0].value",
                "[{'sae': 'parley-7m-sae-l3', 'latent': 99999, 'value': 1}] | steering[0].latent",
                "[{'sae': 'nowhere', 'latent': 1, 'value': 1}] | steering[0].sae",
                "[{'latent': 1}] | steering[0].vector",
                "[7] | steering[0]",
                "{'vector': 'pirate'} | steering"
            })
    void what_cannot_act_is_refused_with_the_path_of_its_field(String json, String path) {
        assertThatThrownBy(() -> {
                    if (json.startsWith("[")) {
                        steering(json);
                    } else {
                        SteeringSpec.of(Json.parse(json.replace('\'', '"')), "steering");
                    }
                })
                .isInstanceOfSatisfying(
                        FieldException.class, e -> assertThat(e.path()).isEqualTo(path));
    }

    @Test
    void a_mistyped_field_names_the_nearest() {
        assertThatThrownBy(() -> steering("[{'vector': 'pirate', 'strenth': 1}]"))
                .hasMessage("""
                        There is no such field.
                          field:   steering[0].strenth
                          nearest: strength""");
    }

    @Test
    void a_specification_comes_from_a_file_too() throws Exception {
        Path file = folder.resolve("steer.json");
        Files.writeString(file, "[{\"vector\": \"pirate\", \"strength\": 0.5}]");
        assertThat(SteeringSpec.read(file.toString()).entries()).hasSize(1);
        assertThatThrownBy(() -> SteeringSpec.read("[{\"vector\": 1, \"vector\": 2}]"))
                .hasMessageContaining("The steering is not JSON.");
    }

    @Test
    void scaling_multiplies_what_is_added() {
        assertThat(SteeringSpec.read("[{\"vector\": \"pirate\", \"strength\": 0.5}]")
                        .scaled(0.5)
                        .resolve(sources, MODEL, null, "steering")
                        .interventions())
                .containsExactly(new Add(PIRATE.direction(), AT, 2.5, Tokens.all()));
    }
}
