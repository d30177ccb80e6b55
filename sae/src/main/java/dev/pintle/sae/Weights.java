package dev.pintle.sae;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What an autoencoder computes with. With x̃ the normalised activation, less b_dec where that is subtracted: z = (W_enc x̃ +
 * b_enc) · s, f = σ(z), x̂ = W_decᵀ (f / s) + b_dec, and the normalisation undone.
 *
 * @param encoder W_enc, a row a latent
 * @param encoderBias b_enc, `[dSae]` FP32
 * @param decoder W_dec, a row a latent
 * @param decoderBias b_dec, `[dModel]` FP32
 * @param subtractsBias whether b_dec is subtracted before encoding
 * @param normalisation of activations
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

    /** Weights with nothing special about them: f = ReLU(W_enc x + b_enc), x̂ = W_decᵀ f + b_dec. */
    public static Weights plain(LatentMatrix encoder, Tensor encoderBias, LatentMatrix decoder, Tensor decoderBias) {
        return new Weights(
                encoder, encoderBias, decoder, decoderBias, false, new Normalisation.None(), null, new Sparsity.Relu());
    }

    /** The same with other latents kept. */
    public Weights with(Sparsity other) {
        return new Weights(
                encoder, encoderBias, decoder, decoderBias, subtractsBias, normalisation, latentScale, other);
    }

    /** The same of activations that are normalised. */
    public Weights with(Normalisation other) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtractsBias, other, latentScale, sparsity);
    }

    /** The same with b_dec subtracted before encoding, or not. */
    public Weights subtractingBias(boolean subtracts) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtracts, normalisation, latentScale, sparsity);
    }

    /** The same with a scale for each latent, `[dSae]` FP32. */
    public Weights withLatentScale(Tensor scale) {
        return new Weights(encoder, encoderBias, decoder, decoderBias, subtractsBias, normalisation, scale, sparsity);
    }

    /** Those of some latents only, in FP32, in the order asked for. */
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

    /** The same on a device. */
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

    /** What latents `[n, dSae]` add up to inside the normalisation, without b_dec: `[n, dModel]`. */
    Tensor sums(Tensor latents) {
        return decoder.sums(latentScale == null ? latents : latents.dividedBy(latentScale));
    }
}
