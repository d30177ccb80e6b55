package dev.pintle.sae.profile;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** A tally as bytes. Equal tallies have equal bytes. */
final class TallyBytes {
    private TallyBytes() {}

    static byte[] of(Tally tally) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(tally.fires);
            out.writeLong(tally.whole);
            out.writeLong(tally.fraction);
            out.writeFloat(tally.max);
            for (long count : tally.histogram) {
                out.writeLong(count);
            }
            tally.tokens.write(out);
            out.writeInt(tally.contexts.size());
            for (Context context : tally.contexts) {
                write(out, context);
            }
            out.writeInt(tally.samples.size());
            for (Map.Entry<Integer, Tally.Sample> entry : tally.samples.entrySet()) {
                out.writeInt(entry.getKey());
                out.writeLong(entry.getValue().rank());
                write(out, entry.getValue().context());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // cannot happen in memory
        }
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, Context context) throws IOException {
        out.writeLong(context.document());
        out.writeInt(context.position());
        out.writeInt(context.peak());
        out.writeInt(context.ids().length);
        for (int i = 0; i < context.ids().length; i++) {
            out.writeInt(context.ids()[i]);
            out.writeFloat(context.activations()[i]);
        }
    }

    private static Context context(DataInputStream in, boolean positions) throws IOException {
        long document = in.readLong();
        int position = positions ? in.readInt() : -1;
        int peak = in.readInt();
        int[] ids = new int[in.readInt()];
        float[] activations = new float[ids.length];
        for (int t = 0; t < ids.length; t++) {
            ids[t] = in.readInt();
            activations[t] = in.readFloat();
        }
        return new Context(ids, activations, peak, document, position);
    }

    /** @param contextsKept how many contexts the tally keeps from now on */
    static Tally read(byte[] bytes, int contextsKept) {
        Tally tally = new Tally(contextsKept);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            tally.fires = in.readLong();
            tally.whole = in.readLong();
            tally.fraction = in.readLong();
            tally.max = in.readFloat();
            for (int i = 0; i < Tally.BINS; i++) {
                tally.histogram[i] = in.readLong();
            }
            tally.tokens = TokenTable.read(in);
            contexts(in, tally, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tally;
    }

    /** A tally of layout 1, which depended on the order of the firings: for reading only. */
    static Tally readLayout1(byte[] bytes, int contextsKept) {
        Tally tally = new Tally(contextsKept);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            tally.fires = in.readLong();
            tally.setSum(in.readDouble());
            tally.max = in.readFloat();
            for (int i = 0; i < Tally.BINS; i++) {
                tally.histogram[i] = in.readInt();
            }
            int[] tokens = new int[in.readInt()];
            float[] sums = new float[tokens.length];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = in.readInt();
                sums[i] = in.readFloat();
            }
            tally.tokens = TokenTable.readOnly(tokens, sums);
            contexts(in, tally, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tally;
    }

    private static void contexts(DataInputStream in, Tally tally, boolean positions) throws IOException {
        int contexts = in.readInt();
        for (int i = 0; i < contexts; i++) {
            tally.contexts.add(context(in, positions));
        }
        int samples = in.available() > 0 ? in.readInt() : 0; // the first versions stored none
        for (int i = 0; i < samples; i++) {
            int bin = in.readInt();
            long rank = in.readLong();
            tally.samples.put(bin, new Tally.Sample(context(in, positions), rank));
        }
    }
}
