package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.model.Generated;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Strength;
import dev.pintle.text.Prompt;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** Answers one prompt at several strengths of one vector, one answer below the other. */
final class ComparedAnswers {
    private final LanguageModel model;
    private final SteeringOptions steering;
    private final Prompt prompt;
    private final AnswerSettings settings;
    private final List<Strength> strengths;

    ComparedAnswers(
            LanguageModel model,
            SteeringOptions steering,
            Prompt prompt,
            AnswerSettings settings,
            List<Strength> strengths) {
        this.model = model;
        this.steering = steering;
        this.prompt = prompt;
        this.settings = settings;
        this.strengths = strengths;
    }

    /** The JSON fields of an answer. */
    interface Fields {
        /** The fields of one answer. */
        Map<String, Object> of(LanguageModel model, Generated answer, AnswerSettings settings, Setup setup);
    }

    /** Writes every answer; an answer that overflows is reported in its place and does not stop the others. */
    void write(CommandSpec spec, boolean json, Fields fields) {
        PrintWriter out = spec.commandLine().getOut();
        int[] ids = prompt.tokenized(model.text()).ids();
        List<Map<String, Object>> all = new ArrayList<>();
        for (Strength strength : strengths) {
            if (!json) {
                out.println((all.isEmpty() ? "" : "\n") + "strength " + words(strength));
            }
            try (SteeringOptions.Steering asked = steering.open(model, prompt, strength)) {
                Generated answer = asked.applyTo(model)
                        .generate(List.of(settings.request(ids)), (row, piece) -> {
                            if (!json) {
                                out.print(piece);
                                out.flush();
                            }
                            return true;
                        })
                        .get(0);
                Problem problem = answer.ending().problem();
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("strength", strength.toString());
                one.putAll(fields.of(model, answer, settings, asked.setup()));
                if (problem != null) {
                    one.put("problem", problem.toString());
                }
                all.add(one);
                if (!json) {
                    String mark = CutMark.of(answer);
                    out.println(problem == null ? (mark.isEmpty() ? "" : "\n" + mark) : "[overflow] " + problem);
                }
            }
        }
        if (json) {
            out.println(Json.text(Map.of("answers", all)));
        }
    }

    private static String words(Strength strength) {
        return strength.value() == 0
                ? "0 (unsteered)"
                : strength.unit() == Strength.Unit.NORMS ? strength + " activation norms" : strength.toString();
    }
}
