package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tiles read as the kernels read them, lane by lane, hold the values of the weight. */
class TileFormatTest {
    private static final int OUT = 48;
    private static final int IN = 512;

    static Stream<BlockFormat> formats() {
        return Stream.of(BlockFormat.values())
                .filter(format -> TileFormat.of(format).isPresent());
    }

    @ParameterizedTest
    @MethodSource("formats")
    void tiles_hold_the_values_of_the_weight(BlockFormat blocks) {
        try (TensorScope scope = TensorScope.open("test")) {
            QuantisedWeight weight = QuantisedWeight.of(QuantisedWeightTest.bytes(blocks, 7, OUT, IN), blocks, OUT, IN);
            int[] turned = IntStream.range(0, OUT).map(row -> OUT - 1 - row).toArray();
            TileFormat format = TileFormat.of(blocks).orElseThrow();
            int stripe = IN / TileFormat.COLUMNS * format.tileBytes();
            byte[] tiles = TiledWeight.pack(weight.select(turned), format, 0, OUT, stripe);
            float[] expected = weight.decoded(turned).toFloats();
            float[] found = new float[OUT * IN];
            for (int row = 0; row < OUT; row++) {
                for (int column = 0; column < IN; column++) {
                    found[row * IN + column] = value(format, tiles, row / 16 * stripe, row % 16, column);
                }
            }
            assertThat(found).isEqualTo(expected);
        }
    }

    private static float value(TileFormat format, byte[] tiles, int stripe, int row, int column) {
        ByteBuffer tile = ByteBuffer.wrap(tiles)
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(stripe + column / 256 * format.tileBytes())
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        int within = column % 256;
        boolean small = format.scales() == TileFormat.Scales.K16; // groups
        int step = small ? within / 16 : within / 32 * 2 + within % 8 / 4;
        int lane = row % 8 * 4 + (small ? within % 16 / 4 : within % 32 / 8);
        int nth = within % 4;
        int integer;
        if (format.bits() == 4) {
            int word = tile.getInt((step / 4 * 32 + lane) * 16 + step % 4 * 4);
            int pair = word >>> 4 * (nth / 2 * 2 + row / 8); // in the low bits of each half
            integer = (nth % 2 == 0 ? pair & 15 : pair >>> 16 & 15) - format.zero();
        } else {
            int word = 2 * step + row / 8;
            integer = tile.get((word / 4 * 32 + lane) * 16 + word % 4 * 4 + nth);
        }
        int scales = 16 * 256 * format.bits() / 8 + row * format.scales().bytes;
        int factors = 16 * (256 * format.bits() / 8 + format.scales().bytes) + row * 4;
        int group = within / 32;
        return switch (format.scales()) {
            case K32 ->
                fp16(tile, factors) * tile.get(scales + group) * integer
                        + -(fp16(tile, factors + 2) * (tile.get(scales + 8 + group) & 0xFF));
            case K16 -> fp16(tile, factors) * tile.get(scales + within / 16) * integer;
            case H32 -> fp16(tile, scales + 2 * group) * integer;
            case HO32 -> fp16(tile, scales + 4 * group) * integer + fp16(tile, scales + 4 * group + 2);
            case F32 -> tile.getFloat(scales + 4 * group) * integer;
        };
    }

    private static float fp16(ByteBuffer from, int at) {
        return BlockFormat.fp16(from.getShort(at) & 0xFFFF);
    }
}
