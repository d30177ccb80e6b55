package dev.pintle.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients as people use them, unchanged. */
class ClientsTest {
    private static final String QUESTION = "Tell me about the whale.";
    private static final String ANSWER = "The whale is blue. The whale is a huge animal.";

    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @SuppressWarnings("NullAway.Init")
    private static OpenAIClient openAi;

    @BeforeAll
    static void start(@TempDir Path folder) {
        server = TestServer.start(folder);
        openAi = OpenAIOkHttpClient.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        openAi.close();
        server.close();
    }

    private static ChatCompletionCreateParams.Builder asking() {
        return ChatCompletionCreateParams.builder()
                .model(TestServer.MODEL)
                .addUserMessage(QUESTION)
                .temperature(0);
    }

    @Test
    void openai_java_chats_lists_models_and_reads_logprobs_and_usage() {
        ChatCompletion reply = openAi.chat()
                .completions()
                .create(asking().logprobs(true).topLogprobs(2).build());
        assertThat(reply.choices().get(0).message().content()).contains(ANSWER);
        assertThat(reply.choices().get(0).finishReason().asString()).isEqualTo("stop");
        assertThat(reply.choices().get(0).logprobs().orElseThrow().content().orElseThrow())
                .hasSize((int) reply.usage().orElseThrow().completionTokens());
        assertThat(openAi.models().list().data().get(0).id()).isEqualTo(TestServer.MODEL);
        assertThat(openAi.chat().completions().create(asking().n(3).build()).choices())
                .hasSize(3);
    }

    @Test
    @Tag("slow")
    void openai_java_streams_and_steers_with_a_field_of_its_own() {
        StringBuilder text = new StringBuilder();
        ChatCompletionCreateParams steered = asking().putAdditionalBodyProperty(
                        "steering", JsonValue.from(List.of(Map.of("vector", "pirate", "strength", 2))))
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                openAi.chat().completions().createStreaming(steered)) {
            stream.stream()
                    .flatMap(chunk -> chunk.choices().stream())
                    .forEach(choice -> text.append(choice.delta().content().orElse("")));
        }
        ChatCompletion whole = openAi.chat().completions().create(steered);
        assertThat(whole.choices().get(0).message().content()).contains(text.toString());
        assertThat(text.toString()).isNotEqualTo(ANSWER);
    }

    @Test
    void openai_java_gets_typed_errors() {
        assertThatThrownBy(() -> openAi.chat()
                        .completions()
                        .create(asking().putAdditionalBodyProperty("steerin", JsonValue.from(List.of()))
                                .build()))
                .isInstanceOfSatisfying(BadRequestException.class, e -> {
                    assertThat(e.code()).contains("unknown_parameter");
                    assertThat(e.param()).contains("steerin");
                    assertThat(e.getMessage()).contains("steering");
                });
        assertThatThrownBy(() -> openAi.chat()
                        .completions()
                        .create(asking().model("nothing").build()))
                .isInstanceOf(NotFoundException.class);
    }

    @Test
    void openai_java_hangs_up_and_the_answer_ends() throws InterruptedException {
        try (StreamResponse<ChatCompletionChunk> stream = openAi.chat()
                .completions()
                .createStreaming(asking().maxCompletionTokens(3900)
                        .putAdditionalBodyProperty(
                                "steering", JsonValue.from(List.of(Map.of("vector", "pirate", "strength", 4))))
                        .build())) {
            Iterator<ChatCompletionChunk> chunks = stream.stream().iterator();
            chunks.next();
        }
        server.awaitFree();
    }

    @Test
    @Tag("slow")
    void langchain4j_chats_and_steers() {
        OpenAiChatModel model = OpenAiChatModel.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .modelName(TestServer.MODEL)
                .temperature(0.0)
                .build();
        assertThat(model.chat(QUESTION)).isEqualTo(ANSWER);
        ChatResponse steered = model.chat(ChatRequest.builder()
                .messages(UserMessage.from(QUESTION))
                .parameters(OpenAiChatRequestParameters.builder()
                        .customParameters(Map.of("steering", List.of(Map.of("vector", "pirate", "strength", 2))))
                        .build())
                .build());
        assertThat(steered.aiMessage().text()).isNotEqualTo(ANSWER);
        assertThat(steered.tokenUsage().inputTokenCount()).isEqualTo(16);
    }

    @Test
    void langchain4j_streams_and_hears_of_errors() throws Exception {
        OpenAiStreamingChatModel model = OpenAiStreamingChatModel.builder()
                .baseUrl(server.url() + "/v1")
                .apiKey("any")
                .modelName(TestServer.MODEL)
                .temperature(0.0)
                .build();
        CompletableFuture<String> answer = new CompletableFuture<>();
        model.chat(QUESTION, new Handler(answer));
        assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo(ANSWER);
        CompletableFuture<String> failed = new CompletableFuture<>();
        model.chat(
                ChatRequest.builder()
                        .messages(UserMessage.from(QUESTION))
                        .parameters(OpenAiChatRequestParameters.builder()
                                .customParameters(
                                        Map.of("steering", List.of(Map.of("vector", "pirate", "strength", "1e30abs"))))
                                .build())
                        .build(),
                new Handler(failed));
        assertThatThrownBy(() -> failed.get(60, TimeUnit.SECONDS)).isNotNull();
    }

    private record Handler(CompletableFuture<String> answer) implements StreamingChatResponseHandler {
        @Override
        public void onPartialResponse(String partial) {}

        @Override
        public void onCompleteResponse(ChatResponse response) {
            answer.complete(response.aiMessage().text());
        }

        @Override
        public void onError(Throwable error) {
            answer.completeExceptionally(error);
        }
    }
}
