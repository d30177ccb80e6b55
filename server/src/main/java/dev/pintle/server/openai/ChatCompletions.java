package dev.pintle.server.openai;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.Presets.Preset;
import dev.pintle.server.http.Call;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.text.ChatTemplateException;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenBytes;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/chat/completions}. */
public final class ChatCompletions {
    private final Completing shared;

    /** @param shared with completions */
    public ChatCompletions(Completing shared) {
        this.shared = shared;
    }

    /** The fields that only chat completions have. */
    record ChatFields(
            @Nullable JsonNode messages,
            @JsonProperty("max_completion_tokens") @Nullable Integer maxCompletionTokens,
            @Nullable Boolean logprobs,
            @JsonProperty("top_logprobs") @Nullable Integer topLogprobs,

            @JsonProperty("continue_final_message") @Nullable
            Boolean continueFinalMessage) {}

    /** Answers a request. */
    public void handle(Call call) throws IOException, InterruptedException {
        Completing.Begun<ChatFields> begun = shared.begin(call, ChatFields.class);
        Models.Chosen chosen = begun.chosen();
        Fields fields = begun.fields();
        ChatFields chat = begun.own();
        Asked.Given prompt = prompt(chosen, chat);
        boolean logprobs = Boolean.TRUE.equals(chat.logprobs());
        int alternatives = chat.topLogprobs() == null ? 0 : chat.topLogprobs();
        if (alternatives > 0 && !logprobs) {
            throw new FieldException(
                    "top_logprobs", Problem.of("top_logprobs needs logprobs.").fact("expected", "logprobs: true"));
        }
        Asked asked =
                Asked.of(chosen, fields, prompt, most(fields, chat), alternatives, Asked.seed(fields), begun.ignored());
        ServedModel served = chosen.model();
        ChatFormat format =
                new ChatFormat(new TokenTexts(new TokenBytes(served.model().tokenizer())), logprobs);
        shared.answer(call, asked, Collections.nCopies(fields.answers(), format));
    }

    private static @Nullable Integer most(Fields fields, ChatFields chat) {
        Integer newer = chat.maxCompletionTokens();
        Integer older = fields.maxTokens();
        if (newer != null && older != null && !newer.equals(older)) {
            throw new FieldException(
                    "max_tokens",
                    Problem.of("max_tokens and max_completion_tokens contradict each other.")
                            .fact("max_completion_tokens", newer)
                            .fact("max_tokens", older));
        }
        return newer != null ? newer : older;
    }

    private static Asked.Given prompt(Models.Chosen chosen, ChatFields chat) {
        List<Message> messages = new ArrayList<>(messages(chat.messages()));
        Preset preset = chosen.preset();
        if (preset != null
                && preset.system() != null
                && messages.stream().noneMatch(message -> message.role().equals("system"))) {
            messages.add(0, Message.system(preset.system()));
        }
        boolean continues = Boolean.TRUE.equals(chat.continueFinalMessage());
        boolean lastIsAnswer = messages.get(messages.size() - 1).role().equals("assistant");
        if (continues && !lastIsAnswer) {
            throw new FieldException(
                    "continue_final_message",
                    Problem.of("Only an assistant's message can be continued.")
                            .fact(
                                    "last message",
                                    messages.get(messages.size() - 1).role()));
        }
        Prompt prompt = new Prompt(messages, continues ? Prompt.Ending.CONTINUED : Prompt.Ending.GENERATION_HEADER);
        try {
            TokenizedPrompt tokens = prompt.tokenized(chosen.model().model().text());
            return new Asked.Given(tokens.ids(), tokens);
        } catch (ChatTemplateException e) {
            throw new FieldException(
                    "messages",
                    Problem.of("The model's chat template refuses these messages.")
                            .fact("cause", e),
                    e);
        }
    }

    /** The messages of a conversation. */
    public static List<Message> messages(@Nullable JsonNode json) {
        if (json == null || !json.isArray() || json.isEmpty()) {
            throw JsonRecords.wrong(
                    "messages",
                    "a list of at least one {\"role\": …, \"content\": …}",
                    json == null ? MissingNode.getInstance() : json);
        }
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < json.size(); i++) {
            messages.add(message(json.get(i), "messages[" + i + "]"));
        }
        return messages;
    }

    private static Message message(JsonNode json, String path) {
        if (!json.isObject() || !json.path("role").isTextual()) {
            throw JsonRecords.wrong(path, "{\"role\": …, \"content\": …}", json);
        }
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            boolean isEmpty = json.get(name).isNull()
                    || (json.get(name).isContainerNode() && json.get(name).isEmpty());
            if (!List.of("role", "content", "name").contains(name) && !isEmpty) {
                throw JsonRecords.unknown(path + "." + name, name, List.of("content", "name", "role"));
            }
        }
        String role = json.get("role").textValue();
        return new Message(
                role.equals("developer") ? "system" : role, content(json.path("content"), path + ".content"));
    }

    private static String content(JsonNode json, String path) {
        if (json.isTextual()) {
            return json.textValue();
        }
        if (!json.isArray()) {
            throw JsonRecords.wrong(path, "a text, or a list of text parts", json);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < json.size(); i++) {
            JsonNode part = json.get(i);
            if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
                throw JsonRecords.wrong(path + "[" + i + "]", "{\"type\": \"text\", \"text\": …}", part);
            }
            text.append(part.get("text").textValue());
        }
        return text.toString();
    }
}
