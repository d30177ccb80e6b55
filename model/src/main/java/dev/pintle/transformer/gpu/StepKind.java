package dev.pintle.transformer.gpu;

/**
 * What a recording is specialised for.
 *
 * @param rows of the step
 * @param pieces that attention may divide a row's tokens into
 * @param changing whether hooks change rows between blocks
 * @param products how products are computed
 */
record StepKind(int rows, int pieces, boolean changing, Products products) {
    /** How products are computed. */
    enum Products {
        /** With sums of a row that do not depend on the other rows. */
        OWN,
        /** By libtorch. */
        LIBRARY
    }
}
