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
// # Mean difference or principal component
//
// **The claim of the original notebook.** PCA of the differences finds the same steering vector as their mean: cosine 1.000, and
// the same text token for token.
//
// **What it should have computed.** PCA centres. Its reconstruction of row i is m + sᵢu, and the scores of centred rows sum to
// zero, so the mean of the reconstructions is the mean m, whatever the component u: an identity. A meaningful comparison needs the
// component itself.
//
// **You will see** the identity worked out by hand, to 10⁻⁷, the components beside the mean, and what each of them steers to.

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
// ## The differences
//
// Half the differences from the first differing token on: 17 rows. Their mean has the same direction as the mean over all 25
// positions, since the first 8 are zero.

// %%
var pair = my.pair();
var tokens = pair.tokens(model.text());
var positive = model.activations(tokens.positive().ids(), at);                                // [tokens] of [dModel]
var negative = model.activations(tokens.negative().ids(), at);
var rows = IntStream.range(tokens.firstDifference(), positive.size())
        .mapToObj(t -> positive.get(t).minus(negative.get(t)).times(0.5)).toList();
var m = rows.stream().reduce(Vec.zeros(sae.dModel()), Vec::plus).times(1.0 / rows.size());
var mean = SteeringVector.fit(model, at, Contrast.allPositions(pair));
quoted("rows", 17, rows.size());
check("cosine of the two means", 1, m.cosine(mean.direction()), 1e-6);

// %% [markdown]
// ## The identity, by hand
//
// Any direction u will do; here it is the difference of the first two rows. The scores of centred rows along it sum to zero, so
// the reconstructions m + sᵢu have mean m.

// %%
var u = rows.get(0).minus(rows.get(1)).unit();
double scores = rows.stream().mapToDouble(row -> row.minus(m).dot(u)).sum();
var reconstructed = rows.stream().map(row -> m.plus(u.times(row.minus(m).dot(u)))).reduce(Vec.zeros(sae.dModel()), Vec::plus)
        .times(1.0 / rows.size());
check("sum of the scores", 0, scores, 1e-4);
check("cosine of their mean reconstruction and the mean", 1, reconstructed.cosine(m), 1e-6);

// %% [markdown]
// ## As published
//
// The first component explains 42% of the variance (published: 33%); the vector from its reconstructions is the mean.

// %%
var pca = SteeringVector.fit(model, at, Contrast.firstDifference(pair).withAggregation(new Aggregation.PcaReconstructedMean()));
var comparison = VectorComparison.of(pca.direction(), mean.direction());
table("The two vectors", List.of(comparison));
check("cosine", 1, comparison.cosine(), 1e-9);
check("length of the difference", 0, comparison.euclidean(), 1e-5);
quoted("explained variance", 0.420, pca.origin().measures().explainedVariance(), 5e-4);
quoted("overlap of the 100 largest elements", 1.0, comparison.overlap(), 0);
published("caa_mean_vs_pca.explained_variance_ratio", pca.origin().measures().explainedVariance());
published("caa_mean_vs_pca.cosine", comparison.cosine());

// %%
double coefficient = my.strength().resolve(SteeringVector.fit(model, at, Contrast.afterLastDifference(pair))) * 11 / 12;
var byMean = model.with(add(mean, coefficient)).chat(my.question(), greedy(my.maxNewTokens()));
var byPca = model.with(add(pca, coefficient)).chat(my.question(), greedy(my.maxNewTokens()));
show("mean", byMean);
show("“PCA”", byPca);
check("the same text, token for token", Arrays.equals(byMean.ids(), byPca.ids()));

// %% [markdown]
// ## The components themselves
//
// Centred, the first component has cosine 0.42 with the mean; uncentred 0.63; paired (each row with its opposite) the same
// as uncentred. For one pair's 17 positions they steer into loops; for the last positions of 60 pairs, whose differences
// agree, they have cosines of 0.97 and 0.99 and steer well.

// %%
record Component(String data, String aggregation, double explained, double cosineWithMean, String answer) {}
var components = new ArrayList<Component>();
List<Aggregation> kinds = List.of(new Aggregation.FirstPrincipalComponent(), new Aggregation.UncentredFirstComponent(), new Aggregation.PairedPca());
var many = Contrast.lastPosition(my.prefixPairs(my.question())).withLengths(Contrast.Lengths.AS_READ);
for (var data : List.of(Contrast.firstDifference(pair), many)) {
    var centre = SteeringVector.fit(model, at, data);
    for (var kind : kinds) {
        var w = SteeringVector.fit(model, at, data.withAggregation(kind));
        components.add(new Component(data == many ? "prefix pairs" : "this pair", kind.name(), w.origin().measures().explainedVariance(),
                w.cosine(centre), model.with(add(w, coefficient)).chat(my.question(), greedy(my.maxNewTokens())).text()));
    }
}
table("Components", components);

// %%
quoted("cosine, centred, this pair", 0.417, components.get(0).cosineWithMean(), 5e-4);
quoted("cosine, uncentred, this pair", 0.635, components.get(1).cosineWithMean(), 5e-4);
quoted("cosine, paired, this pair", 0.635, components.get(2).cosineWithMean(), 5e-4);
quoted("cosine, centred, prefix pairs", 0.973, components.get(3).cosineWithMean(), 5e-4);
quoted("cosine, uncentred, prefix pairs", 0.993, components.get(4).cosineWithMean(), 5e-4);
quoted("loops", List.of(true, true, true, false, false, false), components.stream().map(c -> Loops.in(c.answer())).toList());

// %% [markdown]
// ## Both axes
//
// Each row by its projections on the mean and on the centred component. The rows spread along the component because positions
// differ in kind, not because they agree on the concept.

// %%
var axis = SteeringVector.fit(model, at, Contrast.firstDifference(pair).withAggregation(kinds.get(0)));
double[] x = rows.stream().mapToDouble(row -> row.dot(mean.direction())).toArray();
double[] y = rows.stream().mapToDouble(row -> row.dot(axis.direction())).toArray();
int inside = positive.size() - tokens.equalTail() - tokens.firstDifference();
show(new ScatterFigure("Differences by position", "projections of each position's difference", "on the mean", "on the centred component",
        List.of(new ScatterFigure.Group("inside the prompts", Arrays.copyOf(x, inside), Arrays.copyOf(y, inside)),
                new ScatterFigure.Group("after the last difference", Arrays.copyOfRange(x, inside, x.length),
                        Arrays.copyOfRange(y, inside, y.length))), false));

// %% [markdown]
// ## Change me

// %% tags=["change-me"]
var style = "chef";
var other = my.model().equals("parley-7m") ? my.withStyle(style) : my;
var otherMean = SteeringVector.fit(model, at, Contrast.firstDifference(other.pair()));
var otherAxis = SteeringVector.fit(model, at, Contrast.firstDifference(other.pair()).withAggregation(kinds.get(0)));
show("%s: cosine of component and mean %.3f".formatted(style, otherMean.cosine(otherAxis)));

// %% [markdown]
// ## Exercise
//
// The identity needs centring. Reconstruct the rows from the *uncentred* component, uᵢ(dᵢ·u), and take the mean: which vector is it?

// %% tags=["solution"]
var w = SteeringVector.fit(model, at, Contrast.firstDifference(pair).withAggregation(kinds.get(1))).direction();
var back = rows.stream().map(row -> w.times(row.dot(w))).reduce(Vec.zeros(sae.dModel()), Vec::plus);
check("it is the component itself", 1, Math.abs(back.cosine(w)), 1e-6);

// %% [markdown]
// ## Verdict

// %%
show(new Element.Claims(List.of(new Element.Claim(
        "PCA gives the same vector as the mean", "cosine 1.000", Words.number(comparison.cosine()),
        Words.number(components.get(0).cosineWithMean()) + " for the component itself", Verdict.BY_CONSTRUCTION,
        "the mean of rows rebuilt from a centred component is their mean"))));

// %% [markdown]
// The study behind it: `pintle study caa-mean-vs-pca` · [finding 1](../docs/findings.md) · next:
// [caa-via-sae-steering](caa-via-sae-steering.ipynb)
