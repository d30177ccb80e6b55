package dev.pintle.sae.profile;

import java.nio.ByteBuffer;

/** The tokens a latent promotes and suppresses, and the latents with the most similar decoder rows. */
record Effects(
        int[] promoted, float[] promotedBy, int[] suppressed, float[] suppressedBy, int[] nearest, float[] cosines) {
    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(12 + 8 * (promoted.length + suppressed.length + nearest.length));
        put(bytes, promoted, promotedBy);
        put(bytes, suppressed, suppressedBy);
        put(bytes, nearest, cosines);
        return bytes.array();
    }

    private static void put(ByteBuffer bytes, int[] keys, float[] values) {
        bytes.putInt(keys.length);
        for (int i = 0; i < keys.length; i++) {
            bytes.putInt(keys[i]).putFloat(values[i]);
        }
    }

    static Effects of(byte[] from) {
        ByteBuffer bytes = ByteBuffer.wrap(from);
        int[][] keys = new int[3][];
        float[][] values = new float[3][];
        for (int part = 0; part < 3; part++) {
            keys[part] = new int[bytes.getInt()];
            values[part] = new float[keys[part].length];
            for (int i = 0; i < keys[part].length; i++) {
                keys[part][i] = bytes.getInt();
                values[part][i] = bytes.getFloat();
            }
        }
        return new Effects(keys[0], values[0], keys[1], values[1], keys[2], values[2]);
    }
}
