package dev.pintle.sae.labels;

import dev.pintle.base.Problem;
import dev.pintle.web.BoundedHttp;
import dev.pintle.web.Reply;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Neuronpedia's public export: {@code v1/{model}/{source}/explanations/batch-N.jsonl.gz} in a bucket that is listed
 * with S3's ListObjectsV2, a thousand keys per page.
 *
 * @param bucket base address
 */
record NeuronpediaExport(String model, String source, URI bucket) implements LabelSource.Wholesale {
    private static final int MOST_PAGES = 100;
    private static final BoundedHttp.Limits LISTING = new BoundedHttp.Limits(Duration.ofSeconds(30), 2 << 20);

    @Override
    public String name() {
        return "neuronpedia-export:" + model + "/" + source;
    }

    @Override
    public Parts parts() {
        Set<URI> files = new LinkedHashSet<>();
        String continued = "";
        Set<String> seen = new HashSet<>();
        for (int page = 0; page < MOST_PAGES; page++) {
            URI uri = URI.create(bucket + "/?list-type=2&prefix=" + encoded(folder())
                    + (continued.isEmpty() ? "" : "&continuation-token=" + encoded(continued)));
            Reply reply = Asking.HTTP.get(uri, Map.of(), LISTING);
            if (!(reply instanceof Reply.Answer answer) || !answer.isOk()) {
                return Parts.none(problem(
                        reply instanceof Reply.Answer answer
                                ? "status " + answer.status()
                                : ((Reply.Failure) reply).why()));
            }
            Optional<Document> listing = parse(answer.body());
            if (listing.isEmpty()) {
                return Parts.none(problem("something that is not a listing"));
            }
            for (String key : texts(listing.get(), "Key")) {
                if (key.startsWith(folder()) && key.matches(".*/batch-\\d{1,9}\\.jsonl\\.gz")) {
                    files.add(URI.create(
                            bucket + "/" + encoded(key).replace("%2F", "/").replace("+", "%20")));
                }
            }
            List<String> next = texts(listing.get(), "NextContinuationToken");
            if (next.isEmpty() || next.get(0).isEmpty()) {
                boolean cut = texts(listing.get(), "IsTruncated").contains("true");
                return cut || files.isEmpty()
                        ? Parts.none(problem(cut ? "a truncated listing" : "no files")
                                .fact("folder", folder()))
                        : new Parts(List.copyOf(files), Optional.empty());
            }
            if (!seen.add(next.get(0)) || next.get(0).length() > 4_000) {
                return Parts.none(problem("a listing that never ends"));
            }
            continued = next.get(0);
        }
        return Parts.none(problem("a listing of more than " + MOST_PAGES + " pages"));
    }

    private String folder() {
        return "v1/" + model + "/" + source + "/explanations/";
    }

    private Problem problem(String found) {
        return Problem.of("The source of labels cannot be used.")
                .fact("source", bucket)
                .fact("expected", "a listing of batches")
                .fact("but was", found);
    }

    private static Optional<Document> parse(byte[] xml) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null); // the default one prints to standard error
            return Optional.of(builder.parse(new ByteArrayInputStream(xml)));
        } catch (SAXException | IOException | ParserConfigurationException e) {
            return Optional.empty();
        }
    }

    private static List<String> texts(Document document, String tag) {
        NodeList nodes = document.getElementsByTagName(tag);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            texts.add(nodes.item(i).getTextContent());
        }
        return texts;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
