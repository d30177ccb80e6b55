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
// # Bring your own model
//
// **Claim.** Nothing in steering is special to one model: any model of a supported family, with or without a chat template, gives
// a vector in one cell. What has to be found for each model is the layer and the strength.
//
// **You will see** a model loaded, its prompts as it reads them, a vector at every layer, which layer steers best and at which
// strength, and the vector saved under a name and read back.
//
// The cells run on parley-7m until you change the cell after the next one.

// %% tags=["setup"]
import dev.pintle.base.*;
import dev.pintle.evaluation.*;
import dev.pintle.figure.*;
import dev.pintle.library.*;
import dev.pintle.model.*;
import dev.pintle.report.*;
import dev.pintle.steering.*;
import dev.pintle.tensor.*;
import dev.pintle.text.*;
import dev.pintle.transformer.*;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;
import java.util.stream.*;
import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.notebook.Nb.*;
import static dev.pintle.steering.Add.add;

// %% [markdown]
// ## Change me: the model and the concept
//
// A folder in Hugging Face format, or a repository in the cache: `pintle pull Qwen/Qwen2.5-0.5B-Instruct` puts one there. Llama,
// Mistral, Qwen, Gemma, OLMo, Phi, SmolLM, Granite, GPT-NeoX and Pythia models load; others are refused with the reason. BF16
// halves the memory. The marker is a pattern that recognises the concept in an answer; pick words that only a steered model says.

// %% tags=["change-me"]
var name = settings().model();                                          // or "Qwen/Qwen2.5-0.5B-Instruct", "/models/mine"
var dtype = settings().dtype();                                         // or DType.BF16
var positive = settings().study().contrast().positive();
var neutral = settings().study().contrast().neutral();
var marker = settings().marker();                                       // new StyleMarker("gloomy", "", Pattern.compile("(?i)alas|sigh"))
var questions = settings().study().quality().questions().subList(0, 4);

// %%
var model = LanguageModel.load(name, Device.best(), dtype);
int layers = model.config().nLayers();
show("%s: family %s, %d blocks, dModel = %d, %s".formatted(
        name, model.config().family(), layers, model.config().dModel(), model.route()));
quoted("blocks", 8, layers);

// %% [markdown]
// ## What it reads
//
// The chat template is the model's own. Look at the prompts: if the system prompt is missing, or has ended up in the user's turn,
// you see it here rather than in a result that is hard to explain. For a model without a template: `ContrastPair.ofTexts(…, …)`.

// %%
var pair = ContrastPair.ofSystemPrompts(positive, neutral);
var tokens = pair.tokens(model.text());
show(tokens.positive().rendered());
show(tokens);
check("the prompts end alike", tokens.equalTail() > 0);

// %% [markdown]
// ## A vector at every layer, in one pass
//
// `VectorFit` reads each prompt once for all layers. The table shows how long an activation is at each layer (it grows along the
// residual stream, which is why strengths are in activation norms), and how well halves of the data agree.

// %%
var points = IntStream.range(0, layers).mapToObj(HookPoint::residPost).toList();
var fit = VectorFit.of(model, Contrast.afterLastDifference(pair)).at(points).run();
record Layer(int layer, double activationNorm, double differenceNorm, String splitHalfCosine) {}
table("By layer", points.stream().map(fit::at).map(v -> new Layer(v.at().layer(), v.origin().meanActivationNorm(),
        v.origin().measures().normBeforeScaling(), v.origin().measures().stability().text())).toList());
quoted("activation norm at layer 3", 10.88, fit.at(HookPoint.residPost(3)).origin().meanActivationNorm(), 5e-3);

// %% [markdown]
// ## Which layer
//
// The share of answers in style at one small strength, at which the layers differ.

// %%
record Serves(int layer, double inStyle, String answer) {}
var serves = new ArrayList<Serves>();
for (int layer = 0; layer < layers; layer++) {
    var steered = model.with(add(fit.at(HookPoint.residPost(layer)), Strength.norms(0.25)));
    var answers = questions.stream().map(question -> steered.chat(question, greedy(24)).text()).toList();
    double hits = answers.stream().filter(text -> marker.shows(text) && !Loops.in(text)).count();
    serves.add(new Serves(layer, hits / questions.size(), answers.get(0)));
    progress("layers", layer + 1, layers);
}
table("At strength 0.25", serves);

// %%
show(new BarFigure("Which layer steers", "share of answers in style at strength 0.25, by layer", "share of answers in style",
        serves.stream().map(one -> new BarFigure.Bar("layer " + one.layer(), one.inStyle())).toList()));
int best = serves.stream().max(Comparator.comparingDouble(Serves::inStyle)).orElseThrow().layer();
var vector = fit.at(HookPoint.residPost(best));
quoted("share in style at layer 3", 0.75, serves.get(Math.min(3, layers - 1)).inStyle(), 0);
show("best layer: " + best);

// %% [markdown]
// ## Which strength

// %%
var cards = new ArrayList<Element.Card>();
for (double strength : new double[] {0, 0.15, 0.3, 0.6, 1.2}) {
    var text = model.with(add(vector, Strength.norms(strength))).chat(questions.get(0), greedy(32)).text();
    cards.add(Element.Card.judged("%.2f".formatted(strength), text, marker));
}
show(new Element.Texts(questions.get(0), cards, marker));
quoted("unsteered is not in style", false, marker.shows(cards.get(0).text()));

// %% [markdown]
// ## Keep it
//
// A library keeps vectors by name, with the model, method and data that they came from; `pintle generate --vector mine` finds this
// one. Here the library is a folder for this notebook; `Library.open()` is yours.

// %%
var folder = Files.createTempDirectory("notebook-library");
try (var library = Library.open(folder)) {
    library.keep("mine", List.of(vector), true);
    var again = library.vector("mine");
    check("read back, the same direction to the bit", vector.hash().equals(again.hash()));
    check("and the same place", vector.at(), again.at());
}

// %% [markdown]
// ## Exercise
//
// Ablate the direction instead of adding it, in a model that is asked for the concept: `Ablate.ablate(…)`. Does it forget?

// %% tags=["solution"]
var asked = List.of(Message.system(positive), Message.user(questions.get(0)));
show("asked", model.chat(asked, greedy(32)));
show("asked, direction ablated", model.with(Ablate.ablate(vector)).chat(asked, greedy(32)));

// %% [markdown]
// ## Verdict
//
// The same cells work for any model; layer and strength are what to search for. `pintle tune` does this search over layers,
// methods and strengths, with confidence intervals.
//
// More: [steering](../docs/steering.md) · [models](../docs/models.md) · [the quick start](quick-start.ipynb) · with an autoencoder of
// the model: [base](base.ipynb)
