package dev.pintle.testkit;

/** How often tests repeat what they repeat: more often where the environment variable PINTLE_SOAK is set. */
public final class Soak {
    private static final boolean SOAKING = System.getenv("PINTLE_SOAK") != null;

    private Soak() {}

    /** Whether tests may take an hour. */
    public static boolean isOn() {
        return SOAKING;
    }

    /** One of two numbers of rounds. */
    public static int times(int usual, int soaking) {
        return SOAKING ? soaking : usual;
    }
}
