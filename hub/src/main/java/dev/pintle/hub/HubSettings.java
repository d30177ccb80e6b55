package dev.pintle.hub;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Hub settings: server, cache and access token. Uses the same environment variables as Hugging Face's library, so both
 * share one cache and one token. With them go the places where other programs keep models.
 *
 * @param endpoint base URL of the hub, without a trailing slash ({@code HF_ENDPOINT})
 * @param cache the cache folder ({@code HF_HUB_CACHE}, otherwise {@code HF_HOME/hub})
 * @param token access token ({@code HF_TOKEN}, otherwise the file {@code HF_TOKEN_PATH} or {@code HF_HOME/token})
 * @param offline whether network access is disabled ({@code HF_HUB_OFFLINE}, {@code TRANSFORMERS_OFFLINE})
 * @param symlinks whether snapshots may be symbolic links to blobs (disabled by {@code HF_HUB_DISABLE_SYMLINKS})
 * @param metadataTimeout maximum wait for file metadata ({@code HF_HUB_ETAG_TIMEOUT})
 * @param downloadTimeout maximum pause during a download ({@code HF_HUB_DOWNLOAD_TIMEOUT})
 * @param stores where Ollama, LM Studio and llama.cpp keep models
 */
public record HubSettings(
        URI endpoint,
        Path cache,
        HubToken token,
        boolean offline,
        boolean symlinks,
        Duration metadataTimeout,
        Duration downloadTimeout,
        ModelStores stores) {
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    /**
     * Settings from the environment and a {@code .env} file in the working directory; the environment takes precedence.
     */
    public static HubSettings fromEnvironment() {
        return read(System.getenv(), Path.of(""), Path.of(System.getProperty("user.home", "")));
    }

    /**
     * Settings from variables and a {@code .env} file.
     *
     * @param environment variables, which take precedence over the file
     * @param workingFolder the folder that may contain {@code .env}
     * @param userHome the meaning of {@code ~}
     */
    public static HubSettings read(Map<String, String> environment, Path workingFolder, Path userHome) {
        return new Reader(Variables.of(environment, workingFolder), userHome).settings();
    }

    /** A copy with another hub. */
    public HubSettings withEndpoint(URI other) {
        return new HubSettings(other, cache, token, offline, symlinks, metadataTimeout, downloadTimeout, stores);
    }

    /** A copy with another cache. */
    public HubSettings withCache(Path other) {
        return new HubSettings(endpoint, other, token, offline, symlinks, metadataTimeout, downloadTimeout, stores);
    }

    /** A copy with another token. */
    public HubSettings withToken(HubToken other) {
        return new HubSettings(endpoint, cache, other, offline, symlinks, metadataTimeout, downloadTimeout, stores);
    }

    /** A copy with network access disabled or enabled. */
    public HubSettings withOffline(boolean other) {
        return new HubSettings(endpoint, cache, token, other, symlinks, metadataTimeout, downloadTimeout, stores);
    }

    /** A copy with symbolic links allowed or not. */
    public HubSettings withSymlinks(boolean other) {
        return new HubSettings(endpoint, cache, token, offline, other, metadataTimeout, downloadTimeout, stores);
    }

    /** A copy with other timeouts. */
    public HubSettings withTimeouts(Duration metadata, Duration download) {
        return new HubSettings(endpoint, cache, token, offline, symlinks, metadata, download, stores);
    }

    /** Reads variables under the names used by Hugging Face's library. */
    private record Reader(Map<String, String> variables, Path userHome) {
        HubSettings settings() {
            Path cache = folder("HF_HUB_CACHE");
            if (cache == null) {
                cache = folder("HUGGINGFACE_HUB_CACHE");
            }
            return new HubSettings(
                    endpoint(),
                    cache == null ? home().resolve("hub") : cache,
                    token(),
                    flag("HF_HUB_OFFLINE") || flag("TRANSFORMERS_OFFLINE"),
                    !flag("HF_HUB_DISABLE_SYMLINKS"),
                    seconds("HF_HUB_ETAG_TIMEOUT"),
                    seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
                    ModelStores.read(variables, userHome));
        }

        private URI endpoint() {
            String text = text("HF_ENDPOINT");
            String address = text == null ? "https://huggingface.co" : text.replaceAll("/+$", "");
            try {
                URI uri = URI.create(address);
                if (uri.getHost() != null && Set.of("http", "https").contains(String.valueOf(uri.getScheme()))) {
                    return uri;
                }
            } catch (IllegalArgumentException e) {
                // reported below
            }
            throw Problem.of("The address of the hub is not valid.")
                    .fact("from", "HF_ENDPOINT")
                    .fact("expected", "a URL such as https://huggingface.co")
                    .fact("but was", address)
                    .toIllegalArgument();
        }

        private Path home() {
            Path home = folder("HF_HOME");
            if (home != null) {
                return home;
            }
            Path caches = folder("XDG_CACHE_HOME");
            return (caches == null ? userHome.resolve(".cache") : caches).resolve("huggingface");
        }

        private HubToken token() {
            if (flag("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
                return HubToken.none("HF_HUB_DISABLE_IMPLICIT_TOKEN is set");
            }
            for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
                String value = text(name);
                if (value != null) {
                    return HubToken.of(value, name);
                }
            }
            Path given = folder("HF_TOKEN_PATH");
            Path file = given == null ? home().resolve("token") : given;
            if (!Files.isRegularFile(file)) {
                return HubToken.NONE;
            }
            try {
                return HubToken.of(ForeignFile.text(file, 10_000), file.toString());
            } catch (IOException e) {
                throw Problem.of("The access token file cannot be read.")
                        .fact("file", file)
                        .fact("cause", ForeignFile.why(e))
                        .toException(e);
            }
        }

        private Duration seconds(String name) {
            String text = text(name);
            if (text == null) {
                return TEN_SECONDS;
            }
            try {
                double seconds = Double.parseDouble(text);
                if (seconds > 0 && seconds <= 86_400) {
                    return Duration.ofMillis(Math.max(1, Math.round(seconds * 1000)));
                }
            } catch (NumberFormatException e) {
                // reported below
            }
            throw Problem.of("The timeout is not valid.")
                    .fact("from", name)
                    .fact("expected", "a number of seconds")
                    .fact("but was", text)
                    .toIllegalArgument();
        }

        private boolean flag(String name) {
            String text = text(name);
            return text != null && TRUE.contains(text.toUpperCase(Locale.ROOT));
        }

        private @Nullable Path folder(String name) {
            String text = text(name);
            if (text == null) {
                return null;
            }
            return text.equals("~") || text.startsWith("~/")
                    ? userHome.resolve(text.substring(Math.min(2, text.length())))
                    : Path.of(text);
        }

        /** The value of a variable, or null if it is absent or blank. */
        private @Nullable String text(String name) {
            String value = variables.get(name);
            return value == null || value.isBlank() ? null : value.strip();
        }
    }
}
