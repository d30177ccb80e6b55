package dev.pintle.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** A run of many small stages, to be killed; says on standard output what it has kept. */
final class StageProgram {
    static final int STAGES = 600;

    private StageProgram() {}

    static RunKey key() {
        return new RunKey("stages", "1.0", "none", "none", JsonNodeFactory.instance.objectNode());
    }

    static String name(int stage) {
        return "stage-" + stage;
    }

    /** Some 10 to 80 kB of numbers that follow from the stage's. */
    static byte[] content(int stage) {
        SplittableRandom random = new SplittableRandom(stage);
        ArrayNode numbers = JsonNodeFactory.instance.arrayNode();
        int count = random.nextInt(500, 4000);
        for (int i = 0; i < count; i++) {
            numbers.add(random.nextDouble());
        }
        return numbers.toString().getBytes(StandardCharsets.UTF_8);
    }

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws InterruptedException {
        try (OpenRun run = RunStore.in(Path.of(args[0])).begin(key(), JsonNodeFactory.instance.objectNode())) {
            System.out.println("begun " + run.id());
            for (int stage = 0; stage < STAGES; stage++) {
                if (run.stage(name(stage)).isEmpty()) {
                    Thread.sleep(stage % 12); // so that it lives through dozens of kills
                    run.keep(name(stage), content(stage));
                    System.out.println("kept " + name(stage));
                }
            }
            run.finish("<html>".getBytes(StandardCharsets.UTF_8));
            System.out.println("finished");
        }
    }
}
