package dev.pintle.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.tensor.io.GitLfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a model folder says about its special tokens and chat templates.
 *
 * @param specialTokens by name in the template, such as {@code bos_token}; {@code additional_special_tokens} is a list
 * @param templates chat templates by name; a folder with one template calls it {@code default}
 */
record TokenizerConfig(Map<String, Object> specialTokens, Map<String, String> templates) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> SPECIAL =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /**
     * Reads {@code tokenizer_config.json} and the template files beside it. As in transformers, a file
     * {@code chat_template.jinja} wins over the configuration, and files in {@code additional_chat_templates} add to it.
     */
    static TokenizerConfig read(Path folder) {
        Path file = folder.resolve("tokenizer_config.json");
        GitLfs.requireContent(file);
        JsonNode config = Files.exists(file) ? json(file) : JSON.createObjectNode();
        Map<String, Object> tokens = new LinkedHashMap<>();
        for (String name : SPECIAL) {
            String token = content(config.path(name));
            if (!token.isEmpty()) {
                tokens.put(name, token);
            }
        }
        List<String> additional = new ArrayList<>();
        config.path("additional_special_tokens").forEach(token -> additional.add(content(token)));
        if (!additional.isEmpty()) {
            tokens.put("additional_special_tokens", additional);
        }
        return new TokenizerConfig(tokens, templates(folder, config.path("chat_template")));
    }

    private static Map<String, String> templates(Path folder, JsonNode configured) {
        Map<String, String> templates = new LinkedHashMap<>();
        Path jinja = folder.resolve("chat_template.jinja");
        Path json = folder.resolve("chat_template.json");
        if (Files.exists(jinja)) {
            templates.put("default", text(jinja));
        } else if (configured.isMissingNode() && Files.exists(json)) {
            add(json(json).path("chat_template"), templates);
        } else {
            add(configured, templates);
        }
        Path more = folder.resolve("additional_chat_templates");
        if (Files.isDirectory(more)) {
            try (var files = Files.newDirectoryStream(more, "*.jinja")) {
                for (Path file : files) {
                    String name = String.valueOf(file.getFileName());
                    templates.put(name.substring(0, name.length() - ".jinja".length()), text(file));
                }
            } catch (IOException e) {
                throw ChatTemplateException.unreadable(
                        "The chat templates cannot be read.", e, "folder", more.toString());
            }
        }
        return templates;
    }

    private static void add(JsonNode template, Map<String, String> templates) {
        if (template.isTextual()) {
            templates.put("default", template.textValue());
        }
        if (template.isArray()) {
            template.forEach(one -> templates.put(
                    one.path("name").asText(), one.path("template").asText()));
        }
    }

    private static String content(JsonNode token) {
        return token.isObject() ? token.path("content").asText("") : token.isTextual() ? token.textValue() : "";
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw ChatTemplateException.unreadable("The chat template cannot be read.", e, "file", file.toString());
        }
    }

    private static JsonNode json(Path file) {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw ChatTemplateException.unreadable(
                    "A file of the model is not JSON.", e, "file", file.toString(), "found", e.getOriginalMessage());
        } catch (IOException e) {
            throw ChatTemplateException.unreadable("A file of the model cannot be read.", e, "file", file.toString());
        }
    }
}
