package dev.pintle.family;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Set;
import java.util.regex.Pattern;

/*
 * Every tool that touches a model leaves its keys in config.json. A key that no family reads is ignored in three cases
 * only; any other is refused, since it may be meant to change the computation.
 *
 * 1. Its name is known to describe how the model was trained, stored, served or sampled.
 * 2. Its value is null, or an empty string, list or object.
 * 3. Its value is false, so some special feature is disabled, unless the name refers to a part that every block here
 *    has: use_rope = false would change the computation.
 *
 * docs/models.md lists these cases too.
 */
/** Keys of config.json that cannot change what a model computes. */
final class HarmlessKeys {
    private static final Set<String> NAMES = Set.of(
            // what it is and what wrote it
            "architectures",
            "model_type",
            "auto_map",
            "custom_pipelines",
            "transformers_version",
            "model_name",
            "model_id",
            "name",
            "description",
            "license",
            "language",
            "tags",
            "base_model",
            "library_name",
            "_name_or_path",
            "_commit_hash",
            "_from_model_config",
            // how it is stored and run
            "torch_dtype",
            "dtype",
            "use_bfloat16",
            "use_cache",
            "cache_implementation",
            "kv_cache_dtype",
            "torchscript",
            "return_dict",
            "use_return_dict",
            "chunk_size_feed_forward",
            "tf_legacy_loss",
            "use_flash_attn",
            "use_flash_attention",
            "use_flash_attention_2",
            "flash_attn",
            "use_liger_kernel",
            "use_sdpa",
            "pretraining_tp",
            "tensor_parallel_size",
            // how it was trained
            "initializer_range",
            "initializer_factor",
            "init_std",
            "gradient_checkpointing",
            "use_gradient_checkpointing",
            "neftune_noise_alpha",
            "embd_pdrop",
            "resid_pdrop",
            "attn_pdrop",
            "dropout",
            "layerdrop",
            "finetuning_task",
            "problem_type",
            "num_labels",
            "id2label",
            "label2id",
            "loss_type",
            "router_aux_loss_coef",
            "router_jitter_noise",
            // its tokenizer
            "tokenizer_class",
            "tokenizer_model_max_length",
            "tokenizer_padding_side",
            "model_max_length",
            "max_sequence_length",
            "max_seq_length",
            "max_seq_len",
            "padding_side",
            "prefix",
            // how it is sampled, which old versions stored here
            "task_specific_params",
            "generation_config",
            "max_length",
            "min_length",
            "max_new_tokens",
            "do_sample",
            "early_stopping",
            "num_beams",
            "num_beam_groups",
            "diversity_penalty",
            "temperature",
            "top_k",
            "top_p",
            "min_p",
            "typical_p",
            "repetition_penalty",
            "length_penalty",
            "no_repeat_ngram_size",
            "encoder_no_repeat_ngram_size",
            "bad_words_ids",
            "num_return_sequences",
            "remove_invalid_values",
            "exponential_decay_length_penalty",
            "suppress_tokens",
            "begin_suppress_tokens",
            // only used by the kinds of RoPE scaling that read it
            "original_max_position_embeddings");

    private static final Pattern FAMILIES = Pattern.compile("(unsloth|trl|axolotl|wandb|deepspeed|llamafactory)_.+"
            + "|_?attn_implementation.*|_flash_.+|output_.+|return_dict_.+|forced_.+_token_id|summary_.+"
            + "|.+_(dropout|pdrop|dropout_prob|dropout_p|dropout_rate)"
            + "|.+_token_(id|ids|index)|(bos|eos|pad|unk|sep|cls|mask)_token");

    private static final Set<String> ALWAYS_THERE = Set.of(
            "rope",
            "rotary",
            "causal",
            "scale",
            "scaled",
            "gate",
            "gated",
            "glu",
            "norm",
            "rms",
            "rmsnorm",
            "layernorm",
            "residual",
            "softmax",
            "positional",
            "mlp",
            "attn");

    private HarmlessKeys() {}

    /** Whether a key that no family reads can be ignored with this value. */
    static boolean include(String key, JsonNode value) {
        boolean empty = value.isNull()
                || (value.isTextual() && value.textValue().isBlank())
                || (value.isContainerNode() && value.isEmpty());
        return empty
                || NAMES.contains(key)
                || FAMILIES.matcher(key).matches()
                || (value.isBoolean()
                        && !value.booleanValue()
                        && Arrays.stream(key.split("_")).noneMatch(ALWAYS_THERE::contains));
    }
}
