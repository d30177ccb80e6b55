// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .java
//       format_name: percent
//   kernelspec:
//     display_name: Java (Pintle)
//     language: java
//     name: pintle
// ---

// %% [markdown]
// # What steering does to an autoencoder's latents and its error
//
// **The claims of the original notebook.** Reconstruction errors diverge where the assistant starts speaking; steering lowers the error,
// to 0.7 to 0.9 of what it was; the latents that steering raises are those of the vector, and steer better than the vector; along a
// text, the cosines with the vector's reconstruction and with its error sum to a copy of the cosine with the vector.
//
// **What it should have computed.** The ratios are a *running mean* over all tokens so far; undone, they rise above 1 at the first
// word of the *user*. Means over a text mix words with special tokens. The latents were divided by their signed sum. And v = r + e.
//
// **You will see** errors token by token and by role, the published numbers undone, the latents with and without the template, the
// same answer from latents and from the vector at equal length, and the two-axis figure with what it follows from.

// %% tags=["setup"]
import dev.pintle.evaluation.*;
import dev.pintle.figure.*;
import dev.pintle.model.*;
import dev.pintle.report.Element;
import dev.pintle.sae.*;
import dev.pintle.steering.*;
import dev.pintle.study.Statistics;
import dev.pintle.tensor.*;
import dev.pintle.text.*;
import java.util.*;
import java.util.stream.*;
import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.notebook.Nb.*;
import static dev.pintle.steering.Add.add;

// %% [markdown]
// `settings()` is parley-7m, its autoencoder of the residual stream after block 3, and pirate style. With
// `PINTLE_NOTEBOOK=llama-3.1-8b` in the environment, it is the original's model and autoencoder. The vector v is added to the 16
// tokens of the prompt "Hello, how are you?" at half the length of an activation: x becomes x + 5.44 v.

// %%
var my = settings();
var model = LanguageModel.load(my.model(), Device.best(), my.dtype());
var sae = SparseAutoencoder.load(my.autoencoder(), model.device(), DType.FP32);
var labels = my.latentLabels();
var vector = SteeringVector.fit(model, sae.place(), Contrast.afterLastDifference(my.pair()));
var v = vector.direction();                                                                 // [dModel]
double c = my.strength().resolve(vector);
var prompt = Prompt.ofMessages(List.of(Message.user(my.question()))).tokenized(model.text());
var x = model.activations(prompt.ids(), sae.place());                                       // [tokens] of [dModel]
var y = x.stream().map(h -> h.plus(v.times(c))).toList();                                   // steered
quoted("tokens", 16, x.size());
quoted("strength", 5.442, c, 5e-4);

// %% [markdown]
// ## As published: steered error over unsteered error
//
// For each token ‖x − dec(enc(x))‖ / ‖x‖, unsteered and steered; the ratio of the two; and what was printed, the mean of the
// ratios over this token and all before it. At the last token that is 6.59 here and 0.883 in the original.

// %%
double error(Vec h) {
    return h.minus(sae.reconstruct(h)).norm() / h.norm();
}
var ratio = IntStream.range(0, x.size()).mapToDouble(t -> error(y.get(t)) / error(x.get(t))).toArray();
var running = IntStream.range(0, x.size()).mapToDouble(t -> Arrays.stream(ratio, 0, t + 1).average().orElseThrow()).toArray();
var errors = ReconstructionErrors.of(sae, x, y);                                            // the same by the library
check("by the library", running[running.length - 1], errors.runningMeanRatio().get(x.size() - 1), 1e-2);
quoted("running mean at the last token", 6.591, running[running.length - 1], 5e-3);
published("caa_steering_latents.final_running_mean_ratio", running[running.length - 1]);

// %% [markdown]
// ## Token by token, and by role
//
// The user's six tokens are reconstructed with an error of 24%, which steering raises to 82%: 3.5 times. For special tokens, which
// the autoencoder does not reconstruct anyway (errors above 95%), the ratio stays at 0.89 to 0.99. One token of the template,
// "user", whose small error grows 43.7 times, stays in the running mean of every token after it.

// %%
record Part(String role, int tokens, double error, double steered, double ratio, double cosineOfErrors) {}
var byRole = errors.bySegment(prompt.roles());
table("Means by role", byRole.entrySet().stream().map(entry -> new Part(entry.getKey().label(),
        entry.getValue().tokens(), entry.getValue().relative(), entry.getValue().steeredRelative(), entry.getValue().ratio(),
        entry.getValue().cosine())).toList());
var words = byRole.get(Role.USER);
quoted("user's words: error, steered, ratio", List.of("24%", "82%", "3.5"), List.of("%.0f%%".formatted(100 * words.relative()),
        "%.0f%%".formatted(100 * words.steeredRelative()), "%.1f".formatted(words.ratio())));
var lost = IntStream.range(0, x.size()).filter(t -> errors.relative().get(t) > 0.95).mapToDouble(t -> ratio[t]).summaryStatistics();
quoted("ratio where the error is above 95%", List.of("0.89", "0.99"),
        List.of("%.2f".formatted(lost.getMin()), "%.2f".formatted(lost.getMax())));
quoted("largest ratio", 43.7, Arrays.stream(ratio).max().orElseThrow(), 5e-2);
check("steering raises the error on words", words.ratio() > 1);

// %%
double[] log2(double[] values) {
    return Arrays.stream(values).map(value -> Math.log(value) / Math.log(2)).toArray();
}
strip("How steering changes each token's error", prompt, log2(ratio), "log₂ of steered / unsteered error");
var speaks = IntStream.range(1, x.size()).filter(t -> prompt.role(t) != prompt.role(t - 1))
        .mapToObj(t -> new Marker(t - 0.5, prompt.role(t).label())).toList();
show(new TokenLines("A running mean hides where the ratio changes", "Above the line at 0 steering raises the error; 1 is twofold.",
        prompt.texts(), "log₂ of steered / unsteered error", List.of(new TokenLines.Line("of this token", log2(ratio)),
                new TokenLines.Line("running mean, as published", log2(running))), 0, speaks));

// %% [markdown]
// ## The published numbers undone
//
// A running mean m can be undone: the ratio at token t is (t + 1)·mₜ − t·mₜ₋₁. Take tokens 29 to 40 of the original's listing. The
// mean is 0.703 up to token 29, which is all default system block and template. From token 30 on, "Hello", the first word of the
// *user*, every ratio is above 1, with a mean of 1.37. There is no assistant's text in that prompt.

// %%
var m = new double[] {.703, .727, .746, .766, .781, .797, .805, .812, .824, .859, .875, .883};   // tokens 29 to 40
var undone = IntStream.rangeClosed(30, 40).mapToDouble(t -> (t + 1) * m[t - 29] - t * m[t - 30]).toArray();
var last = List.of("Hello", ",", " how", " are", " you", "?", "<|eot_id|>", "<|start_header_id|>", "assistant", "<|end_header_id|>",
        "\n\n");
check("mean over the tokens from 30 on", 1.37, Arrays.stream(undone).average().orElseThrow(), 5e-3);
check("all above 1", Arrays.stream(undone).min().orElseThrow() > 1);
show(new TokenLines("The original's last eleven tokens", "Published running means, and the ratios that they are means of.", last,
        "steered / unsteered error", List.of(new TokenLines.Line("of this token, undone", undone),
                new TokenLines.Line("running mean, as published", Arrays.copyOfRange(m, 1, 12))), 1, List.of()));

// %% [markdown]
// ## The latents that steering raises
//
// Let a be enc(x + c·v) − enc(x), averaged over all tokens and scaled to length 1. 943 latents change. The vector itself, at
// length 1, activates none, so there is nothing to compare a with (published: cosine 0.973). The largest change is that of latent
// 933, *the token "user"*, whose row breaks answers and shows no style ([a vector out of one latent](caa-via-sae-steering.ipynb)).
// Over the user's words alone, 146, *conversation held in pirate style*, comes first and 933 second: v has cosine 0.25 with its
// row, wherever it is added.

// %%
Vec raised(IntStream tokens) {
    return tokens.mapToObj(t -> sae.encode(y.get(t)).minus(sae.encode(x.get(t)))).reduce(Vec::plus).orElseThrow().unit();
}
var a = raised(IntStream.range(0, x.size()));                                               // [dSae]
var b = sae.encode(v);                                                                      // [dSae]
var onWords = raised(IntStream.range(0, x.size()).filter(t -> prompt.role(t) == Role.USER));
latents("All tokens", Term.of(a).subList(0, 6), labels);
latents("The user's words", Term.of(onWords).subList(0, 6), labels);
quoted("latents that change", 943, Term.of(a).size());
quoted("latents of the vector", 0, Term.of(b).size());
quoted("the largest, over all tokens, and the two over words", List.of(933, 146, 933),
        Stream.of(Term.of(a).get(0), Term.of(onWords).get(0), Term.of(onWords).get(1)).map(Term::latent).toList());
quoted("cosine of v and the first one's decoder row", 0.253, v.cosine(sae.decoderRow(Term.of(a).get(0).latent())), 5e-4);
published("caa_steering_latents.difference_active_latents", Term.of(a).size());
published("caa_steering_latents.latent_cosine_between", Statistics.cosine(a, b));

// %% [markdown]
// ## Steering by those latents
//
// As published: latents with |a| > 0.01 are changed by c·aᵢ/Σa, with the error kept, which adds Σ (c·aᵢ/Σa) dᵢ to each activation.
// The sum has signs: here the change is 1.39 times as long as the vector's, and the answer breaks into "ololol" (the marker, which finds
// "Ahoy", still calls it in style). Scaled to the vector's length, the same latents give the very answer of the vector.

// %%
var used = Term.of(a).stream().filter(term -> Math.abs(term.activation()) > 0.01).toList();
double sum = used.stream().mapToDouble(Term::activation).sum();
var direction = used.stream().map(t -> sae.decoderRow(t.latent()).times(t.activation() / sum)).reduce(Vec::plus).orElseThrow();
double longer = direction.norm();                                                           // 1 for the vector
SaeEdit byLatents(double strength) {
    return new SaeEdit(sae, FeatureSpace.ofLatents(used, strength), sae.place(), Tokens.all());
}
quoted("latents used", 408, used.size());
quoted("length of the change, relative to the vector's", 1.39, longer, 5e-3);
show("cosine of the change and the vector: %.3f".formatted(direction.cosine(v)));

// %%
var plain = model.chat(my.question(), greedy(my.maxNewTokens()));
var row = List.of(new LogProbabilities.Row(plain.promptIds(), plain.ids()));
var cards = new ArrayList<Element.Card>();
void answer(String label, LanguageModel by) {
    var card = Element.Card.judged(label, by.chat(my.question(), greedy(my.maxNewTokens())).text(), my.marker());
    cards.add(new Element.Card(label, card.state(), card.tone(), card.text(),
            "KL %.2f".formatted(Divergence.between(by, model, row)[0])));
}
answer("unsteered", model);
answer("the vector", model.with(add(vector, c)));
answer("latents, as published", model.with(byLatents(c)));
answer("latents, 4/3 of it", model.with(byLatents(c * 4 / 3)));
answer("latents, at the vector's length", model.with(byLatents(c / longer)));
show(new Element.Texts(my.question(), cards, my.marker()));
quoted("the answer is the vector's", cards.get(1).text(), cards.get(4).text());

// %% [markdown]
// ## Along a text
//
// Cosines of unsteered activations with v, with its reconstruction r = dec(enc(v)), and with its error e = v − r, along a question
// and the steered answer. For every x, ‖v‖ cos(x, v) = ‖r‖ cos(x, r) + ‖e‖ cos(x, e). If ‖r‖ and ‖e‖ are nearly equal, as they
// must be for two vectors of length 6 that differ by one of length 1, cos(x, r) + cos(x, e) is 2‖v‖/(‖r‖ + ‖e‖) times cos(x, v).
// Published: correlation 0.987, slope 0.161, where 1/5.9 = 0.169 is predicted. Here: 0.973, slope 0.70, where 0.81 is predicted.

// %%
var asked = model.chatTokens(List.of(Message.user(my.study().sequence().question())));
var given = my.study().sequence().answer();                                                 // empty: the steered model's own
var reply = given.isEmpty() ? model.with(add(vector, c)).generate(asked, greedy(my.maxNewTokens())).ids()
        : model.tokenizer().encodeAsText(given);
var text = IntStream.concat(Arrays.stream(asked), Arrays.stream(reply)).toArray();
var pieces = Arrays.stream(text).mapToObj(id -> model.tokenizer().decode(new int[] {id}, false)).toList();
var h = model.activations(text, sae.place());
var r = sae.reconstruct(v);
var e = v.minus(r);
double[] along(Vec direction) {                                                             // NaN: the first token is unlike all others
    return IntStream.range(0, h.size()).mapToDouble(t -> t == 0 ? Double.NaN : h.get(t).cosine(direction)).toArray();
}
var cv = along(v); var cr = along(r); var ce = along(e);
var both = IntStream.range(0, h.size()).mapToDouble(t -> cr[t] + ce[t]).toArray();

// %%
var line = Statistics.line(cv, both);
check("largest deviation from ‖v‖ cos(x, v) = ‖r‖ cos(x, r) + ‖e‖ cos(x, e)", 0, IntStream.range(1, h.size())
        .mapToDouble(t -> Math.abs(cv[t] * v.norm() - cr[t] * r.norm() - ce[t] * e.norm())).max().orElseThrow(), 1e-4);
quoted("lengths of r and e", List.of("1.03", "1.43"), List.of("%.2f".formatted(r.norm()), "%.2f".formatted(e.norm())));
quoted("correlation of sum and vector", 0.973, line.correlation(), 5e-4);
quoted("slope", 0.702, line.slope(), 5e-4);
quoted("slope by arithmetic", 0.811, 2 * v.norm() / (r.norm() + e.norm()), 5e-4);
quoted("correlation of the parts", -0.514, Statistics.line(cr, ce).correlation(), 5e-4);
quoted("mean cosine before the answer", -0.115, Statistics.mean(Arrays.copyOf(cv, asked.length)), 5e-4);
quoted("mean cosine in the answer", 0.117, Statistics.mean(Arrays.copyOfRange(cv, asked.length, text.length)), 5e-4);
published("caa_steering_latents.sum_correlation", line.correlation());
published("caa_steering_latents.cosine_in_answer", Statistics.mean(Arrays.copyOfRange(cv, asked.length, text.length)));

// %%
show(new TwoAxisFigure("As published: two series, each on an axis of its own", "Axes fitted to each make what moves together look alike.",
        pieces, new TwoAxisFigure.Side("cosine with the vector", cv), new TwoAxisFigure.Side("cosine with r + cosine with e", both)));
show(new ScatterFigure("The sum follows from the vector", "One point a token; slope %.2f.".formatted(line.slope()),
        "cosine with the vector", "cosine with r + cosine with e", List.of(
                new ScatterFigure.Group("question", Arrays.copyOf(cv, asked.length), Arrays.copyOf(both, asked.length)),
                new ScatterFigure.Group("answer", Arrays.copyOfRange(cv, asked.length, text.length),
                        Arrays.copyOfRange(both, asked.length, text.length))), false));
var unit = e.unit();                                                                        // the error as a direction, encoded
quoted("latents of the error at length 1", 87, Term.of(sae.encode(unit)).size());
quoted("what decoding them leaves of it", 7.141, error(unit), 5e-3);
published("caa_steering_latents.error_direction_active_latents", Term.of(sae.encode(unit)).size());

// %% [markdown]
// ## Change me
//
// Another question, another strength, in activation norms; then run the cell again.

// %% tags=["change-me"]
var question = "What does the tailor do?";
double norms = 0.25;
var mine = Prompt.ofMessages(List.of(Message.user(question))).tokenized(model.text());
var before = model.activations(mine.ids(), sae.place());
var added = v.times(norms * vector.origin().meanActivationNorm());
var its = ReconstructionErrors.of(sae, before, before.stream().map(one -> one.plus(added)).toList());
strip("How steering changes each token's error", mine,
        log2(IntStream.range(0, its.tokens()).mapToDouble(its::ratio).toArray()), "log₂ of steered / unsteered error");

// %% [markdown]
// ## Exercise
//
// Is there a strength at which steering *lowers* the error on the user's words? Plot the mean ratio over them, for strengths from
// −0.5 to 0.5 activation norms.

// %% tags=["solution"]
var strengths = IntStream.rangeClosed(-5, 5).mapToDouble(n -> n / 10.0).toArray();
var ratios = Arrays.stream(strengths).map(s -> ReconstructionErrors.of(sae, x, x.stream()
        .map(one -> one.plus(v.times(s * vector.origin().meanActivationNorm()))).toList())
        .bySegment(prompt.roles()).get(Role.USER).ratio()).toArray();
show(new LineFigure("Steering raises the error on words, either way", "Mean ratio over the user's words.", "strength (activation norms)",
        new LineFigure.Scale("steered / unsteered error", false, Double.NaN, Double.NaN),
        List.of(new LineFigure.Series("user's words", strengths, ratios))));
quoted("least ratio at a strength other than 0", 1.35, IntStream.range(0, 11).filter(n -> n != 5).mapToDouble(n -> ratios[n]).min()
        .orElseThrow(), 5e-3);

// %% [markdown]
// ## Verdict
//
// In the original's own listing the errors change at the user's first word, not where the assistant speaks. Steering raises the
// error on words, 3.5 times here; the claim to the contrary rests on a running mean. That the sum of cosines copies the vector's
// follows from v = r + e. Differences of latents do show what a vector does, better over words than over the template; scaled to
// the vector's length they steer like the vector, and no better.
//
// Run the study: `pintle study caa-steering-latents` · Neighbours: [what a vector is made of](base.ipynb),
// [judge an autoencoder on words](steering-decoding-other-saes.ipynb) · [what the studies show](../docs/findings.md)
