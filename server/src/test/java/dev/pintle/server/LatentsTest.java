package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.profile.LatentEffects;
import dev.pintle.sae.profile.LatentProfile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Latents are found, sorted and shown with the numbers of the profile and the autoencoder. */
@Tag("any-java")
class LatentsTest {
    private static final String SAE = "/pintle/v1/saes/parley-7m-sae-l3";

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @BeforeAll
    static void start(@TempDir Path data) {
        server = TestServer.start(data);
        String id = server.post(SAE + "/profile", "{'model': 'parley-7m', 'name': 'small', 'max_tokens': 3000}")
                .json()
                .get("id")
                .asText();
        server.get("/pintle/v1/jobs/" + id + "/events");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonNode latents(String query) {
        TestServer.Reply reply = server.get(SAE + "/latents?" + query);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json();
    }

    private static SparseAutoencoder autoencoder() {
        return server.server().models().find("parley-7m").model().sources().autoencoder("parley-7m-sae-l3");
    }

    @Test
    void latents_are_sorted_by_what_a_profile_counted() {
        JsonNode all = latents("profile=small&sort=density&limit=20");
        assertThat(all.get("total").asInt()).isEqualTo(autoencoder().dSae());
        double before = 1;
        try (LatentProfile profile = server.library().profile("small")) {
            for (JsonNode one : all.get("latents")) {
                double density = one.get("density").asDouble();
                assertThat(density).isLessThanOrEqualTo(before);
                assertThat(density)
                        .isEqualTo(profile.latent(one.get("latent").asInt()).density());
                assertThat(one.get("max").asDouble())
                        .isEqualTo(profile.latent(one.get("latent").asInt()).max());
                before = density;
            }
        }
    }

    @Test
    void dead_latents_and_the_others_are_all_latents() {
        int dead = latents("profile=small&dead=true").get("total").asInt();
        int alive = latents("profile=small&dead=false").get("total").asInt();
        assertThat(dead + alive).isEqualTo(autoencoder().dSae());
        try (LatentProfile profile = server.library().profile("small")) {
            assertThat(alive).isEqualTo(profile.alive());
        }
        assertThat(latents("profile=small&special=true").get("total").asInt()).isZero(); // they were not counted
    }

    @Test
    void cosines_with_a_vector_are_those_of_the_decoder_s_rows() {
        JsonNode found = latents("cosine_to=pirate&sort=cosine&limit=5").get("latents");
        double before = 1;
        for (JsonNode one : found) {
            double cosine = one.get("cosine").asDouble();
            assertThat(cosine).isLessThanOrEqualTo(before);
            assertThat(cosine)
                    .isCloseTo(
                            autoencoder()
                                    .decoderRow(one.get("latent").asInt())
                                    .cosine(TestServer.vector(server.model(), 1).direction()),
                            org.assertj.core.data.Offset.offset(1e-6));
            before = cosine;
        }
    }

    @Test
    void the_latents_of_one_autoencoder_are_compared_with_one_of_another() {
        JsonNode nearest = latents("cosine_to=latent:parley-7m-sae-l3:146&sort=cosine&limit=3")
                .get("latents");
        assertThat(nearest.at("/0/latent").asInt()).isEqualTo(146);
        assertThat(nearest.at("/0/cosine").asDouble()).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(nearest.at("/1/latent").asInt())
                .isEqualTo(LatentEffects.of(server.model(), autoencoder(), 146)
                        .nearest()
                        .get(0)
                        .latent());
        assertThat(server.get(SAE + "/latents?cosine_to=latent:nobody:3").status())
                .isEqualTo(404);
    }

    @Test
    void words_are_found_in_published_and_derived_labels() {
        JsonNode found = latents("query=pirate&profile=small");
        assertThat(found.get("latents")).isNotEmpty();
        for (JsonNode one : found.get("latents")) {
            assertThat((one.path("label").asText() + one.path("auto_label").asText())
                            .toLowerCase(java.util.Locale.ROOT))
                    .contains("pirate");
        }
        assertThat(latents("latents=5,3&limit=9").at("/latents/0/latent").asInt())
                .isEqualTo(3);
    }

    @Test
    void a_latent_is_shown_with_labels_facts_and_effects() {
        JsonNode shown =
                server.get(SAE + "/latents/146?profile=small&effects=true").json();
        assertThat(shown.at("/labels/0/source").asText()).isEqualTo("labels.jsonl");
        assertThat(shown.at("/profiled/tokens").asLong()).isGreaterThanOrEqualTo(3000);
        LatentEffects effects = LatentEffects.of(server.model(), autoencoder(), 146);
        assertThat(shown.get("effects").toString()).isEqualTo(Json.line(effects));
        assertThat(shown.at("/facts/promoted").toString()).isEqualTo(Json.line(effects.promoted()));
        assertThat(shown.at("/facts/nearest").toString()).isEqualTo(Json.line(effects.nearest()));
        JsonNode about = server.get(SAE).json();
        assertThat(about.at("/profiles/0/name").asText()).isEqualTo("small");
    }

    @Test
    void a_latent_s_direction_is_kept_as_a_vector() {
        TestServer.Reply kept = server.post(SAE + "/latents/146/vector", "{'name': 'hearty', 'raw': true}");
        assertThat(kept.status()).as(kept.body()).isEqualTo(201);
        assertThat(server.library().vector("hearty").direction())
                .isEqualTo(autoencoder().decoderRow(146));
        assertThat(server.post(SAE + "/latents/146/vector", "{'name': 'a/b'}")
                        .json()
                        .at("/error/param")
                        .asText())
                .isEqualTo("name");
    }

    @Test
    void a_text_tells_chosen_latents_at_every_token() {
        JsonNode told = server.post(
                        SAE + "/encode", "{'model': 'parley-7m', 'text': 'Ahoy, matey!', 'latents': [146, 3]}")
                .json();
        for (JsonNode token : told.get("tokens")) {
            assertThat(token.get("values")).hasSize(2);
            for (JsonNode pair : token.get("latents")) {
                if (pair.get(0).asInt() == 146) {
                    assertThat(token.at("/values/0").asDouble())
                            .isEqualTo(pair.get(1).asDouble());
                }
            }
        }
    }

    @Test
    void what_needs_a_profile_or_a_vector_says_so() {
        for (Map.Entry<String, String> one : Map.of(
                        "sort=density", "How often latents fire is known from a profile.",
                        "sort=cosine", "A cosine needs a vector.",
                        "sort=best", "Latents cannot be sorted by that.",
                        "dead=maybe&profile=small", "There is no such choice.",
                        "latents=99999", "The autoencoder has no such latent.",
                        "profile=none", "There is no such profile.")
                .entrySet()) {
            TestServer.Reply reply = server.get(SAE + "/latents?" + one.getKey());
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(reply.body()).contains(one.getValue());
        }
        assertThat(List.of(server.get(SAE + "/latents/99999").status())).containsExactly(400);
    }
}
