package dev.pintle.sae.labels;

import dev.pintle.hub.HubSettings;
import dev.pintle.web.Secret;
import dev.pintle.web.WebAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Map;

/**
 * Addresses and keys of label services, and limits on requests.
 *
 * @param goodfire base address ({@code GOODFIRE_BASE_URL})
 * @param goodfireKey ({@code GOODFIRE_API_KEY})
 * @param neuronpedia base address ({@code NEURONPEDIA_BASE_URL})
 * @param neuronpediaBucket base address of the public exports ({@code NEURONPEDIA_BUCKET_URL})
 * @param neuronpediaKey ({@code NEURONPEDIA_API_KEY}); most requests need none
 * @param hub base address of the Hugging Face hub
 * @param offline whether network access is disabled
 * @param patience timeout of one request
 * @param pace minimum time between two requests to one service
 */
public record LabelSettings(
        URI goodfire,
        Secret goodfireKey,
        URI neuronpedia,
        URI neuronpediaBucket,
        Secret neuronpediaKey,
        URI hub,
        boolean offline,
        Duration patience,
        Duration pace) {

    /** Settings from environment variables (keys and addresses) and the hub's settings (its address, offline). */
    public static LabelSettings of(Map<String, String> variables, HubSettings hub) {
        return new LabelSettings(
                address(variables, "GOODFIRE_BASE_URL", "https://api.goodfire.ai"),
                new Secret(variables.getOrDefault("GOODFIRE_API_KEY", "")),
                address(variables, "NEURONPEDIA_BASE_URL", "https://www.neuronpedia.org"),
                address(variables, "NEURONPEDIA_BUCKET_URL", "https://neuronpedia-datasets.s3.us-east-1.amazonaws.com"),
                new Secret(variables.getOrDefault("NEURONPEDIA_API_KEY", "")),
                hub.endpoint(),
                hub.offline(),
                Duration.ofSeconds(10),
                Duration.ofMillis(150)); // Neuronpedia allows 25,000 requests per hour, one every 144 ms
    }

    private static URI address(Map<String, String> variables, String name, String usual) {
        String given = variables.getOrDefault(name, "");
        return WebAddress.require(given.isBlank() ? usual : given, "an address in " + name + " such as " + usual);
    }

    /** A copy with other limits. */
    public LabelSettings withPatience(Duration longestWait, Duration shortestPause) {
        return new LabelSettings(
                goodfire,
                goodfireKey,
                neuronpedia,
                neuronpediaBucket,
                neuronpediaKey,
                hub,
                offline,
                longestWait,
                shortestPause);
    }
}
