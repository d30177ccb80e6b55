package dev.pintle.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.GitLfs;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model folder's special tokens and chat templates.
 *
 * @param specialTokens by their name in templates, such as {@code bos_token}; {@code additional_special_tokens} is a
 *     list
 * @param templates chat templates by name; a single template is called {@code default}
 */
record TokenizerConfig(Map<String, Object> specialTokens, Map<String, String> templates) {
    private static final long MAX_BYTES = 64L << 20;
    private static final int MAX_TEMPLATES = 100;
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(4_000_000, 64, 4 << 20);
    private static final List<String> SPECIAL =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /**
     * Reads {@code tokenizer_config.json} and the template files next to it. As in transformers, {@code
     * chat_template.jinja} takes precedence over the configuration, and files in {@code additional_chat_templates} add
     * to it.
     */
    static TokenizerConfig read(Path folder) {
        Path file = folder.resolve("tokenizer_config.json");
        GitLfs.requireContent(file);
        JsonNode config = Files.exists(file) ? json(file) : JsonNodeFactory.instance.objectNode();
        Map<String, Object> tokens = new LinkedHashMap<>();
        for (String name : SPECIAL) {
            String token = content(config.path(name), name, file);
            if (!token.isEmpty()) {
                tokens.put(name, token);
            }
        }
        List<String> additional = new ArrayList<>();
        for (JsonNode token : config.path("additional_special_tokens")) {
            additional.add(content(token, "additional_special_tokens", file));
        }
        if (!additional.isEmpty()) {
            tokens.put("additional_special_tokens", additional);
        }
        return new TokenizerConfig(tokens, templates(folder, config.path("chat_template"), file));
    }

    private static Map<String, String> templates(Path folder, JsonNode configured, Path file) {
        Map<String, String> templates = new LinkedHashMap<>();
        Path jinja = folder.resolve("chat_template.jinja");
        Path json = folder.resolve("chat_template.json");
        if (Files.exists(jinja)) {
            templates.put("default", text(jinja));
        } else if (configured.isMissingNode() && Files.exists(json)) {
            add(json(json).path("chat_template"), templates, json);
        } else {
            add(configured, templates, file);
        }
        Path more = folder.resolve("additional_chat_templates");
        if (Files.isDirectory(more)) {
            try (var files = Files.newDirectoryStream(more, "*.jinja")) {
                for (Path one : files) {
                    String name = String.valueOf(one.getFileName());
                    templates.put(name.substring(0, name.length() - ".jinja".length()), text(one));
                    requireFew(templates.size(), more);
                }
            } catch (IOException | DirectoryIteratorException e) {
                throw ChatTemplateException.unreadable(
                        "The chat templates cannot be read.", e, "folder", more.toString());
            }
        }
        return templates;
    }

    private static void add(JsonNode template, Map<String, String> templates, Path file) {
        if (template.isTextual()) {
            templates.put("default", template.textValue());
        } else if (template.isArray()) {
            requireFew(template.size(), file);
            for (JsonNode one : template) {
                if (!one.path("name").isTextual() || !one.path("template").isTextual()) {
                    throw odd("chat_template", one, "a list of objects with a name and a template", file);
                }
                templates.put(one.path("name").textValue(), one.path("template").textValue());
            }
        } else if (!template.isMissingNode() && !template.isNull()) {
            throw odd("chat_template", template, "a string, or a list of named templates", file);
        }
    }

    private static void requireFew(int count, Path where) {
        if (count > MAX_TEMPLATES) {
            throw new ChatTemplateException(
                    "The model has too many chat templates.",
                    "in",
                    where.toString(),
                    "expected",
                    "at most " + MAX_TEMPLATES);
        }
    }

    private static String content(JsonNode token, String name, Path file) {
        JsonNode content = token.isObject() ? token.path("content") : token;
        if (content.isMissingNode() || content.isNull()) {
            return "";
        }
        if (!content.isTextual()) {
            throw odd(name, token, "a token's text, or an object with its content", file);
        }
        return content.textValue();
    }

    private static ChatTemplateException odd(String key, JsonNode found, String expected, Path file) {
        return new ChatTemplateException(
                "The tokenizer configuration is invalid.",
                "file",
                file.toString(),
                "key",
                key,
                "found",
                Excerpt.of(found),
                "expected",
                expected);
    }

    /** A template in a file. */
    static String text(Path file) {
        try {
            return ForeignFile.text(file, MAX_BYTES);
        } catch (IOException e) {
            throw ChatTemplateException.unreadable(
                    "The chat template cannot be read.", e, "file", file.toString(), "found", ForeignFile.why(e));
        }
    }

    private static JsonNode json(Path file) {
        try {
            JsonNode root = ForeignJson.read(ForeignFile.bytes(file, MAX_BYTES), LIMITS);
            if (!root.isObject()) {
                throw odd("the whole file", root, "a JSON object", file);
            }
            return root;
        } catch (JsonProcessingException e) {
            throw ChatTemplateException.unreadable(
                    "A file of the model is not JSON.",
                    e,
                    "file",
                    file.toString(),
                    "at",
                    ForeignJson.place(e),
                    "found",
                    ForeignJson.why(e));
        } catch (IOException e) {
            throw ChatTemplateException.unreadable(
                    "A file of the model cannot be read.", e, "file", file.toString(), "found", ForeignFile.why(e));
        }
    }
}
