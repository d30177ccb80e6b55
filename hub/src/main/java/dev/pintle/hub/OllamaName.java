package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model's name in Ollama, {@code [HOST/][NAMESPACE/]MODEL[:TAG]}.
 *
 * @param host the registry, {@code registry.ollama.ai} by default
 * @param namespace {@code library} by default
 * @param model such as {@code llama3.1}
 * @param tag {@code latest} by default
 * @see <a href="https://github.com/ollama/ollama/blob/main/types/model/name.go">Ollama's own rules</a>
 */
record OllamaName(String host, String namespace, String model, String tag) {
    private static final String HOST = "registry.ollama.ai";
    private static final String NAMESPACE = "library";
    private static final String TAG = "latest";
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}");
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}");

    /** The name that {@code text} is, if it has the form of one. */
    static Optional<OllamaName> tryParse(String text) {
        int colon = text.lastIndexOf(':');
        boolean tagged = colon > text.lastIndexOf('/');
        String tag = tagged ? text.substring(colon + 1) : TAG;
        String[] parts = (tagged ? text.substring(0, colon) : text).split("/", -1);
        int last = parts.length - 1;
        return parts.length > 3
                ? Optional.empty()
                : of(last == 2 ? parts[0] : HOST, last >= 1 ? parts[last - 1] : NAMESPACE, parts[last], tag);
    }

    /** The name that a manifest's path below {@code manifests} stands for. */
    static Optional<OllamaName> ofManifest(String path) {
        String[] parts = path.split("/", -1);
        return parts.length == 4 ? of(parts[0], parts[1], parts[2], parts[3]) : Optional.empty();
    }

    private static Optional<OllamaName> of(String host, String namespace, String model, String tag) {
        boolean valid = HOST_NAME.matcher(host).matches()
                && PART.matcher(namespace).matches()
                && PART.matcher(model).matches()
                && PART.matcher(tag).matches();
        return valid ? Optional.of(new OllamaName(host, namespace, model, tag)) : Optional.empty();
    }

    /** @throws dev.pintle.base.PintleException if it is something else */
    static OllamaName parse(String text) {
        return tryParse(text)
                .orElseThrow(() -> Problem.of("This is not a name of a model of Ollama.")
                        .fact("expected", "NAME, NAME:TAG, NAMESPACE/NAME:TAG or HOST/NAMESPACE/NAME:TAG")
                        .fact("but was", text)
                        .toException());
    }

    /** The manifest in a folder of Ollama's. */
    Path manifest(Path root) {
        return root.resolve("manifests")
                .resolve(host)
                .resolve(namespace)
                .resolve(model)
                .resolve(tag);
    }

    /** Whether both mean the same to Ollama, which does not tell capitals from small letters. */
    boolean isSame(OllamaName other) {
        return whole().equalsIgnoreCase(other.whole());
    }

    private String whole() {
        return host + "/" + namespace + "/" + model + ":" + tag;
    }

    /** As Ollama lists it, without what is as usual, but with the tag. */
    @Override
    public String toString() {
        String plain = model + ":" + tag;
        if (!host.equals(HOST)) {
            return host + "/" + namespace + "/" + plain;
        }
        return namespace.equals(NAMESPACE) ? plain : namespace + "/" + plain;
    }
}
