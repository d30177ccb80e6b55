package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.testkit.FakeService;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class SaeLabelsTest {
    @TempDir
    private Path folder = Path.of("");

    private final Map<String, String> variables = new HashMap<>();
    private String out = "";
    private String err = "";

    private int run(String... args) {
        CommandRun run = CommandRun.of(folder, variables, args);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private Path texts(int count) throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        return Files.write(folder.resolve("texts.jsonl"), all.subList(0, count));
    }

    private int profile(String... more) throws IOException {
        return profile(60, more);
    }

    private int profile(int texts, String... more) throws IOException {
        String[] args = {
            "sae",
            "profile",
            "--model",
            Golden.parley().toString(),
            "--device",
            "cpu",
            "--texts",
            texts(texts).toString()
        };
        String[] all = new String[args.length + more.length];
        System.arraycopy(args, 0, all, 0, args.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return run(all);
    }

    @Test
    void labels_are_searched_and_their_absence_is_shown() throws IOException {
        assertThat(run("sae", "labels", "--search", "pirate", "--top", "2")).isZero();
        assertThat(out).isEqualTo("""
                            146  conversation held in pirate style
                            189  conversation held in pirate style
                        """);
        assertThat(run("sae", "labels", "146", "5000")).isZero();
        assertThat(out).isEqualTo("""
                            146  conversation held in pirate style
                           5000  (no label)
                        """);
        assertThat(run("sae", "labels", "--search", "submarine")).isZero();
        assertThat(out).endsWith("labels.jsonl contains all of: submarine\n");
        assertThat(run("sae", "labels")).isZero();
        assertThat(out).contains("labels.jsonl: 1,024 labels, ").endsWith(" of them distinct\n");
        assertThat(run("sae", "labels", "146", "5000", "--search", "pirate", "--json"))
                .isZero();
        JsonNode json = new ObjectMapper().readTree(out);
        assertThat(json.at("/latents/0/label").asText()).isEqualTo("conversation held in pirate style");
        assertThat(json.at("/latents/1/state").asText()).isEqualTo("no label");
        assertThat(json.at("/found")).hasSize(22);
    }

    @Test
    void a_service_that_is_gone_leaves_the_command_standing() {
        variables.put("GOODFIRE_BASE_URL", "http://127.0.0.1:1");
        assertThat(run("sae", "labels", "--labels", "goodfire:org/model", "7")).isZero();
        assertThat(out).isEqualTo("      7  (not known: the source did not answer)\n");
        assertThat(err).isEqualTo("""
                        The source of labels cannot be used.
                          source:   http://127.0.0.1:1
                          expected: labels
                          but was:  no connection
                        """);
    }

    @Test
    @Tag("slow")
    void parts_of_a_profile_are_made_apart_and_merged() throws IOException {
        assertThat(profile(75, "--name", "whole")).isZero();
        assertThat(profile(75, "--name", "mine", "--part", "1/2")).isZero();
        assertThat(out).contains("mine-1-of-2.sqlite\n  75 texts, ", "  part 1/2 of the texts\n");
        assertThat(profile(75, "--name", "mine", "--part", "2/2")).isZero();
        assertThat(run("sae", "merge-profiles", "mine-1-of-2")).isZero();
        assertThat(out).contains("mine.sqlite\n  1 of 2 parts of 75 texts, ", "\n  still missing: parts 2\n");
        Path elsewhere = Files.move(
                folder.resolve("data/profiles/mine-2-of-2.sqlite"), folder.resolve("from-another-machine.sqlite"));
        String[] both = {"sae", "merge-profiles", "mine-1-of-2", elsewhere.toString(), "--json"};
        assertThat(run(both)).isEqualTo(1);
        assertThat(err)
                .isEqualTo("There is a profile of that name.\n  file: " + folder.resolve("data/profiles/mine.sqlite")
                        + "\n  try:  --force, or --name with another name\n");
        assertThat(run("sae", "merge-profiles", "mine-1-of-2", elsewhere.toString(), "--force", "--json"))
                .isZero();
        assertThat(out).contains("\"parts_merged\" : [ 1, 2 ]", "\"parts_missing\" : [ ]", "\"finished\" : true");
        assertThat(run("sae", "show", "691", "--profile", "whole")).isZero();
        String expected = out;
        assertThat(run("sae", "show", "691", "--profile", "mine")).isZero();
        assertThat(out).isEqualTo(expected.replace("whole", "mine"));
        assertThat(profile("--part", "1/2", "--max-tokens", "10")).isEqualTo(2);
        assertThat(err)
                .startsWith("--part and --max-tokens are mutually exclusive: a part does not know how many tokens the"
                        + " others have counted.");
        assertThat(profile("--part", "3")).isEqualTo(1);
        assertThat(err)
                .isEqualTo("That is not a part of a collection.\n  expected: K/N with K from 1 to N, such as 3/7\n"
                        + "  but was:  3\n");
        assertThat(run("sae", "merge-profiles", "mine-1-of-2", "--name", "mine-1-of-2", "--force"))
                .isEqualTo(1);
        assertThat(err).startsWith("The result would replace one of its parts.\n  file: ");
    }

    @Test
    void a_profile_is_made_shown_and_searched() throws IOException {
        assertThat(run("sae", "show", "146")).isEqualTo(1);
        assertThat(err)
                .isEqualTo("There is no such profile.\n  file: "
                        + folder.resolve("data/profiles/parley-7m-sae-l3.sqlite") + "\n  try:  pintle sae profile\n");
        assertThat(profile("--max-tokens", "600", "--json")).isZero();
        long some = new ObjectMapper().readTree(out).get("tokens").asLong();
        assertThat(profile("--json")).isZero();
        JsonNode json = new ObjectMapper().readTree(out);
        assertThat(json.get("tokens").asLong()).isGreaterThan(some);
        assertThat(json.get("documents").asInt()).isEqualTo(60);
        assertThat(json.get("finished").asBoolean()).isTrue();
        assertThat(run("sae", "show", "691")).isZero();
        assertThat(out)
                .startsWith("latent 691 of parley-7m-sae-l3.pth\n"
                        + "  label        the token \"\\n\\n\" in conversation held in pirate style\n"
                        + "  auto label   ")
                .contains("\n  promotes     ", "\n  nearest      ", "\n  contexts     ", "«");
        assertThat(out)
                .containsPattern("\n  fires +on .* tokens \\(.*, roles: user, assistant, other, header\\); ")
                .containsPattern("max (\\d+\\.\\d\\d)\n  activations .* \\1  \\(each bin")
                .containsPattern("\n  at 50% +\\d+\\.\\d\\d  ");
        assertThat(profile("--roles", "user")).isEqualTo(1);
        assertThat(err).contains("what:     roles", "or --roles user,assistant,other,header");
        assertThat(profile("--roles", "users")).isEqualTo(1);
        assertThat(err).contains("There is no such role.").contains("system, user, assistant, other, header");
        assertThat(run("sae", "show", "691", "--json")).isZero();
        JsonNode facts = new ObjectMapper().readTree(out).get("facts");
        assertThat(facts.at("/contexts/0/pieces")).hasSameSizeAs(facts.at("/contexts/0/activations"));
        assertThat(run("sae", "labels", "--labels", "profile:parley-7m-sae-l3", "691", "--search", "promotes"))
                .isZero();
        assertThat(out).contains("    691  ").contains("; promotes \"");
        assertThat(run("sae", "show", "5000")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        The autoencoder has no such latent.
                          autoencoder: parley-7m-sae-l3.pth
                          expected:    0 to 1023
                          but was:     5000
                        """);
        assertThat(profile("--fresh", "--name", "../x")).isEqualTo(1);
        assertThat(err).startsWith("A profile cannot have that name.");
        assertThat(profile("--fresh")).isZero();
        assertThat(folder.resolve("data/profiles/parley-7m-sae-l3.sqlite.old")).exists();
    }

    @Test
    void a_language_model_labels_latents_and_its_end_is_said() throws IOException {
        try (FakeService service = new FakeService()) {
            service.on(
                    "/chat/completions",
                    FakeService.text("{\"choices\": [{\"message\": {\"content\": \"pirate greetings\"}}]}"));
            String[] explain = {
                "--explain", "some-model", "--endpoint", service.address().toString(), "--latents", "146,933"
            };
            assertThat(profile(explain)).isZero();
            assertThat(out).endsWith("  2 labelled by some-model\n");
            assertThat(run("sae", "show", "146")).isZero();
            assertThat(out).contains("  model label  pirate greetings\n");
            service.on("/chat/completions", FakeService.status(401));
            assertThat(profile(
                            "--explain",
                            "some-model",
                            "--endpoint",
                            service.address().toString()))
                    .isEqualTo(1);
            assertThat(out).contains("  the service failed: status 401; the same command resumes\n");
        }
        assertThat(profile("--explain", "some-model")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        The address of the service is not valid.
                          expected: the address of a chat service, such as http://127.0.0.1:8080/v1
                          but was:  none
                        """);
    }
}
