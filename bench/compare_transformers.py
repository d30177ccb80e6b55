"""Times Hugging Face transformers on the shapes of `pintle bench engine`, in the same units, for side-by-side comparison.

    python3 bench/compare_transformers.py [--shape llama-3.1-8b] [--device cuda] [--dtype bf16] [--sae] [--extract] [--compile]

Needs torch and transformers. Random weights; the median of several runs after warm-up.
"""
import argparse
import json
import pathlib
import statistics
import time

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, StaticCache

SHAPES = pathlib.Path(__file__).parent.parent / "model/src/main/resources/dev/pintle/model/shapes"


def seconds(action, device, warmup=3, runs=9):
    for _ in range(warmup):
        action()
    times = []
    for _ in range(runs):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        action()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def compiled_step(model, config, ids, rows, device):
    cache = StaticCache(config=config, max_cache_len=256)
    model(ids(rows, 64), past_key_values=cache, cache_position=torch.arange(64, device=device), logits_to_keep=1)
    compiled = torch.compile(model.forward, mode="reduce-overhead", fullgraph=True)
    token = ids(rows, 1)
    position = torch.tensor([64], device=device)

    def step():
        nonlocal token
        torch.compiler.cudagraph_mark_step_begin()
        out = compiled(token, past_key_values=cache, cache_position=position, use_cache=True)
        token = out.logits[:, -1:].argmax(-1).clone()
        position.add_(1)

    return step


def generated(model, ids, rows, device):
    def generate(count):
        model.generate(ids(rows, 64), max_new_tokens=count, min_new_tokens=count, do_sample=False, cache_implementation="static", max_length=None)

    short = seconds(lambda: generate(16), device, 1, 3)
    return (seconds(lambda: generate(80), device, 1, 3) - short) / 64


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", default="llama-3.1-8b")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--compile", action="store_true", help="also a static cache with torch.compile")
    parser.add_argument("--only-compiled", action="store_true", help="nothing but that")
    parser.add_argument("--sae", action="store_true", help="also the 32 largest of 65,536 latents of 512 tokens")
    parser.add_argument("--extract", action="store_true", help="also reading a layer of 582 pairs of 72 tokens")
    options = parser.parse_args()
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[options.dtype]
    values = json.loads((SHAPES / f"{options.shape}.json").read_text())
    config = AutoConfig.for_model(values.pop("model_type"), **values)
    torch.manual_seed(1)
    torch.set_default_dtype(dtype)
    with torch.device(options.device), torch.inference_mode():
        model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, {options.shape}, {options.dtype} on {options.device}")
    device = options.device
    ids = lambda rows, tokens: torch.randint(0, config.vocab_size, (rows, tokens), device=device)

    def report(what, value, tokens):
        print(f"| {what} | {value * 1e3:.2f} | {tokens / value:.1f} |", flush=True)

    print("| run | ms | tokens/s |\n| --- | ---: | ---: |")

    def decoding(rows, context=64):
        prompt = ids(rows, context)

        def decode():
            out = model(prompt, use_cache=True, logits_to_keep=1)
            for _ in range(options.steps):
                token = out.logits[:, -1:].argmax(-1)
                out = model(token, past_key_values=out.past_key_values, use_cache=True)

        first = seconds(lambda: model(prompt, use_cache=True, logits_to_keep=1), device, 1, 5)
        return (seconds(decode, device, 1, 3) - first) / options.steps

    layer = config.num_hidden_layers * 19 // 32

    def eager():
        for tokens in (64, 512):
            prompt = ids(1, tokens)
            report(f"prefill {tokens}", seconds(lambda: model(prompt, logits_to_keep=1), device), tokens)
        prompt = ids(1, 512)
        all_states = seconds(lambda: model(prompt, logits_to_keep=1, output_hidden_states=True), device)
        report("read all layers at 512 tokens", all_states, 512)

        class Enough(Exception):
            pass

        def stop(module, inputs, output):
            raise Enough

        def read_one():
            try:
                model(prompt, logits_to_keep=1)
            except Enough:
                pass

        handle = model.model.layers[layer].register_forward_hook(stop)
        report(f"read layer {layer} at 512 tokens, stopped by a hook", seconds(read_one, device), 512)
        handle.remove()
        for rows in (1, 8, 32, 256):
            report(f"decode, batch {rows}", decoding(rows), rows)
        for rows in (1, 8):
            report(f"decode, batch {rows} after 2048 tokens", decoding(rows, 2048), rows)
        for rows in (1, 256):
            vectors = torch.randn(rows, 1, config.hidden_size, device=device, dtype=dtype)
            add = lambda module, inputs, output: output + vectors
            handle = model.model.layers[layer].register_forward_hook(add)
            report(f"decode, batch {rows}, {rows} vector(s) added by a hook", decoding(rows), rows)
            handle.remove()

    def extract():
        batches = [ids(64, 72) for _ in range(19)]

        def read():
            for batch in batches:
                model(batch, logits_to_keep=1, output_hidden_states=True).hidden_states[layer + 1][:, -1].float().cpu()

        report("last position of 2 x 582 sequences of 72 tokens, in batches of 64", seconds(read, device, 0, 2), 19 * 64 * 72)

    def autoencoder():
        encoder = torch.randn(65536, config.hidden_size, device=device, dtype=dtype) / config.hidden_size**0.5
        bias = torch.full((65536,), -2.9, device=device, dtype=dtype)
        x = torch.randn(512, config.hidden_size, device=device, dtype=dtype)
        encode = lambda: torch.nn.functional.linear(x, encoder, bias).relu().float().topk(32)
        report("autoencoder, top 32 of 65,536 latents of 512 tokens, sums rounded to 16 bits", seconds(encode, device), 512)

    with torch.inference_mode():
        if not options.only_compiled:
            eager()
        if options.sae:
            autoencoder()
        if options.extract:
            extract()
        if options.compile:
            for rows in (1, 8):
                try:
                    step = compiled_step(model, config, ids, rows, device)
                    report(f"decode, batch {rows}, static cache and torch.compile", seconds(step, device, 5, 40), rows)
                except Exception as error:  # the cache API differs between versions of transformers
                    print(f"compiled by hand: {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
                    report(f"decode, batch {rows}, generate with a static cache", generated(model, ids, rows, device), rows)


if __name__ == "__main__":
    main()
