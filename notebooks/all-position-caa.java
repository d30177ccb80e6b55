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
// # All positions of one pair, or the last of many
//
// **The claim of the original notebook.** The mean difference over all positions of a single pair of prompts is as good a steering
// vector as the field's usual one, the mean over the last positions of many pairs with answer prefixes; the two are similar
// (cosine of their encodings 0.797).
//
// **What it should have computed.** Positions before the first difference add zeros, and positions inside the two system prompts
// compare unrelated tokens. The baseline read another user turn, and its positive prompt was a Python tuple. And two vectors
// should be compared at equal cost, over many questions, not by eye at one strength.
//
// **You will see** the vectors and a handicapped baseline, cosines position by position, and style against cost.

// %% tags=["setup"]
import dev.pintle.evaluation.*;
import dev.pintle.figure.*;
import dev.pintle.model.*;
import dev.pintle.report.*;
import dev.pintle.sae.*;
import dev.pintle.steering.*;
import dev.pintle.tensor.*;
import dev.pintle.text.*;
import dev.pintle.transformer.*;
import java.util.*;
import java.util.stream.*;
import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.notebook.Nb.*;
import static dev.pintle.steering.Add.add;

// %% [markdown]
// `settings()` is parley-7m, the model that is part of Pintle, its autoencoder of the residual stream after block 3, and pirate
// style. With `PINTLE_NOTEBOOK=llama-3.1-8b` in the environment, it is the original's model and autoencoder (bfloat16, 16 GB), and
// the published values are shown alongside with their band.

// %%
var my = settings();
var model = LanguageModel.load(my.model(), Device.best(), my.dtype());
var sae = SparseAutoencoder.load(my.autoencoder(), model.device(), DType.FP32);
var labels = my.latentLabels();
var at = sae.place();                                                   // where it reads, and where vectors are fitted
show("%s and %s at %s: dModel = %d, dSae = %d".formatted(my.model(), sae.name(), at, sae.dModel(), sae.dSae()));

// %% [markdown]
// ## Three vectors and the baseline as published
//
// `tuple` is the last-position vector with the original's slip: the template rendered `('The assistant should talk like a
// pirate.',)`.

// %%
var pair = my.pair();
var all = SteeringVector.fit(model, at, Contrast.allPositions(pair));
var last = SteeringVector.fit(model, at, Contrast.lastPosition(my.prefixPairs(my.question())));
var matched = SteeringVector.fit(model, at, Contrast.lastPosition(my.prefixPairs(my.study().contrast().user())));
var tuple = SteeringVector.fit(model, at, Contrast.lastPosition(
        my.prefixPairs("('" + my.study().contrast().positive() + "',)", my.question())));
var after = SteeringVector.fit(model, at, Contrast.afterLastDifference(pair));
record Cosines(String vector, double all, double last, double after, String splitHalfCosine) {}
table("Cosines", Stream.of(all, last, matched, tuple, after).map(w -> new Cosines(w == tuple ? "as a tuple" : w == matched
        ? "last, matched user turn" : w.origin().method().name(), w.cosine(all), w.cosine(last), w.cosine(after),
        w.origin().measures().stability().text())).toList());
quoted("cosine, all positions and last positions", 0.679, all.cosine(last), 5e-4);

// %% [markdown]
// How well halves of the data agree (cosine): 0.46 for all positions of the pair, 0.79 after the last difference, 0.963 for 60
// pairs. At length 1 no vector activates a latent and the decoder's bias is all that comes back, so the published "cosine of the
// encodings" is not even defined here.

// %%
quoted("halves, all positions", 0.459, all.origin().measures().stability().splitHalfCosine(), 5e-4);
quoted("halves, after the last difference", 0.790, after.origin().measures().stability().splitHalfCosine(), 5e-4);
quoted("halves, last positions", 0.963, last.origin().measures().stability().splitHalfCosine(), 5e-4);
quoted("error, all positions", 1.438, sae.decompose(all, Decompose.encode()).relativeError(), 5e-4);
quoted("error, last positions", 1.470, sae.decompose(last, Decompose.encode()).relativeError(), 5e-4);
published("all_position_caa.prefix_error_percent", 100 * sae.decompose(last, Decompose.encode()).relativeError());
var f = sae.encode(all.direction());                                                          // [dSae]
var g = sae.encode(last.direction());
double latentCosine = f.norm() == 0 || g.norm() == 0 ? Double.NaN : f.cosine(g);
quoted("cosine of the encodings", Double.NaN, latentCosine, 0);
published("all_position_caa.latent_cosine_between", latentCosine);

// %%
double norm = all.origin().meanActivationNorm();
var fScaled = sae.encode(all.direction().times(norm));
var gScaled = sae.encode(last.direction().times(norm));
quoted("cosine of the encodings at an activation's length", 0.635, fScaled.cosine(gScaled), 5e-4);
quoted("latents in which they differ", 363.0, Term.of(fScaled.minus(gScaled)).size(), 0);
latents("Largest differences, all − last", Term.of(fScaled.minus(gScaled)).subList(0, 8), labels);

// %% [markdown]
// ## Position by position
//
// The difference at each position, and its cosine with the last-position vector. Before the first difference it is zero; inside
// the system prompts it compares unrelated words; after the last difference the positions agree.

// %%
var tokens = pair.tokens(model.text());
var positive = model.activations(tokens.positive().ids(), at);                                // [tokens] of [dModel]
var negative = model.activations(tokens.negative().ids(), at);
var cosines = new double[positive.size()];
for (int t = 0; t < cosines.length; t++) {
    var d = positive.get(t).minus(negative.get(t));
    cosines[t] = d.norm() < 1e-3 ? Double.NaN : d.cosine(last.direction());
}
strip("Cosine of each position's direction with the last-position vector", tokens.positive(), cosines, "cosine");
int tail = cosines.length - tokens.equalTail();
double inside = Arrays.stream(cosines, tokens.firstDifference(), tail).average().orElseThrow();
double behind = Arrays.stream(cosines, tail, cosines.length).average().orElseThrow();
quoted("mean cosine inside the prompts", 0.14, inside, 5e-3);
quoted("mean cosine after the last difference", 0.50, behind, 5e-3);
check("positions before the first difference are zero", Arrays.stream(cosines, 0, tokens.firstDifference()).allMatch(Double::isNaN));

// %% [markdown]
// ## As published: one question, one strength
//
// At 0.417 activation norms (the original added this vector at 10, others at 12), the all-positions vector does nothing here; the
// other two steer.

// %%
double coefficient = my.strength().resolve(after) * 10 / 12;
var cards = new ArrayList<Element.Card>();
cards.add(Element.Card.judged("unsteered", model.chat(my.question(), greedy(my.maxNewTokens())).text(), my.marker()));
for (var one : List.of(all, last, after)) {
    var text = model.with(add(one, coefficient)).chat(my.question(), greedy(my.maxNewTokens())).text();
    cards.add(Element.Card.judged(one.origin().method().name(), text, my.marker()));
}
show(new Element.Texts(my.question(), cards, my.marker()));
quoted("in style", List.of(false, false, true, true), cards.stream().map(card -> my.marker().shows(card.text())).toList());

// %% [markdown]
// ## At equal cost, over many questions

// %%
var sweep = new Sweep(model, my.study().quality().questions().subList(0, 4), new Concept.Marked(my.marker()), my.maxNewTokens());
var result = sweep.run(
        List.of(new Candidate("all-positions", all), new Candidate("last-position", last), new Candidate("after-last-difference", after)),
        Stream.of(0.3, 0.6).map(Strength::norms).toList(),
        (done, total) -> { progress("strengths", done, total); return true; });
show(result);
var series = result.curves().stream().filter(curve -> !curve.method().isEmpty()).map(curve -> new LineFigure.Series(
        curve.method(),
        curve.points().stream().mapToDouble(SweepPoint::meanDivergence).toArray(),
        curve.points().stream().mapToDouble(SweepPoint::meanFluentConcept).toArray())).toList();
show(new LineFigure("Style against cost", "share of answers in style by KL divergence from the unsteered model",
        "KL, nats per token", LineFigure.Scale.share("share of answers in style"), series));

// %%
double afterAt03 = result.points().stream().filter(p -> p.method().startsWith("after") && p.strength() == 0.3)
        .mapToDouble(SweepPoint::meanFluentConcept).findFirst().orElseThrow();
double allAt03 = result.points().stream().filter(p -> p.method().startsWith("all") && p.strength() == 0.3)
        .mapToDouble(SweepPoint::meanFluentConcept).findFirst().orElseThrow();
quoted("in style at 0.30, after the last difference", 1.0, afterAt03, 0);
quoted("in style at 0.30, all positions", 0.25, allAt03, 0);

// %% [markdown]
// ## Change me

// %% tags=["change-me"]
var positions = Positions.last();                                       // or Positions.all(), Positions.afterLastDifference()
var mine = SteeringVector.fit(model, at, Contrast.contrast(List.of(pair), positions));
show("cosine with the last positions of 60 pairs: %.3f".formatted(mine.cosine(last)));
show(positions.name(), model.with(add(mine, coefficient)).chat(my.question(), greedy(my.maxNewTokens())));

// %% [markdown]
// ## Exercise
//
// How many pairs does the last-position vector need? Fit it on the first 1, 4 and 16 pairs, and compare each with the vector of
// all 60.

// %% tags=["solution"]
var pairs = my.prefixPairs(my.question());
for (int n : new int[] {1, 4, 16}) {
    var few = SteeringVector.fit(model, at, Contrast.lastPosition(pairs.subList(0, n)));
    show("%d pairs: cosine %.3f".formatted(n, few.cosine(last)));
}
check("all pairs", 1, SteeringVector.fit(model, at, Contrast.lastPosition(pairs)).cosine(last), 1e-6);

// %% [markdown]
// ## Verdict

// %%
show(new Element.Claims(List.of(new Element.Claim(
        "All positions of one pair are as good as the last positions of many", "cosine 0.797 of the encodings",
        "not defined: no latent is active", Words.number(all.cosine(last)) + " in the residual stream", Verdict.IN_PART,
        "what helps are the positions after the last difference; those alone steer at less cost"))));

// %% [markdown]
// The study behind it: `pintle study all-position-caa` · [finding 3](../docs/findings.md) · next:
// [caa-mean-vs-pca](caa-mean-vs-pca.ipynb)
