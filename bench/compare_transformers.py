"""Hugging Face transformers on the shapes that `pintle bench engine` measures, in the same units, for side by side figures.

    python3 bench/compare_transformers.py [--shape llama-3.1-8b] [--device cuda] [--dtype bf16] [--compile]

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", default="llama-3.1-8b")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--compile", action="store_true", help="also a static cache with torch.compile")
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
    with torch.inference_mode():
        for tokens in (64, 512):
            prompt = ids(1, tokens)
            report(f"prefill {tokens}", seconds(lambda: model(prompt, logits_to_keep=1), device), tokens)
        prompt = ids(1, 512)
        all_states = seconds(lambda: model(prompt, logits_to_keep=1, output_hidden_states=True), device)
        report("read all layers at 512 tokens", all_states, 512)
        for rows in (1, 8, 32):
            prompt = ids(rows, 64)

            def decode():
                out = model(prompt, use_cache=True, logits_to_keep=1)
                for _ in range(options.steps):
                    token = out.logits[:, -1:].argmax(-1)
                    out = model(token, past_key_values=out.past_key_values, use_cache=True)

            first = seconds(lambda: model(prompt, use_cache=True, logits_to_keep=1), device)
            step = (seconds(decode, device, 1, 3) - first) / options.steps
            report(f"decode, batch {rows}", step, rows)
        if options.compile:
            for rows in (1, 8, 32):
                cache = StaticCache(config=config, max_cache_len=256)
                prompt = ids(rows, 64)
                model(prompt, past_key_values=cache, cache_position=torch.arange(64, device=device), logits_to_keep=1)
                compiled = torch.compile(model.forward, mode="reduce-overhead", fullgraph=True)
                token = ids(rows, 1)
                position = torch.tensor([64], device=device)

                def step():
                    nonlocal token
                    torch.compiler.cudagraph_mark_step_begin()
                    out = compiled(token, past_key_values=cache, cache_position=position, use_cache=True)
                    token = out.logits[:, -1:].argmax(-1).clone()
                    position.add_(1)

                report(f"decode, batch {rows}, static cache and torch.compile", seconds(step, device, 5, 40), rows)


if __name__ == "__main__":
    main()
