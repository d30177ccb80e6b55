package dev.pintle.sae;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of an autoencoder. With x̃ the normalised activation, minus b_dec if that is subtracted: z = (W_enc
 * x̃ + b_enc) · s, f = σ(z), x̂ = W_decᵀ (f / s) + b_dec with the normalisation undone.
 *
 * @param encoder W_enc, one row per latent
 * @param encoderBias b_enc, `[dSae]` FP32
 * @param decoder W_dec, one row per latent
 * @param decoderBias b_dec, `[dModel]` FP32
 * @param subtractsBias whether b_dec is subtracted before encoding
 * @param normalisation of the activations
 * @param latentScale s, `[dSae]` FP32; null for 1
 * @param sparsity σ
 */
public record Weights(
        LatentMatrix encoder,
        Tensor encoderBias,
        LatentMatrix decoder,
        Tensor decoderBias,
        boolean subtractsBias,
        Normalisation normalisation,
        @Nullable Tensor latentScale,
        Sparsity sparsity) {

    /** A plain ReLU autoencoder: f = ReLU(W_enc x + b_enc), x̂ = W_decᵀ f + b_dec. */
    public static Weights plain(LatentMatrix encoder, Tensor encoderBias, LatentMatrix decoder, Tensor decoderBias) {
        return new Weights(
                encoder, encoderBias, decoder, decoderBias, false, new Normalisation.None(), null, new Sparsity.Relu());
    }

    /** A copy with another nonlinearity. */
    public Weights with(Sparsity other) {
        return new Weights(
                encoder, encoderBias, decoder, decoderBias, subtractsBias, normalisation, latentScale, other);
    }

    /** A copy for activations that are normalised. */
    public Weights with(Normalisation other) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtractsBias, other, latentScale, sparsity);
    }

    /** A copy with b_dec subtracted before encoding, or not. */
    public Weights subtractingBias(boolean subtracts) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtracts, normalisation, latentScale, sparsity);
    }

    /** A copy with one scale per latent, `[dSae]` FP32. */
    public Weights withLatentScale(Tensor scale) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtractsBias, normalisation, scale, sparsity);
    }

    /** The weights of the given latents only, in FP32, in the given order. */
    Weights only(int... latents) {
        return new Weights(
                encoder.only(latents),
                pick(encoderBias, latents),
                decoder.only(latents),
                decoderBias,
                subtractsBias,
                normalisation,
                latentScale == null ? null : pick(latentScale, latents),
                sparsity.only(latents));
    }

    private static Tensor pick(Tensor numbers, int... latents) {
        return numbers.indexSelect(0, LatentMatrix.indices(latents).to(numbers.device()));
    }

    /** A copy on a device. */
    Weights on(Device device) {
        return new Weights(
                new LatentMatrix(encoder.stored().to(device), encoder.axes()),
                encoderBias.to(device),
                new LatentMatrix(decoder.stored().to(device), decoder.axes()),
                decoderBias.to(device),
                subtractsBias,
                normalisation,
                latentScale == null ? null : latentScale.to(device),
                sparsity);
    }

    /** Activations `[n, dModel]` of any dtype, normalised in FP32. */
    Frame frame(Tensor activation) {
        return Frame.of(normalisation, activation.to(DType.FP32));
    }

    /** z `[n, dSae]` of normalised activations. */
    Tensor preActivations(Frame frame) {
        Tensor inside = subtractsBias ? frame.inside().minus(decoderBias) : frame.inside();
        Tensor z = encoder.products(inside, encoderBias);
        return latentScale == null ? z : z.times(latentScale);
    }

    /** Decodes latents `[n, dSae]` to `[n, dModel]` in normalised space, without b_dec. */
    Tensor sums(Tensor latents) {
        return decoder.sums(latentScale == null ? latents : latents.dividedBy(latentScale));
    }
}
