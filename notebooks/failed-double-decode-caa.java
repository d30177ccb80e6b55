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
// # Decode, encode again: the encoder is not the decoder's inverse
//
// **The original notebook** raised one latent by 8, decoded, encoded again, and found 40 latents changed. It added all those changes
// as a set of latents, saw its own latent move by −2.03 instead of +8, ended in an error, and drew no conclusion.
//
// **What it should have computed.** Adding s to latent j adds s·dⱼ to the activation (dⱼ is row j of the decoder), and a latent i that
// is active answers with s·(wᵢ·dⱼ), where wᵢ is its row of the encoder. Only if wᵢ·dⱼ were 1 for i = j and 0 otherwise would the
// round trip give back what was put in. And adding changes *divided by their sum* adds 8 to all of them together, not to each.
//
// **You will see** the experiment step by step, every answer predicted from the weights, the matrix that would have to be the identity,
// and what happens to a steering vector, and to an activation, that makes the round trip again and again.

// %% tags=["setup"]
import dev.pintle.figure.*;
import dev.pintle.model.*;
import dev.pintle.sae.*;
import dev.pintle.steering.*;
import dev.pintle.tensor.*;
import dev.pintle.text.*;
import java.util.*;
import java.util.stream.*;
import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.notebook.Nb.*;

// %% [markdown]
// `settings()` is parley-7m, its autoencoder of the residual stream after block 3, and pirate style. With
// `PINTLE_NOTEBOOK=llama-3.1-8b` in the environment, it is the original's model and autoencoder.
//
// The latent is the one, of those whose label names the concept, whose decoder row is closest to the vector that steers. That is
// 146, *conversation held in pirate style*. (The original's, 58644, was looked up by its label.)

// %%
var my = settings();
var model = LanguageModel.load(my.model(), Device.best(), my.dtype());
var sae = SparseAutoencoder.load(my.autoencoder(), model.device(), DType.FP32);
var labels = my.latentLabels();
show("%s at %s: dModel = %d, dSae = %d".formatted(sae.name(), sae.place(), sae.dModel(), sae.dSae()));
var vector = SteeringVector.fit(model, sae.place(), Contrast.afterLastDifference(my.pair()));
int named = my.study().steering().targetLatent();
int j = named >= 0 ? named : sae.decompose(vector, Decompose.nearestDecoder(100)).terms().stream()
        .filter(term -> term.activation() > 0 && labels.labelOrAbsence(term.latent()).contains(my.concept()))
        .findFirst().orElseThrow().latent();
show("latent %d: %s".formatted(j, labels.labelOrAbsence(j)));
quoted("latent", 146, j);

// %% [markdown]
// ## Raise it by 8
//
// At the last token of the question, x is the activation, f = enc(x), and e = x − dec(f) is what the autoencoder leaves out. The
// changed activation is y = dec(f + 8·1ⱼ) + e. The error term is kept, so y is x + 8·dⱼ and nothing else.

// %%
double amount = my.study().steering().latentAmount() * 2 / 3;                     // 8
var ids = model.chatTokens(List.of(Message.user(my.question())));
var x = model.activations(ids, sae.place()).get(ids.length - 1);                   // [dModel]
var f = sae.encode(x);                                                             // [dSae]
var e = x.minus(sae.decode(f));                                                    // [dModel]
var raised = f.toArray();
raised[j] += (float) amount;
var y = sae.decode(Vec.of(raised)).plus(e);                                        // [dModel]
check("length of y − (x + 8·dⱼ), relative to x", 0,
        y.minus(x.plus(sae.decoderRow(j).times(amount))).norm() / x.norm(), 1e-5);
quoted("amount", 8.0, amount);
quoted("latent j before", 0.0, f.get(j), 0);

// %% [markdown]
// ## Encode again
//
// The latent itself changes by 8.00, as if the encoder had given back what was put in, and 119 others change too.

// %%
var change = sae.encode(y).minus(f);                                               // [dSae]
var changes = Term.of(change);
latents("The ten largest changes", changes.subList(0, Math.min(10, changes.size())), labels);
quoted("change of latent j", 7.998, change.get(j), 5e-4);
quoted("latents that change", 120, changes.size());
published("failed_double_decode_caa.changed_latents", changes.size());

// %% [markdown]
// ## Why: the answer of every latent, from the weights
//
// A latent that is active before and after changes by 8·(wᵢ·dⱼ), exactly. One that is switched on or off changes by less, since it
// first has to get over its threshold, or stops at 0: 115 of the 120. Latent j is one of these: the product of its own rows gives
// 8.74, and it started 0.75 below its threshold. That the difference is 8.00 is a coincidence.

// %%
var row = sae.decoderRow(j);
var predicted = IntStream.range(0, sae.dSae()).mapToDouble(i -> amount * sae.encoderRow(i).dot(row)).toArray();
var after = f.plus(change);
var both = IntStream.range(0, sae.dSae()).filter(i -> f.get(i) > 0 && after.get(i) > 0).toArray();
var switched = changes.stream().mapToInt(Term::latent).filter(i -> f.get(i) == 0 || after.get(i) == 0).toArray();
check("largest deviation of a latent that stays active", 0,
        Arrays.stream(both).mapToDouble(i -> Math.abs(change.get(i) - predicted[i])).max().orElse(0), 1e-3 * amount);
check("a switched latent changes by less than predicted",
        Arrays.stream(switched).allMatch(i -> Math.abs(change.get(i)) <= Math.abs(predicted[i]) + 1e-3));
quoted("predicted for latent j", 8.744, predicted[j], 5e-4);
quoted("below its threshold by", 0.746, predicted[j] - change.get(j), 5e-4);
quoted("latents that stay active, that are switched", List.of(5, 115), List.of(both.length, switched.length));

// %%
ScatterFigure.Group group(String name, int[] latents) {
    return new ScatterFigure.Group(name, Arrays.stream(latents).mapToDouble(i -> predicted[i]).toArray(),
            Arrays.stream(latents).mapToDouble(change::get).toArray(), IntStream.range(0, latents.length)
                    .filter(n -> latents[n] == j).mapToObj(n -> new ScatterFigure.PointLabel(n, "latent " + j)).toList());
}
show(new ScatterFigure("The encoder's answer is its own product with the decoder row",
        "One point a latent; on the dashed line the change is as predicted.",
        "8 · (encoder row · decoder row of latent " + j + ")", "change of the latent's activation",
        List.of(group("active before and after", both), group("switched on or off", switched)), true));

// %% [markdown]
// ## The matrix that would have to be the identity
//
// wᵢ·dⱼ for the twelve latents that answered most. For an inverse of the decoder it would be 1 on the diagonal and 0 elsewhere.
// Here the diagonal is 1.20 on average, and the entries off it, mostly positive in row 146, are why other latents change with it.

// %%
var some = changes.stream().limit(12).mapToInt(Term::latent).toArray();
var responses = new double[some.length][some.length];                             // [raised, read]
for (int r = 0; r < some.length; r++) {
    for (int c = 0; c < some.length; c++) {
        responses[r][c] = sae.encoderRow(some[c]).dot(sae.decoderRow(some[r]));
    }
}
show(new HeatMap("What each of twelve latents answers to raising another by 1", "Encoder row times decoder row.",
        "latent that answers", Arrays.stream(some).mapToObj(String::valueOf).toList(), "latent that is raised", some, responses,
        "change per unit"));
quoted("diagonal, mean", 1.20, IntStream.range(0, some.length).mapToDouble(n -> responses[n][n]).average().orElseThrow(), 5e-3);

// %% [markdown]
// ## As published: steer by all that changed
//
// The changes c are added as a set of latents: f + 8·c/Σc. The sum is over all of them, with signs: 57.17. So latent j gets 1.12 of
// the 8, its neighbours the rest; it moves by 1.48, and 47 latents change. (The published −2.03 needs a sum below 0.)
//
// Does the model notice when the latent is raised? `edit` changes it during the forward pass. Raised at the last token alone, it
// leaves the next token at "I".

// %%
double sum = changes.stream().mapToDouble(Term::activation).sum();
var y2 = sae.decode(f.plus(change.times(amount / sum))).plus(e);
var change2 = sae.encode(y2).minus(f);
quoted("sum of the changes", 57.17, sum, 5e-3);
quoted("added to latent j", 1.12, amount * change.get(j) / sum, 5e-3);
quoted("change of latent j", 1.480, change2.get(j), 5e-4);
quoted("latents that change", 47, Term.of(change2).size());
published("failed_double_decode_caa.second_change", change2.get(j));

// %%
var here = SaeEdit.edit(sae, List.of(LatentChange.add(j, amount)), Tokens.from(ids.length - 1));
var next = model.generate(ids, greedy(1)).text();
var nextRaised = model.with(here).generate(ids, greedy(1)).text();
show("next token: “%s”, with the latent raised: “%s”".formatted(next, nextRaised));
quoted("next tokens", List.of("I", "I"), List.of(next, nextRaised));

// %% [markdown]
// ## Round trips of a vector, and of words
//
// The steering vector at the length of an activation, and, as a control, the activations of the question's words, through encoder and
// decoder again and again. Words drift: 24% after one round trip, 34% after two, 59% after four. The vector, which is not an activation,
// runs away: 252% after one and 1,280% after two, with 206 latents active in one of the two encodings and not in the other.

// %%
var asked = Prompt.ofMessages(List.of(Message.user(my.question()))).tokenized(model.text());
var all = model.activations(asked.ids(), sae.place());
var words = IntStream.range(0, asked.length()).filter(t -> asked.role(t) == Role.USER).mapToObj(all::get).toList();
double[] away(List<Vec> from) {                                                    // mean ‖x − xₙ‖ / ‖x‖, n = 0 … 8
    var now = new ArrayList<>(from);
    return IntStream.rangeClosed(0, 8).mapToDouble(n -> {
        if (n > 0) now.replaceAll(sae::reconstruct);
        return IntStream.range(0, from.size()).mapToDouble(i -> from.get(i).minus(now.get(i)).norm() / from.get(i).norm())
                .average().orElseThrow();
    }).toArray();
}
var scaled = vector.direction().times(vector.origin().meanActivationNorm());
var ofVector = away(List.of(scaled));
var ofWords = away(words);

// %%
var twice = DoubleDecode.of(sae, scaled);
check("by the library", twice.fromStartRelativeError(), ofVector[2], 1e-3 * ofVector[2]);
quoted("vector, once", 2.516, ofVector[1], 5e-4);
quoted("vector, twice", 12.80, ofVector[2], 5e-3);
quoted("latents active in one encoding only", 206, twice.changedLatents());
quoted("words, once, twice, four times", List.of("24%", "34%", "59%"), IntStream.of(1, 2, 4)
        .mapToObj(n -> "%.0f%%".formatted(100 * ofWords[n])).toList());
var trips = IntStream.rangeClosed(1, 8).asDoubleStream().toArray();
show(new LineFigure("Round trips carry a vector away", "Relative distance from the start.", "round trips",
        LineFigure.Scale.logarithmic("‖x − xₙ‖ / ‖x‖, log scale"), List.of(
                new LineFigure.Series("steering vector", trips, Arrays.copyOfRange(ofVector, 1, 9)),
                new LineFigure.Series("the question's words, mean", trips, Arrays.copyOfRange(ofWords, 1, 9)))));

// %% [markdown]
// ## Change me
//
// Another latent, another amount, also below 0; then run the cell again.

// %% tags=["change-me"]
int other = 691;
double by = 4;
var moved = sae.encode(x.plus(sae.decoderRow(other).times(by))).minus(f);
latents("After latent %d was raised by %.1f".formatted(other, by), Term.of(moved).subList(0, 5), labels);

// %% [markdown]
// ## Exercise
//
// Choose the amount so that the latent itself changes by 8.000 after the round trip. How many others change then?

// %% tags=["solution"]
double product = sae.encoderRow(j).dot(sae.decoderRow(j));
double exact = (amount + predicted[j] - change.get(j)) / product;
var result = sae.encode(x.plus(sae.decoderRow(j).times(exact))).minus(f);
quoted("amount", 8.002, exact, 5e-4);
quoted("change of latent j", amount, result.get(j), 1e-3);
show((Term.of(result).size() - 1) + " others change");

// %% [markdown]
// ## Verdict
//
// The round trip fails by construction: an encoder's rows are trained to detect, a decoder's to write, and the matrix wᵢ·dⱼ is not
// the identity. What changes can be read off the weights. To steer with a latent, add its decoder row; no encoding is needed.
//
// Run the study: `pintle study failed-double-decode-caa` · Next: [a vector out of one latent](caa-via-sae-steering.ipynb),
// [what steering does to the latents](caa-steering-latents.ipynb) · [what the studies show](../docs/findings.md)
