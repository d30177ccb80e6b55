package dev.pintle.study;

import java.util.List;

/**
 * What {@link ViaSaeSteering} found.
 *
 * @param latent the one that was raised
 * @param label its label; empty where there is none
 * @param amount by how much
 * @param encoded the vector from the latent, w, of length 1, through the autoencoder
 * @param mixedError ‖v − dec(enc(w))‖ / ‖v‖ with v the all-position vector: the number that the original published as w's error
 * @param cosineWithDecoderColumn of w and the latent's decoder row
 * @param largestDifference largest element of |w − unit decoder row|
 * @param cosineWithVector of w and the vector that steers
 * @param zeroActive latents of the zero vector, for comparison
 * @param texts answers steered by w and by the vector, at the original's two strengths and at one strength for both
 * @param named the latent that steering raises most among those whose label names the concept; empty where none does
 */
public record ViaSaeSteeringResult(
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
        List<Named> named)
        implements StudyResult {
    /**
     * A latent that is said to stand for the concept.
     *
     * @param label that names it
     * @param cosineWithVector of its decoder row and the vector that steers
     * @param texts answers steered by its decoder row at length 1, at the two strengths
     */
    public record Named(int latent, String label, double cosineWithVector, List<SteeredText> texts) {}
}
