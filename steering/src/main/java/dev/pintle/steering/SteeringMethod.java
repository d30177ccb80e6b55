package dev.pintle.steering;

import java.util.List;

/**
 * How a steering vector is fitted. Each method reads activations of contrast pairs at some positions, takes half their
 * difference there as a direction, and averages the directions to one of length 1.
 */
public sealed interface SteeringMethod permits AllPositions, AfterLastDifference, LastPosition {
    /** The prompts it compares; at least one pair. */
    List<ContrastPair> pairs();

    /** Where it reads them. */
    Positions positions();

    /** Whether every direction gets length 1 before they are averaged. */
    boolean normalisesDirections();

    /** Name in files and on the command line. */
    String name();
}
