package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.family.ConfigReader;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations with the keys of published models, older and newer than the reference values', in small sizes. */
@Tag("any-java")
class PublishedConfigurationsTest {
    private static final String SIZES = "\"hidden_size\": 64, \"intermediate_size\": 96, \"num_hidden_layers\": 4,"
            + " \"num_attention_heads\": 4, \"vocab_size\": 256, \"torch_dtype\": \"bfloat16\", \"use_cache\": true,"
            + " \"transformers_version\": \"4.40.0\", \"initializer_range\": 0.02, ";

    static List<Arguments> configurations() {
        return List.of(
                Arguments.of("Gemma 2B", SIZES + """
                        "model_type": "gemma", "head_dim": 24, "num_key_value_heads": 1, "hidden_act": "gelu",
                        "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_scaling": null, "rope_theta": 10000.0,
                        "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 2"""),
                Arguments.of("Gemma 3 with an encoder", """
                        "model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "boi_token_index": 255999,
                        "eoi_token_index": 256000, "eos_token_id": [1, 106], "image_token_index": 262144,
                        "mm_tokens_per_image": 256, "vision_config": {"hidden_size": 32, "model_type": "siglip_vision_model"},
                        "text_config": {"hidden_size": 64, "intermediate_size": 96, "model_type": "gemma3_text",
                        "num_hidden_layers": 4, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 8,
                        "head_dim": 16, "vocab_size": 256}"""),
                Arguments.of("GPT-2", """
                        "model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1, "embd_pdrop": 0.1,
                        "layer_norm_epsilon": 1e-05, "n_ctx": 512, "n_embd": 64, "n_head": 4, "n_layer": 4,
                        "n_positions": 512, "resid_pdrop": 0.1, "summary_activation": null, "summary_first_dropout": 0.1,
                        "summary_proj_to_labels": true, "summary_type": "cls_index", "summary_use_proj": true,
                        "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
                        "vocab_size": 256"""),
                Arguments.of("gpt-oss", SIZES + """
                        "model_type": "gpt_oss", "attention_bias": true, "experts_per_token": 2, "head_dim": 16,
                        "hidden_act": "silu", "initial_context_length": 32, "max_position_embeddings": 512,
                        "num_experts_per_tok": 2, "num_key_value_heads": 2, "num_local_experts": 4,
                        "output_router_logits": false, "rms_norm_eps": 1e-05, "rope_theta": 150000,
                        "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
                        "original_max_position_embeddings": 32, "rope_type": "yarn", "truncate": false},
                        "router_aux_loss_coef": 0.9, "sliding_window": 8, "swiglu_limit": 7.0, "tie_word_embeddings": false,
                        "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
                        "quantization_config": {"modules_to_not_convert": ["model.layers.*.self_attn", "lm_head"],
                        "quant_method": "mxfp4"}"""),
                Arguments.of("Qwen 2.5 with YaRN", SIZES + """
                        "model_type": "qwen2", "hidden_act": "silu", "max_position_embeddings": 512, "max_window_layers": 28,
                        "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": null,
                        "rope_scaling": {"factor": 4.0, "original_max_position_embeddings": 128, "type": "yarn"},
                        "use_sliding_window": false, "tie_word_embeddings": false"""),
                Arguments.of("Mixtral", SIZES + """
                        "model_type": "mixtral", "hidden_act": "silu", "max_position_embeddings": 512, "num_experts_per_tok": 2,
                        "num_key_value_heads": 2, "num_local_experts": 4, "output_router_logits": false,
                        "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "router_aux_loss_coef": 0.02,
                        "sliding_window": null, "tie_word_embeddings": false"""),
                Arguments.of("Qwen 3 MoE", SIZES + """
                        "model_type": "qwen3_moe", "attention_bias": false, "decoder_sparse_step": 1, "head_dim": 24,
                        "hidden_act": "silu", "max_position_embeddings": 512, "max_window_layers": 48, "mlp_only_layers": [],
                        "moe_intermediate_size": 32, "norm_topk_prob": true, "num_experts": 8, "num_experts_per_tok": 2,
                        "num_key_value_heads": 2, "output_router_logits": false, "rms_norm_eps": 1e-06,
                        "rope_scaling": null, "rope_theta": 1000000.0, "router_aux_loss_coef": 0.001,
                        "sliding_window": null, "tie_word_embeddings": false, "use_sliding_window": false"""),
                Arguments.of("Qwen 1.5 MoE", SIZES + """
                        "model_type": "qwen2_moe", "decoder_sparse_step": 1, "hidden_act": "silu",
                        "max_position_embeddings": 512, "max_window_layers": 21, "moe_intermediate_size": 32,
                        "norm_topk_prob": false, "num_experts": 8, "num_experts_per_tok": 2, "num_key_value_heads": 4,
                        "output_router_logits": false, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
                        "router_aux_loss_coef": 0.001, "shared_expert_intermediate_size": 64, "sliding_window": 32768,
                        "tie_word_embeddings": false, "use_sliding_window": false"""),
                Arguments.of("OLMoE", SIZES + """
                        "model_type": "olmoe", "clip_qkv": null, "hidden_act": "silu", "max_position_embeddings": 512,
                        "norm_topk_prob": false, "num_experts": 8, "num_experts_per_tok": 2, "num_key_value_heads": 4,
                        "output_router_logits": false, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0,
                        "router_aux_loss_coef": 0.01, "tie_word_embeddings": false"""),
                Arguments.of("OLMo 3", SIZES + """
                        "model_type": "olmo3", "attention_bias": false, "hidden_act": "silu", "max_position_embeddings": 512,
                        "num_key_value_heads": 4, "rms_norm_eps": 1e-06, "rope_theta": 500000, "sliding_window": 8,
                        "rope_scaling": {"attention_factor": 1.2079441541679836, "beta_fast": 32.0, "beta_slow": 1.0,
                        "factor": 8.0, "original_max_position_embeddings": 64, "rope_type": "yarn"}"""),
                Arguments.of("Phi-2", SIZES + """
                        "model_type": "phi", "embd_pdrop": 0.0, "hidden_act": "gelu_new", "layer_norm_eps": 1e-05,
                        "max_position_embeddings": 512, "num_key_value_heads": 4, "partial_rotary_factor": 0.5,
                        "qk_layernorm": false, "resid_pdrop": 0.1, "rope_scaling": null, "rope_theta": 10000.0,
                        "tie_word_embeddings": false"""),
                Arguments.of("Phi-4 mini", SIZES + """
                        "model_type": "phi3", "embd_pdrop": 0.0, "full_attn_mod": 1, "hidden_act": "silu",
                        "attention_bias": false, "mlp_bias": false, "interpolate_factor": 1, "lm_head_bias": false,
                        "max_position_embeddings": 512, "num_key_value_heads": 2, "original_max_position_embeddings": 64,
                        "partial_rotary_factor": 0.75, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
                        "rope_scaling": {"long_factor": [1, 2, 3, 4, 5, 6], "short_factor": [1, 1, 1, 1, 1, 1],
                        "type": "longrope"}, "sliding_window": 262144, "tie_word_embeddings": true"""),
                Arguments.of("StableLM 2", SIZES + """
                        "model_type": "stablelm", "hidden_act": "silu", "hidden_dropout": 0.0, "layer_norm_eps": 1e-05,
                        "max_position_embeddings": 512, "num_key_value_heads": 4, "partial_rotary_factor": 0.25,
                        "qk_layernorm": false, "rope_theta": 10000, "tie_word_embeddings": false,
                        "use_parallel_residual": false, "use_qkv_bias": true"""),
                Arguments.of("Command R+", SIZES + """
                        "model_type": "cohere", "attention_bias": false, "hidden_act": "silu", "layer_norm_eps": 1e-05,
                        "logit_scale": 0.8333333333333334, "max_position_embeddings": 512, "num_key_value_heads": 2,
                        "rope_theta": 75000000.0, "use_qk_norm": true"""),
                Arguments.of("Command R7B", SIZES + """
                        "model_type": "cohere2", "attention_bias": false, "cache_implementation": "hybrid",
                        "head_dim": 16, "hidden_act": "silu", "layer_norm_eps": 1e-05, "layer_switch": 4, "logit_scale": 0.25,
                        "max_position_embeddings": 512, "num_key_value_heads": 2,
                        "order_of_interleaved_layers": "local_attn_first", "position_embedding_type": "rope_gptj",
                        "rope_scaling": null, "rope_theta": 50000, "rotary_pct": 1.0, "sliding_window": 8,
                        "sliding_window_pattern": 4, "use_embedding_sharing": true, "use_gated_activation": true,
                        "use_parallel_block": true, "use_parallel_embedding": true"""),
                Arguments.of("GLM-4", SIZES + """
                        "model_type": "glm", "attention_bias": true, "head_dim": 16, "hidden_act": "silu",
                        "max_position_embeddings": 512, "num_key_value_heads": 2, "partial_rotary_factor": 0.5,
                        "rms_norm_eps": 1.5625e-07, "rope_theta": 10000.0, "tie_word_embeddings": false"""),
                Arguments.of("EXAONE 4 1.2B", SIZES + """
                        "model_type": "exaone4", "attention_dropout": 0.0, "head_dim": 16, "hidden_act": "silu",
                        "max_position_embeddings": 512, "num_key_value_heads": 2, "rms_norm_eps": 1e-05,
                        "rope_scaling": {"factor": 16.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                        "original_max_position_embeddings": 64, "rope_type": "llama3"}, "rope_theta": 1000000,
                        "sliding_window": null, "sliding_window_pattern": null, "tie_word_embeddings": true,
                        "layer_types": ["full_attention", "full_attention", "full_attention", "full_attention"]"""),
                Arguments.of("EXAONE 4 32B", SIZES + """
                        "model_type": "exaone4", "head_dim": 16, "hidden_act": "silu", "max_position_embeddings": 512,
                        "num_key_value_heads": 2, "rms_norm_eps": 1e-05, "rope_theta": 1000000, "sliding_window": 8,
                        "sliding_window_pattern": "LLLG", "tie_word_embeddings": false"""),
                Arguments.of("Qwen 3.5 with an encoder", """
                        "model_type": "qwen3_5", "image_token_id": 248056, "video_token_id": 248057,
                        "vision_start_token_id": 248053, "tie_word_embeddings": true, "vision_config": {"depth": 2},
                        "text_config": {""" + SIZES + """
                        "model_type": "qwen3_5_text", "attention_bias": false, "attn_output_gate": true,
                        "full_attention_interval": 4, "head_dim": 16, "hidden_act": "silu", "linear_conv_kernel_dim": 4,
                        "linear_key_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
                        "linear_value_head_dim": 16, "mamba_ssm_dtype": "float32", "max_position_embeddings": 512,
                        "mlp_only_layers": [], "mtp_num_hidden_layers": 1, "mtp_use_dedicated_embeddings": false,
                        "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "tie_word_embeddings": true,
                        "rope_parameters": {"mrope_interleaved": true, "mrope_section": [1, 1, 0], "rope_type": "default",
                        "rope_theta": 10000000, "partial_rotary_factor": 0.25}}"""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("configurations")
    void every_key_is_understood(String name, String keys) {
        ConfigReader json = ConfigReader.parse("{" + keys + "}", Path.of(name, "config.json"));
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = LoadedTransformer.random(json, name, 1, Device.CPU, DType.FP32)) {
            double[] logits = model.forward()
                    .run(TokenBatch.of(new int[] {1, 2, 3}), RunOptions.lastLogits(), List.of(), new int[] {3})
                    .logits()
                    .toDoubles();
            assertThat(logits).hasSize(256);
            assertThat(logits[0]).isFinite();
        }
    }
}
