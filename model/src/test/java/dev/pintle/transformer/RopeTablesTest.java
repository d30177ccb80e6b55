package dev.pintle.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rotations of passes that are cut out of tables. */
class RopeTablesTest {
    private static final double BASE = 10_000;
    private static final int D_HEAD = 8;

    private final Rope rope = Rope.of(BASE, D_HEAD, 1);
    private TensorScope scope;
    private RopeTables tables;

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
        tables = new RopeTables(DType.FP64, Device.CPU, scope);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static double angle(int position, int i) {
        return position * (1.0f / (float) Math.pow(BASE, 2.0f * i / D_HEAD));
    }

    private void assertTurns(int[][] positions, int rows) {
        Rope.Turn turn = tables.turn(rope, new Layout(positions, new int[positions.length]));
        int tokens = positions[0].length;
        assertThat(turn.cos().shape().toArray()).containsExactly(rows, 1, tokens, D_HEAD / 2);
        assertThat(turn.sin().shape()).isEqualTo(turn.cos().shape());
        double[] cos = turn.cos().toDoubles();
        double[] sin = turn.sin().toDoubles();
        for (int at = 0; at < cos.length; at++) {
            int entry = at / (D_HEAD / 2);
            float angle = (float) angle(Math.max(0, positions[entry / tokens][entry % tokens]), at % (D_HEAD / 2));
            assertThat(cos[at]).isEqualTo(Math.cos(angle));
            assertThat(sin[at]).isEqualTo(Math.sin(angle));
        }
    }

    @Test
    void rows_at_the_same_positions_share_one_row_of_angles() {
        assertTurns(new int[][] {{0, 1, 2}, {0, 1, 2}}, 1);
        assertTurns(new int[][] {{5, 6}}, 1);
    }

    @Test
    void padding_turns_as_position_0() {
        assertTurns(new int[][] {{Layout.PADDING, 0, 1}, {3, 4, 5}}, 2);
    }

    @Test
    void a_table_grows_with_the_positions_and_keeps_its_values() {
        assertTurns(new int[][] {{0, 1}}, 1);
        assertTurns(new int[][] {{1022, 1023, 1024, 1025}}, 1);
        assertTurns(new int[][] {{70_000}}, 1);
        assertThat(tables.table(rope, 10).cos().size(0)).isEqualTo(131_072);
        assertTurns(new int[][] {{7}}, 1);
    }

    @Test
    void a_table_serves_until_it_is_too_short() {
        assertThat(tables.table(rope, 1024)).isSameAs(tables.table(rope, 3));
        assertThat(tables.table(rope, 1025).cos().size(0)).isEqualTo(2048);
        assertThat(tables.table(rope, 2048)).isSameAs(tables.table(rope, 1024));
    }
}
