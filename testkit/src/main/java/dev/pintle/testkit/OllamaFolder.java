package dev.pintle.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Writes a folder of models as Ollama keeps them: manifests beside blobs that are named by their hash. */
public final class OllamaFolder {
    private final Path root;

    /** @param root what {@code OLLAMA_MODELS} names */
    public OllamaFolder(Path root) {
        this.root = root;
    }

    /** Writes a blob; returns its layer as the manifest lists it. */
    public String layer(String kind, byte[] content) {
        String hash = hash(content);
        try {
            Files.createDirectories(root.resolve("blobs"));
            Files.write(blob(content), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return layer(kind, "sha256:" + hash, content.length);
    }

    /** The same for a text. */
    public String layer(String kind, String content) {
        return layer(kind, content.getBytes(StandardCharsets.UTF_8));
    }

    /** A layer as the manifest lists it, whether or not there is such a blob. */
    public static String layer(String kind, String digest, long bytes) {
        return "{\"mediaType\": \"application/vnd.ollama.image." + kind + "\", \"digest\": \"" + digest
                + "\", \"size\": " + bytes + "}";
    }

    /** Where the blob of some content lies. */
    public Path blob(byte[] content) {
        return root.resolve("blobs").resolve("sha256-" + hash(content));
    }

    /** Writes a manifest at {@code host/namespace/model/tag}. */
    public Path manifest(String path, String... layers) {
        return write(path, "{\"schemaVersion\": 2, \"layers\": [" + String.join(", ", layers) + "]}");
    }

    /** Writes anything in place of a manifest. */
    public Path write(String path, String content) {
        Path file = root.resolve("manifests").resolve(path);
        try {
            Files.createDirectories(file.resolveSibling(""));
            return Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
