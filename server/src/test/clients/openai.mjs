// OpenAI's client for JavaScript, as people use it: chat, stream, cancel, errors, n, logprobs, steering.
// node openai.mjs URL, run where the package openai can be found; prints one JSON object.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "any", maxRetries: 0 });
const asking = {
  model: "parley-7m",
  temperature: 0,
  messages: [{ role: "user", content: "Tell me about the whale." }],
};
const said = {};

const chat = await client.chat.completions.create({ ...asking, logprobs: true, top_logprobs: 2, n: 2 });
said.text = chat.choices[0].message.content;
said.choices = chat.choices.length;
said.logprobs = chat.choices[0].logprobs.content.length;
said.usage = chat.usage.total_tokens;

said.streamed = "";
const stream = await client.chat.completions.create({
  ...asking,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  said.streamed += chunk.choices[0]?.delta?.content ?? "";
  said.streamedUsage = chunk.usage?.total_tokens ?? said.streamedUsage;
}

const steered = await client.chat.completions.create({ ...asking, steering: [{ vector: "pirate", strength: 2 }] });
said.steered = steered.choices[0].message.content;
said.acted = steered.pintle.steering.length;

try {
  await client.chat.completions.create({ ...asking, steerin: [] });
} catch (error) {
  said.error = { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
}

try {
  const failing = await client.chat.completions.create({
    ...asking,
    stream: true,
    steering: [{ vector: "pirate", strength: "1e30abs" }],
  });
  for await (const chunk of failing) {
    said.failing = chunk.choices.length;
  }
} catch (error) {
  said.streamError = error.message;
}

const long = await client.chat.completions.create({ ...asking, temperature: 1.5, max_tokens: 4000, stream: true });
for await (const chunk of long) {
  said.cancelled = chunk.choices.length;
  long.controller.abort();
  break;
}
console.log(JSON.stringify(said));
