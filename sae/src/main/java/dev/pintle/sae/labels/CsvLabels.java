package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Reads labels from comma-separated values. */
final class CsvLabels {
    private static final CsvFactory CSV = CsvFactory.builder()
            .streamReadConstraints(LabelReader.CONSTRAINTS)
            .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
            .build();
    private static final int MOST_COLUMNS = 256;

    private final LabelReader.Sink sink;
    private int index;
    private int label = 1;

    CsvLabels(LabelReader.Sink sink) {
        this.sink = sink;
    }

    void read(RecentText text) throws IOException {
        int row = 0;
        int line = text.line();
        try (CsvParser parser = CSV.createParser(text.rest())) {
            parser.setSchema(CsvSchema.emptySchema());
            List<String> values = new ArrayList<>();
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.START_ARRAY) {
                    values.clear();
                    row++;
                } else if (token == JsonToken.END_ARRAY) {
                    row(values, row);
                } else if (values.size() < MOST_COLUMNS) {
                    values.add(parser.getText());
                }
            }
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place =
                    at == null || at.getLineNr() < 1 ? "after row " + row : "line " + (line + at.getLineNr() - 1);
            sink.damaged(place, "CSV with fields of at most 4 MiB", "a longer field; is a quotation mark not closed?");
        }
    }

    private void row(List<String> row, int number) {
        if (row.isEmpty()) {
            return;
        }
        if (number == 1 && LabelReader.index(row.get(0).strip()).isEmpty() && column(row, LabelReader.LABEL) >= 0) {
            index = Math.max(0, column(row, LabelReader.INDEX));
            label = column(row, LabelReader.LABEL);
            return;
        }
        OptionalInt latent =
                index < row.size() ? LabelReader.index(row.get(index).strip()) : OptionalInt.empty();
        if (latent.isEmpty() || label >= row.size()) {
            String found = String.join(",", row.subList(0, Math.min(8, row.size())));
            sink.unusable("line " + number, "index,label", LabelReader.shown(found));
        } else {
            sink.label(latent.getAsInt(), row.get(label));
        }
    }

    private static int column(List<String> row, List<String> names) {
        for (int i = 0; i < row.size(); i++) {
            if (names.contains(row.get(i).strip())) {
                return i;
            }
        }
        return -1;
    }
}
