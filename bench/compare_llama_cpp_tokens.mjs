// Compares greedy tokens with llama.cpp's from the same GGUF file: the embedded model's by default, in F32 and Q8_0.
//
//   npm install --prefix FOLDER --ignore-scripts --omit=optional node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1
//   NODE_PATH=FOLDER/node_modules node bench/compare_llama_cpp_tokens.mjs [FILE.gguf ...]
//
// PINTLE says how to start Pintle (default: ./pintle).
//
// Answers may part where the two most probable tokens are about as probable: a difference counts where their
// log-probabilities are more than 0.1 apart, since llama.cpp rounds activations to 8 bits before it multiplies them with
// quantised weights. The package has no way of loading a control vector, so answers are unsteered.

import {spawn} from "node:child_process";
import {createRequire} from "node:module";
import os from "node:os";
import path from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";
import {write} from "./parley_gguf.mjs";

const HOME = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const TOKENS = 32, CLOSE = 0.1, PORT = 18437;
const QUESTIONS = ["whale", "harbour", "spoon", "king", "moon", "bread", "clock", "river", "teacher", "garden"]
    .flatMap((thing) => [`Tell me about the ${thing}.`, `What do you know about the ${thing}?`]);

const files = process.argv.slice(2);
if (files.length === 0) {
    for (const type of ["F32", "Q8_0"]) {
        const file = path.join(os.tmpdir(), `parley-${type}.gguf`);
        write(type, file);
        files.push(file);
    }
}
const require = createRequire(import.meta.url);
const {getLlama} = await import(pathToFileURL(
    require.resolve("node-llama-cpp", {paths: (process.env.NODE_PATH ?? "").split(":")})).href);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, maxThreads: 1});

async function pintle(file, action) {
    const server = spawn(process.env.PINTLE ?? path.join(HOME, "pintle"), ["serve", "--model", file, "--dtype", "fp32", "--device", "cpu", "--port", `${PORT}`],
        {stdio: ["ignore", "inherit", "inherit"]});
    const url = `http://localhost:${PORT}`;
    try {
        for (let tries = 0; ; tries++) {
            const ready = await fetch(`${url}/ready`).then((reply) => reply.ok, () => false);
            if (ready) break;
            if (tries > 1500 || server.exitCode !== null) throw new Error("pintle serve did not start");
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
        return await action(async (route, body) => {
            const reply = await fetch(url + route, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
            if (!reply.ok) throw new Error(await reply.text());
            return reply.json();
        });
    } finally {
        server.kill("SIGTERM");
        await new Promise((resolve) => server.once("exit", resolve));
    }
}

let wrong = 0;
for (const file of files) {
    const answers = await pintle(file, async (ask) => {
        const model = (await (await fetch(`http://localhost:${PORT}/v1/models`)).json()).data[0].id;
        const all = [];
        for (const question of QUESTIONS) {
            const messages = [{role: "user", content: question}];
            const prompt = (await ask("/pintle/v1/tokenize", {model, messages})).tokens.map((token) => token.id);
            const reply = await ask("/v1/completions", {model, prompt, max_tokens: TOKENS, temperature: 0, logprobs: 2, tokens: true});
            all.push({question, prompt, reply: reply.choices[0]});
        }
        return all;
    });
    const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
    const context = await model.createContext({contextSize: 512, flashAttention: false, threads: 1});
    const sequence = context.getSequence();
    let same = 0, parted = 0;
    for (const {question, prompt, reply} of answers) {
        await sequence.clearHistory();
        const theirs = [];
        for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
            theirs.push(token);
            if (theirs.length >= TOKENS || model.isEogToken(token)) break;
        }
        const ours = reply.pintle.tokens.map((token) => token.id);
        const at = ours.findIndex((id, i) => id !== theirs[i]);
        if (at < 0) { same++; continue; }
        const [first, second] = Object.values(reply.logprobs.top_logprobs[at]).sort((a, b) => b - a);
        const far = first - second > CLOSE;
        wrong += far ? 1 : 0;
        parted++;
        console.log(`${path.basename(file)}: "${question}" parts at token ${at}, where log-probabilities are ${(first - second).toFixed(4)} apart`);
    }
    console.log(`${path.basename(file)}: ${same} of ${answers.length} answers have the same tokens, ${parted} part`);
    await model.dispose();
}
process.exit(wrong > 0 ? 1 : 0);
