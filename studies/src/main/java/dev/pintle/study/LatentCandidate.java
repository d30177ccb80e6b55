package dev.pintle.study;

/**
 * A latent that may stand for the concept.
 *
 * @param label what it may stand for; empty where there is no label
 * @param because why it is a candidate
 * @param decoderCosine of its decoder row and the vector that steers
 * @param change what steering changes in its activation, mean over the question's tokens
 */
public record LatentCandidate(int latent, String label, Because because, double decoderCosine, double change) {
    /** What makes a latent a candidate, the strongest reason first. */
    public enum Because {
        /** The settings name it. */
        SETTINGS("named in the settings"),
        /** Of those whose label names the concept its decoder row is nearest to the vector. */
        LABEL("its label names the concept, and of such latents its decoder row is nearest to the vector"),
        /** Of all decoder rows its own is nearest to the vector. */
        DECODER_ROW("its decoder row is nearest to the vector"),
        /** Steering raises it most; by this alone the original's notebooks would have chosen. */
        RAISED("steering raises it most over the question’s tokens");

        private final String words;

        Because(String words) {
            this.words = words;
        }

        /** As part of a sentence. */
        public String words() {
            return words;
        }
    }
}
