package dev.pintle.study.viasae;

import dev.pintle.study.EncodedVector;
import dev.pintle.study.SteeredText;
import dev.pintle.study.StudyResult;
import java.util.List;
import java.util.OptionalInt;

/**
 * What {@link ViaSaeSteering} found.
 *
 * @param latent the one that was raised: the settings' own, else the one that steering raises most
 * @param label its label; empty where there is none
 * @param amount by how much
 * @param encoded the vector from the latent, w, of length 1, through the autoencoder
 * @param mixedError ‖v − dec(enc(w))‖ / ‖v‖ with v the all-position vector: the number that the original published as w's error
 * @param cosineWithDecoderColumn of w and the latent's decoder row
 * @param largestDifference largest element of |w − unit decoder row|
 * @param cosineWithVector of w and the vector that steers
 * @param zeroActive latents of the zero vector, for comparison
 * @param texts answers steered by w and by the vector, at the original's two strengths and at one strength for both
 * @param concept the same of the latent that stands for the concept, where that is another one
 */
public record ViaSaeResult(
        int latent,
        String label,
        double amount,
        EncodedVector encoded,
        double mixedError,
        double cosineWithDecoderColumn,
        double largestDifference,
        double cosineWithVector,
        int zeroActive,
        List<SteeredText> texts,
        List<ViaSaeResult> concept)
        implements StudyResult {
    @Override
    public OptionalInt conceptLatent() {
        return OptionalInt.of(ofConcept().latent());
    }

    /** That of the latent that stands for the concept. */
    public ViaSaeResult ofConcept() {
        return concept.isEmpty() ? this : concept.get(0);
    }
}
